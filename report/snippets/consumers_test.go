package snippets

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/test/machine"
)

// optional finds one that is not everywhere.
func optional(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("want one of %q, there is none", names)
	return ""
}

// held leaves of a list what this process could pass on.
func held(t *testing.T, list ...int) []int {
	t.Helper()
	have, ok := capng.Current()
	if !ok {
		t.Skip("want to read my own capabilities, cannot")
	}
	for _, n := range list {
		if have.Permitted&have.Effective>>n&1 == 0 {
			t.Skipf("want %s, have %s", capng.Name(n), capng.Text(have.Effective))
		}
	}
	return list
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// sets are the permitted and effective set in the lines of /proc/PID/status.
func sets(t *testing.T, status string) (permitted, effective uint64) {
	t.Helper()
	return field(t, status, "CapPrm", 16), field(t, status, "CapEff", 16)
}

// field is one of /proc/PID/status, the first number of it.
func field(t *testing.T, status, name string, base int) uint64 {
	t.Helper()
	for line := range strings.Lines(status) {
		if key, value, _ := strings.Cut(line, ":"); key == name {
			n, err := strconv.ParseUint(strings.Fields(value)[0], base, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in\n%s", name, status)
	return 0
}

// exactly wants a program to hold just these.
func exactly(t *testing.T, want []int, status string) {
	t.Helper()
	permitted, effective := sets(t, status)
	if diff := cmp.Diff(append([]int{}, want...), capng.Numbers(effective)); diff != "" ||
		permitted != effective {
		t.Errorf("permitted %#x, effective %#x\n%s", permitted, effective, diff)
	}
}

func compileC(t *testing.T, a Advice) string {
	t.Helper()
	cc := machine.Program(t, "gcc")
	flags, err := exec.Command(machine.Program(t, "pkg-config"), "--cflags", "--libs", "libcap-ng").Output()
	if err != nil {
		machine.Lacks(t, "wanted libcap-ng-dev: %v", err)
	}
	source := write(t, "snippet.c", C(a)+`
#include <string.h>
int main(void)
{
    char line[256];
    FILE *status;
    keep_needed_capabilities();
    status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        fputs(line, stdout);
    return 0;
}
`)
	program := filepath.Join(filepath.Dir(source), "snippet")
	args := append([]string{"-Wall", "-Wextra", "-Werror", "-o", program, source},
		strings.Fields(string(flags))...)
	run(t, cc, args...)
	return program
}

func TestCCompiles(t *testing.T) {
	for name, keep := range map[string][]int{"none": nil, "one": {13}, "all": known()} {
		t.Run(name, func(t *testing.T) {
			compileC(t, Advice{Keep: keep})
			compileC(t, Advice{Keep: keep, Early: keep, First: "epoll_wait"})
		})
	}
}

func TestCKeepsExactlyThose(t *testing.T) {
	for name, keep := range map[string][]int{"none": {}, "two": held(t, 0, 13)} {
		t.Run(name, func(t *testing.T) {
			exactly(t, keep, run(t, compileC(t, Advice{Keep: keep})))
		})
	}
}

func TestPythonKeepsExactlyThose(t *testing.T) {
	python := "/usr/bin/python3" // the one that Debian's packages are for
	if out, err := exec.Command(python, "-c", "import capng; capng.CAPNG_ADD").CombinedOutput(); err != nil {
		machine.Lacks(t, "wanted python3-cap-ng: %v: %s", err, out)
	}
	for name, keep := range map[string][]int{"none": {}, "two": held(t, 0, 13)} {
		t.Run(name, func(t *testing.T) {
			script := write(t, "snippet.py", Python(Advice{Keep: keep})+`
keep_needed_capabilities()
print(open("/proc/self/status").read())
`)
			exactly(t, keep, run(t, python, script))
		})
	}
	// every name there is exists in Python, too
	script := write(t, "all.py", Python(Advice{Keep: known()})+"\nassert keep_needed_capabilities.__code__\n"+
		"for name in keep_needed_capabilities.__code__.co_names:\n    hasattr(capng, name) or print(name)\n")
	for name := range strings.Lines(run(t, python, script)) {
		if strings.HasPrefix(name, "CAP_") {
			t.Errorf("python3-cap-ng has no %s", name)
		}
	}
}

func TestFilecapAndSetcapTakeIt(t *testing.T) {
	for command, snippet := range map[string]func(Advice) string{"filecap": Filecap, "setcap": Setcap} {
		t.Run(command, func(t *testing.T) {
			machine.Program(t, command)
			testFileCapabilities(t, snippet)
		})
	}
}

func testFileCapabilities(t *testing.T, snippet func(Advice) string) {
	sh := machine.Program(t, "sh")
	held(t, unix.CAP_SETFCAP)
	for name, c := range map[string]struct {
		file  string
		grant []int
	}{
		"one":        {"program", []int{13}},
		"all":        {"program", known()},
		"none":       {"program", nil},
		"quotes":     {`it's a "$(program)" \ ; #`, []int{0, 13}},
		"a dash":     {"-d", []int{13}},
		"a non-word": {"été", []int{13}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(path, []byte("#"), 0o755); err != nil {
				t.Fatal(err)
			}
			if c.grant == nil {
				run(t, sh, "-c", snippet(Advice{Path: path, Grant: []int{13}}))
			}
			run(t, sh, "-c", snippet(Advice{Path: path, Grant: c.grant}))

			permitted, effective, ok := fileCaps(t, path)
			if ok != (c.grant != nil) {
				t.Fatalf("FileCaps = %t", ok)
			}
			if diff := cmp.Diff(append([]int{}, c.grant...), capng.Numbers(permitted)); diff != "" ||
				effective != ok {
				t.Errorf("effective: %t\n%s", effective, diff)
			}
			getcap := strings.TrimPrefix(run(t, machine.Program(t, "getcap"), path), path)
			for name := range strings.SplitSeq(strings.TrimSuffix(strings.Trim(getcap, " \n"), "=ep"), ",") {
				if n, ok := capng.Number(name); name != "" && (!ok || !slices.Contains(c.grant, n)) {
					t.Errorf("getcap shows %s", getcap)
				}
			}
		})
	}
}

// fileCaps are what a file has.
func fileCaps(t *testing.T, path string) (permitted uint64, effective, ok bool) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	permitted, _, effective, ok, err = capng.FileCaps(f)
	if err != nil {
		t.Fatal(err)
	}
	return permitted, effective, ok
}

// Each file gets its program's own.
func TestFilecapAndSetcapTakeSeveral(t *testing.T) {
	held(t, unix.CAP_SETFCAP)
	for command, snippet := range map[string]func(Advice) string{"filecap": Filecap, "setcap": Setcap} {
		machine.Program(t, command)
		dir := t.TempDir()
		front, helper := filepath.Join(dir, "front"), filepath.Join(dir, "the helper")
		for _, file := range []string{front, helper} {
			if err := os.WriteFile(file, []byte("#"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		run(t, machine.Program(t, "sh"), "-c", snippet(Advice{Path: front, Grant: []int{12, 13},
			Itself: []int{12}, Others: []Holder{{Path: helper, Needs: []int{13}}}}))
		for file, want := range map[string]uint64{front: 1 << 12, helper: 1 << 13} {
			if got, _, _ := fileCaps(t, file); got != want {
				t.Errorf("%s: %s has %v, want %v", command, file, capng.Names(got), capng.Names(want))
			}
		}
	}
}

// systemdReader reads services as systemd does. It keeps quiet about names it
// does not know, so the test looks at the sets that it has understood:
// systemd-analyze shows them when it debugs.
func systemdReader(t *testing.T) (understood func(service string) map[string][]int) {
	analyze := optional(t, "systemd-analyze")
	understood = func(service string) map[string][]int {
		unit := write(t, "cap-audit-snippet.service", service+"\nExecStart=/bin/true\n")
		cmd := exec.Command(analyze, "verify", "--man=no", unit)
		cmd.Env = append(os.Environ(), "SYSTEMD_LOG_LEVEL=debug")
		// the settings are on standard output, and the log must not come in between
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("want systemd-analyze verify to run: %v\n%s", err, out)
		}
		settings := map[string][]int{}
		for line := range strings.Lines(string(out)) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
			if !ok || key != "CapabilityBoundingSet" && key != "AmbientCapabilities" {
				continue
			}
			for _, word := range strings.Fields(value) {
				n, ok := capng.Number(word)
				if !ok {
					t.Errorf("systemd shows %s", word)
				}
				settings[key] = append(settings[key], n)
			}
		}
		return settings
	}
	for _, c := range []struct {
		spelling string
		want     map[string][]int
	}{
		{"CAP_NET_RAW", map[string][]int{"CapabilityBoundingSet": {13}}},
		{"net_raw", map[string][]int{}},
	} {
		if diff := cmp.Diff(c.want, understood("[Service]\nCapabilityBoundingSet="+c.spelling)); diff != "" {
			t.Skipf("want a systemd-analyze that shows what it understood, for %s:\n%s", c.spelling, diff)
		}
	}
	return understood
}

// configured is a service that has other sets.
const configured = "[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN CAP_CHOWN\n" +
	"AmbientCapabilities=CAP_SYS_ADMIN\n"

// What is recommended for a service replaces the sets that the unit has.
func TestSystemdReplacesWhatTheUnitHas(t *testing.T) {
	understood := systemdReader(t)
	dropin := Systemd(Advice{Subject: audit.SubjectUnit, Grant: []int{13}, Ambient: []int{13, 21},
		Unprivileged: true})
	want := map[string][]int{"CapabilityBoundingSet": {13}, "AmbientCapabilities": {13}}
	if diff := cmp.Diff(want, understood(configured+dropin)); diff != "" {
		t.Errorf("%s\n%s", dropin, diff)
	}
	// and so does what --service recommends
	for name, sets := range map[string]struct{ bounding, ambient []int }{
		"none":          {},
		"bounding only": {bounding: []int{13}},
		"both":          {[]int{0, 13}, []int{13}},
		"all":           {known(), known()},
	} {
		got := understood(configured + ServiceBlock(Service{Bounding: SetOfUnit{sets.bounding, true},
			Ambient: SetOfUnit{sets.ambient, true}}))
		if diff := cmp.Diff(sets.bounding, got["CapabilityBoundingSet"]); diff != "" {
			t.Errorf("%s: CapabilityBoundingSet\n%s", name, diff)
		}
		if diff := cmp.Diff(sets.ambient, got["AmbientCapabilities"]); diff != "" {
			t.Errorf("%s: AmbientCapabilities\n%s", name, diff)
		}
	}
}

func TestSystemdTakesIt(t *testing.T) {
	understood := systemdReader(t)
	for name, advice := range map[string]Advice{
		"none":               {},
		"one":                {Grant: []int{13}},
		"all, as a user":     {Grant: known(), User: "daemon"},
		"switches by itself": {Grant: []int{6, 7, 10}, SwitchesUser: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := understood(Systemd(advice))
			if diff := cmp.Diff(advice.Grant, got["CapabilityBoundingSet"]); diff != "" {
				t.Errorf("CapabilityBoundingSet\n%s", diff)
			}
			ambient := advice.Grant
			if name == "switches by itself" {
				ambient = nil
			}
			if diff := cmp.Diff(ambient, got["AmbientCapabilities"]); diff != "" {
				t.Errorf("AmbientCapabilities\n%s", diff)
			}
		})
	}
}

// kubectl reads the manifest into the API's own types, without a cluster, and
// gives back what it understood.
func TestKubernetesTakesIt(t *testing.T) {
	kubectl := optional(t, "kubectl")
	for name, grant := range map[string][]int{"none": nil, "one": {13}, "sys_admin": {21}, "all": known()} {
		t.Run(name, func(t *testing.T) {
			manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: " +
				"c\n    image: i\n"
			for line := range strings.Lines(Kubernetes(Advice{Grant: grant}) + "\n") {
				manifest += "    " + line
			}
			out, err := exec.Command(kubectl, "label", "--local", "-o", "json", "-f",
				write(t, "pod.yaml", manifest), "a=b").Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, manifest)
			}
			var pod struct {
				Spec struct {
					Containers []struct {
						SecurityContext struct {
							AllowPrivilegeEscalation *bool
							Capabilities             struct{ Add, Drop []string }
						}
					}
				}
			}
			if err := json.Unmarshal(out, &pod); err != nil {
				t.Fatal(err)
			}
			context := pod.Spec.Containers[0].SecurityContext
			var add []int
			for _, name := range context.Capabilities.Add {
				n, ok := capng.Number(name)
				if !ok || name != capng.Upper(n) {
					t.Errorf("%s is no name for Kubernetes", name)
				}
				add = append(add, n)
			}
			if diff := cmp.Diff(grant, add); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"ALL"}, context.Capabilities.Drop); diff != "" {
				t.Error(diff)
			}
			if refuses := context.AllowPrivilegeEscalation != nil; refuses != (name == "none" ||
				name == "one") {
				t.Errorf("allowPrivilegeEscalation: %t\n%s", refuses, out)
			}
		})
	}
}

