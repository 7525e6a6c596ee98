// Package image builds the container image of the Dockerfile and runs it with
// the privileges that the manual asks for, and with less.
//
// It needs root, podman, and debootstrap for a base image, since no registry
// need be reached. It takes minutes.
package image

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/machine"
)

const suite = "trixie" // the Dockerfile's own base

// base is the base image, which knows this machine's way to the network.
const base, image = "localhost/cap-audit-base:" + suite, "localhost/cap-audit-image-test"

// podman runs in a store of its own: it goes with all other temporary files.
func podman(words ...string) *exec.Cmd {
	store := filepath.Join(os.TempDir(), "podman")
	return exec.Command("podman", append([]string{"--root", filepath.Join(store, "graph"), "--runroot",
		filepath.Join(store, "run")}, words...)...)
}

// privileges are those of the manual.
var (
	profile    = []string{"--security-opt", "seccomp=../../packaging/container/seccomp.json"}
	privileges = slices.Concat([]string{"--cap-drop=ALL", "--cap-add=BPF", "--cap-add=PERFMON"}, profile)
)

func TestMain(m *testing.M) {
	machine.Supervise()
	os.Exit(m.Run())
}

// build makes the base image, and the image from it.
func build() error {
	archive, load := exec.Command("./base", suite), podman("import", "--quiet", "-", base)
	var err error
	if load.Stdin, err = archive.StdoutPipe(); err != nil {
		return err
	}
	var said bytes.Buffer
	archive.Stderr, load.Stderr = &said, &said
	if err := archive.Start(); err != nil {
		return err
	}
	loaded := load.Run()
	if err := archive.Wait(); err != nil || loaded != nil {
		return fmt.Errorf("%v: %v, podman import: %v: %s", archive.Args, err, loaded, &said)
	}
	words := []string{"build", "--isolation", "chroot", "--network", "host", "--quiet", "--tag", image,
		"--build-arg", "BASE=" + base}
	// where this machine gets Go's modules
	for _, variable := range []string{"GOPROXY", "GOSUMDB"} {
		value, err := exec.Command("go", "env", variable).Output()
		if err != nil {
			return err
		}
		words = append(words, "--build-arg", variable+"="+strings.TrimSpace(string(value)))
	}
	out, err := podman(append(words, "../..")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("podman build: %w: %s", err, out)
	}
	return nil
}

func TestLongImage(t *testing.T) {
	machine.Containers(t)
	machine.Root(t)
	machine.Program(t, "podman")
	machine.Program(t, "debootstrap")
	if err := build(); err != nil {
		t.Fatal(err)
	}
	t.Run("audit inside", testAuditInside)
	t.Run("privileges", testPrivileges)
	t.Run("audit outside", testAuditOutside)
	t.Run("contents", testContents)
}

// run runs the image with flags of podman run.
func run(t *testing.T, flags []string, words ...string) (stdout, stderr string, status int) {
	t.Helper()
	return watch(t, func(string) {}, flags, words...)
}

// watch does the same, and calls seen for each line of standard error as it
// comes.
func watch(t *testing.T, seen func(string), flags []string, words ...string) (stdout, stderr string,
	status int) {
	t.Helper()
	line := slices.Concat([]string{"run", "--rm", "--runtime", "runc", "--network", "none",
		"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"}, flags, []string{image}, words)
	cmd := podman(line...)
	var out, said bytes.Buffer
	cmd.Stdout = &out
	lines, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		fmt.Fprintln(&said, scanner.Text())
		seen(scanner.Text())
	}
	cmd.Wait()
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// document is what these tests read of a report.
type document struct {
	Application struct {
		PID  int
		Comm string
	}
	Required []struct {
		Name   string
		Checks struct{ Granted, Denied int }
	} `json:"required_capabilities"`
	Denied []struct {
		Name   string
		Checks int `json:"not_granted_checks"`
	} `json:"denied_capabilities"`
	Complete bool
}

// audit runs an audit that has to succeed.
func audit(t *testing.T, flags []string, seen func(string), words ...string) (d document, granted,
	refused map[string]int) {
	t.Helper()
	stdout, stderr, status := watch(t, seen, flags, append([]string{"--json"}, words...)...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if !d.Complete {
		t.Errorf("not complete: %s", stdout)
	}
	granted, refused = map[string]int{}, map[string]int{}
	for _, c := range d.Required {
		granted[c.Name] = c.Checks.Granted
	}
	for _, c := range d.Denied {
		refused[c.Name] = c.Checks
	}
	return d, granted, refused
}

// With the documented privileges a command is audited in the container. It has
// what the container has, and what that lacks is refused to it.
func testAuditInside(t *testing.T) {
	command := []string{"--", "chroot", "--userspec=7:8", "/", "true"}
	for _, test := range []struct {
		flags            []string
		granted, refused map[string]int
	}{
		{[]string{"--cap-add=SYS_CHROOT", "--cap-add=SETUID", "--cap-add=SETGID"},
			map[string]int{"sys_chroot": 1, "setuid": 1, "setgid": 2}, map[string]int{}},
		{nil, map[string]int{}, map[string]int{"sys_chroot": 1}},
	} {
		_, granted, refused := audit(t, slices.Concat(privileges, test.flags), func(string) {}, command...)
		if diff := cmp.Diff(test.granted, granted); diff != "" {
			t.Errorf("%v: granted (-want +got):\n%s", test.flags, diff)
		}
		if diff := cmp.Diff(test.refused, refused); diff != "" {
			t.Errorf("%v: refused (-want +got):\n%s", test.flags, diff)
		}
	}
}

// Each privilege is needed: without it, one line says what is missing.
func testPrivileges(t *testing.T) {
	if stdout, stderr, status := run(t, privileges, "--probe"); status != 0 {
		t.Fatalf("status %d with all of them:\n%s%s", status, stdout, stderr)
	}
	for name, test := range map[string]struct {
		flags []string
		want  string
	}{
		"BPF":     {slices.Concat([]string{"--cap-drop=ALL", "--cap-add=PERFMON"}, profile), "CAP_BPF"},
		"PERFMON": {slices.Concat([]string{"--cap-drop=ALL", "--cap-add=BPF"}, profile), "CAP_PERFMON"},
	} {
		_, stderr, status := run(t, test.flags, "--", "true")
		if status != 1 || !strings.HasPrefix(stderr, "Error: ") || strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, "lacks "+test.want+", ") {
			t.Errorf("without %s: status %d, wanted 1 and a line with %s: %s", name, status, test.want,
				stderr)
		}
	}
	// newer engines' own profiles permit bpf(2) to who has CAP_BPF
	_, stderr, status := run(t, privileges[:3], "--", "true")
	if status != 0 && !strings.Contains(stderr, "seccomp") {
		t.Errorf("with the engine's own seccomp profile: status %d: %s", status, stderr)
	}
}

// From a container in the machine's pid namespace, a process of the machine is
// audited.
func testAuditOutside(t *testing.T) {
	tree, err := filepath.Abs("../../build/programs/tree")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tree); err != nil {
		t.Skipf("wanted make programs: %v", err)
	}
	target := exec.Command("/bin/sh", "-c", `read line; exec "$0" loop 5`, tree)
	gate, err := target.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Start(); err != nil {
		t.Fatal(err)
	}
	defer target.Wait()
	defer gate.Close()
	flags := append(slices.Clone(privileges), "--pid=host")
	d, granted, refused := audit(t, flags, func(line string) {
		if strings.HasSuffix(line, "Press Ctrl-C to stop") {
			fmt.Fprintln(gate, "go")
		}
	}, "--pid", fmt.Sprint(target.Process.Pid))
	if diff := cmp.Diff(map[string]int{"sys_chroot": 5}, granted); diff != "" || len(refused) != 0 {
		t.Errorf("granted (-want +got):\n%srefused: %v", diff, refused)
	}
	if d.Application.PID != target.Process.Pid || !strings.HasSuffix(d.Application.Comm, "sh") {
		t.Errorf("the application is %+v, not the shell %d", d.Application, target.Process.Pid)
	}
}

// The image has what the program needs to run, and nothing to build with.
func testContents(t *testing.T) {
	packages := func(image string) []string {
		out, err := podman("run", "--rm", "--runtime", "runc", "--network", "none",
			"--ulimit", "nofile=1024:1024",
			"--ulimit", "nproc=1024:1024", "--entrypoint", "dpkg-query", image, "--show", "--showformat",
			"${Package}\n").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	had := packages(base)
	var added []string
	for _, name := range packages(image) {
		if !slices.Contains(had, name) {
			added = append(added, name)
		}
	}
	for _, name := range added {
		if !slices.Contains([]string{"libcap-ng0", "libelf1", "libelf1t64", "zlib1g", "libzstd1"}, name) {
			t.Errorf("the image has the package %s", name)
		}
	}
	for _, tool := range []string{"cc", "gcc", "clang", "go", "ld", "as", "make"} {
		if stdout, _, status := run(t, []string{"--entrypoint", "sh"}, "-c",
			"command -v "+tool); status == 0 {
			t.Errorf("the image has %s", stdout)
		}
	}
	size := func(image string) (n int64) {
		out, err := podman("image", "inspect", "--format", "{{.Size}}", image).Output()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Sscan(string(out), &n)
		return n
	}
	const most = 30 << 20
	if grown := size(image) - size(base); grown > most {
		t.Errorf("the image is %d bytes larger than its base, wanted at most %d", grown, most)
	}
	if stdout, _, status := run(t, nil, "--version"); status != 0 ||
		!strings.HasPrefix(stdout, "cap-audit ") {
		t.Errorf("--version: status %d: %s", status, stdout)
	}
}