// What a shell hands to docker is what was meant.
func TestDockerCommandLine(t *testing.T) {
	bash := machine.Program(t, "bash")
	for name, grant := range map[string][]int{"none": nil, "one": {13}, "all": known()} {
		t.Run(name, func(t *testing.T) {
			want := "run\n--cap-drop=ALL\n"
			for _, n := range grant {
				want += "--cap-add=" + capng.Upper(n) + "\n"
			}
			want += "--security-opt=no-new-privileges\nIMAGE\n"
			got := run(t, bash, "-c", "docker() { printf '%s\\n' \"$@\"; }\n"+Docker(Advice{Grant: grant}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The command gives the whole set and nothing else, to another user and to root.
func TestSetprivGivesTheSet(t *testing.T) {
	machine.Root(t)
	machine.Program(t, "setpriv")
	for _, grant := range [][]int{nil, {0}, {6, 7, 13}} {
		for _, root := range []bool{false, true} {
			a := Advice{Path: "/usr/bin/grep", Grant: grant, SwitchesUser: root}
			command := strings.NewReplacer("USER", "65534", "GROUP", "65534",
				"--init-groups", "--clear-groups").Replace(Setpriv(a))
			command += " -e CapEff -e CapBnd -e CapAmb -e NoNew /proc/self/status"
			out, err := exec.Command("/bin/sh", "-c", command).CombinedOutput()
			mask, ambient := bits(grant), uint64(0)
			if !root {
				ambient = mask
			}
			want := fmt.Sprintf("CapEff:\t%016x\nCapBnd:\t%016x\nCapAmb:\t%016x\nNoNewPrivs:\t1\n",
				mask, mask, ambient)
			if err != nil || string(out) != want {
				t.Errorf("%s: %v: %s", command, err, out)
			}
		}
	}
}

// What the run would lose is named in the commands for files, as a comment, and
// nowhere else.
func TestSecureLossesAreNamed(t *testing.T) {
	for _, grant := range [][]int{nil, {13}} {
		for _, kind := range Kinds {
			a := Advice{Path: "/usr/bin/server", Grant: grant, SecureLosses: []string{"$ORIGIN", "TMPDIR"}}
			text := Emit(kind, a)
			if strings.Contains(text, "$ORIGIN, TMPDIR") != InFile(kind) {
				t.Errorf("%s", text)
			}
			commands := regexp.MustCompile("(?m)^[^#].*").FindAllString(text, -1)
			if strings.HasSuffix(kind, "cap") && len(commands) != 1 {
				t.Errorf("more than one command: %q", commands)
			}
		}
	}
}
