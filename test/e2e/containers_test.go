package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/test/machine"
)

// image is what the containers of these tests are made from: busybox, and the
// programs tree and calls in /bin, all static.
const image = "localhost/cap-audit-test:latest"

// ownStore has podman, whoever runs it here, keep what it has among this run's
// temporary files.
func ownStore() error {
	settings := filepath.Join(os.TempDir(), "storage.conf")
	os.Setenv("CONTAINERS_STORAGE_CONF", settings)
	os.Setenv("PODMAN_IGNORE_CGROUPSV1_WARNING", "1") // podman 5 writes it each time
	text := fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(os.TempDir(), "podman"), filepath.Join(os.TempDir(), "podman.run"))
	return os.WriteFile(settings, []byte(text), 0o644)
}

// imageTar is a tar archive of the image's files.
var imageTar = sync.OnceValues(func() ([]byte, error) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, dir := range []string{"bin", "dev", "etc", "gate", "proc", "sys", "tmp"} {
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755})
	}
	for name, from := range map[string]string{"bin/busybox": busybox, "bin/tree": built("tree-static"),
		"bin/calls": built("calls-static")} {
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(text))})
		w.Write(text)
	}
	w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/sh", Linkname: "busybox"})
	return archive.Bytes(), w.Close()
})

// runFlags are for a machine on which containers can have little: the tests
// need no network, and no limits that only an all-powerful root can raise.
var runFlags = []string{"--runtime", "runc", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit",
	"nproc=1024:1024"}

// podmanWorks says why there are no containers here, "" if there are.
var podmanWorks = sync.OnceValue(func() string {
	archive, err := imageTar()
	if err != nil {
		return fmt.Sprintf("wanted a static busybox and tree: %v", err)
	}
	load := exec.Command("podman", "import", "--quiet", "-", image)
	load.Stdin = bytes.NewReader(archive)
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Sprintf("wanted a podman that imports an image: %v: %s", err, out)
	}
	words := append(append([]string{"run", "--rm"}, runFlags...), image, "sh", "-c", "tree loop 1")
	if out, err := exec.Command("podman", words...).CombinedOutput(); err != nil {
		return fmt.Sprintf("wanted a podman that runs a container: %v: %s", err, out)
	}
	return ""
})

// needPodman skips where podman has none; where CI=true it must.
func needPodman(t *testing.T) {
	t.Helper()
	machine.Containers(t)
	if reason := podmanWorks(); reason != "" {
		machine.Lacks(t, "%s", reason)
	}
}

// podman runs a command of podman's.
func podman(t *testing.T, words ...string) string {
	t.Helper()
	r := finish(t, command(t, "podman", words...))
	if r.status != 0 {
		t.Fatalf("podman %q: status %d: %s", words, r.status, r.stderr)
	}
	return strings.TrimSpace(string(r.stdout))
}

// gate is where a container's main process waits.
type gate struct {
	t     *testing.T
	dir   string   // to be mounted on /gate
	ready *os.File // the process writes a line to it
	line  *os.File // and then reads one from it
}

func waiting(t *testing.T) *gate {
	t.Helper()
	g := &gate{t: t, dir: publicDir(t)}
	for name, file := range map[string]**os.File{"ready": &g.ready, "gate": &g.line} {
		path := filepath.Join(g.dir, name)
		err := unix.Mkfifo(path, 0o666)
		if err == nil {
			err = os.Chmod(path, 0o666) // whatever the umask
		}
		if err == nil {
			*file, err = os.OpenFile(path, os.O_RDWR, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*file).Close() })
	}
	return g
}

// await returns once the process waits.
func (g *gate) await() {
	g.t.Helper()
	err := g.ready.SetReadDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = bufio.NewReader(g.ready).ReadString('\n')
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *gate) open() { fmt.Fprintln(g.line, "go") }

// box is a container of podman's whose main process waits.
type box struct {
	*gate
	name, id string
	pid      int
}

// inBox is a script that waits for the gate and then does what is asked.
func inBox(then string) []string {
	return []string{"sh", "-c", "echo ready >/gate/ready; read line </gate/gate; " + then}
}

// boxes counts them, for their names.
var boxes atomic.Int32

// newBox makes a container of podman's; it does not run yet.
func newBox(t *testing.T, flags []string, words ...string) *box {
	t.Helper()
	needPodman(t)
	name := fmt.Sprintf("cap-audit-test-%d-%d", os.Getpid(), boxes.Add(1))
	b := &box{gate: waiting(t), name: name}
	line := append([]string{"create", "--name", b.name, "--volume", b.dir + ":/gate"}, runFlags...)
	b.id = podman(t, append(append(append(line, flags...), image), words...)...)
	t.Cleanup(func() { exec.Command("podman", "rm", "--force", "--time", "0", b.name).Run() })
	return b
}

// startBox starts one and returns once its main process waits.
func startBox(t *testing.T, flags []string, words ...string) *box {
	t.Helper()
	b := newBox(t, flags, words...)
	podman(t, "start", b.name)
	b.await()
	b.learn()
	return b
}

func (b *box) learn() {
	b.t.Helper()
	fmt.Sscan(podman(b.t, "inspect", "--format", "{{.State.Pid}}", b.name), &b.pid)
	if b.pid == 0 {
		b.t.Fatalf("the container %s does not run: %s", b.name, podman(b.t, "logs", b.name))
	}
}

// cgroup is the path of the container's control group.
func (b *box) cgroup() string {
	b.t.Helper()
	path, err := cgroup.Of(b.pid)
	if err != nil {
		b.t.Fatal(err)
	}
	if !strings.Contains(path, b.id) {
		b.t.Skipf("wanted a control group v2 for each container, there is %q", path)
	}
	return path
}

// target is what a report on this container says of it.
func (b *box) target() target {
	b.t.Helper()
	return target{Kind: "container", Name: b.name, Cgroup: b.cgroup(), Engine: "podman", Image: image,
		ContainerID: b.id, ImageDigest: podman(b.t, "inspect", "--format", "{{.ImageDigest}}", b.name)}
}

// needs compares what a container was granted, and was not.
func needs(t *testing.T, d document, want tally) {
	t.Helper()
	if diff := cmp.Diff(want, granted(d.Required)); diff != "" {
		t.Errorf("required capabilities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(tally{}, refused(d.Denied)); diff != "" {
		t.Errorf("refused capabilities (-want +got):\n%s", diff)
	}
}

// A container, whichever way it is named: every check of every process of it
// is counted, and none of anybody else's; the audit ends with it.
func TestContainer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options func(*box) []string
	}{
		{"name", func(b *box) []string { return []string{"--container", b.name} }},
		{"id", func(b *box) []string { return []string{"--container", b.id} }},
		{"beginning of the id", func(b *box) []string { return []string{"--container", b.id[:12]} }},
		{"pid", func(b *box) []string { return []string{"--pid", fmt.Sprint(b.pid)} }},
		{"cgroup", func(b *box) []string { return []string{"--cgroup", b.cgroup()} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := startBox(t, nil, inBox("tree loop 5; tree fork 7; exec tree threads 3 10")...)
			stranger := startBox(t, nil, inBox("exec tree loop 1000")...)
			options, want := test.options(b), b.target()
			r := attachedTo(t, options...)
			stranger.open()
			podman(t, "wait", stranger.name)
			b.open()
			d := r.document()
			d.wholeAndConsistent(t)
			needs(t, d, chroots(5+7+30))
			if d.Application.PID != b.pid && test.name != "cgroup" || d.Application.Comm != "/bin/busybox" {
				t.Errorf("the application is %+v, not /bin/busybox (%d)", d.Application, b.pid)
			}
			if p := d.ran(t, "/tree"); p.Processes != 1+8+1 {
				t.Errorf("%d processes ran tree, not 10", p.Processes)
			}
			if diff := cmp.Diff(want, d.Target); options[0] == "--container" && diff != "" {
				t.Errorf("target (-want +got):\n%s", diff)
			}
		})
	}
}

// The lines of --verbose have the pids of the auditor's pid namespace.
func TestContainerPIDs(t *testing.T) {
	t.Parallel()
	b := startBox(t, nil, inBox("exec tree loop 3")...)
	r := attachedTo(t, "-v", "--container", b.name)
	b.open()
	end := r.end()
	want := fmt.Sprintf("[CAP] pid=%d cap=sys_chroot result=GRANTED syscall=chroot comm=tree\n", b.pid)
	if n := strings.Count(string(end.stderr), want); n != 3 {
		t.Errorf("%d lines %q, wanted 3:\n%s", n, want, end.stderr)
	}
}

// What podman exec starts is the container's, too: its program, and not what
// the engine does on the way to it, with all the privileges of root.
func TestContainerExec(t *testing.T) {
	t.Parallel()
	b := startBox(t, nil, inBox("exec tree loop 5")...)
	r := attachedTo(t, "--container", b.name)
	podman(t, "exec", b.name, "tree", "fork", "9")
	podman(t, "exec", "--user", "1000:1000", b.name, "tree", "loop", "3")
	b.open()
	d := r.document()
	d.wholeAndConsistent(t)
	needs(t, d, tally{"sys_chroot": {5 + 9, 3}})
	for _, p := range d.Programs {
		if strings.Contains(p.Path, "runc") {
			t.Errorf("the engine's program is among the container's: %+v", p)
		}
	}
}

// Ended by a time or a signal, the audit leaves the container alone, and so it
// does when it fails.
func TestContainerGoesOn(t *testing.T) {
	t.Parallel()
	b := startBox(t, nil, inBox("exec tree loop 5")...)
	for name, end := range map[string]func(*running){
		"duration":    nil,
		"interrupted": func(r *running) { r.signal(unix.SIGINT) },
		"terminated":  func(r *running) { r.signal(unix.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			options := []string{"--container", b.name}
			if end == nil {
				options = append(options, "-d", "0.3s")
			}
			r, want := attachedTo(t, options...), uint64(0)
			if end != nil { // a duration may end while podman is still on its way into the container
				podman(t, "exec", b.name, "tree", "loop", "4")
				want = 4
				end(r)
			}
			d := r.document()
			if got := granted(d.Required)["sys_chroot"][0]; got != want {
				t.Errorf("sys_chroot was granted %d times, wanted %d", got, want)
			}
			if d.Exit.Ended || d.StillRunning != 1 {
				t.Errorf("ended %t, still running %d", d.Exit.Ended, d.StillRunning)
			}
			if state := podman(t, "inspect", "--format", "{{.State.Status}}", b.name); state != "running" {
				t.Errorf("the container is %s", state)
			}
		})
	}
}

// A container that is stopped ends the audit, with a report.
func TestContainerStops(t *testing.T) {
	t.Parallel()
	b := startBox(t, nil, "sh", "-c", "trap 'tree loop 6; exit 0' TERM; echo ready >/gate/ready; while :; "+
		"do read line; done </gate/gate")
	r := attachedTo(t, "--container", b.name)
	podman(t, "stop", b.name)
	d := r.document()
	d.wholeAndConsistent(t)
	needs(t, d, chroots(6))
}

// From podman init to podman start a container waits, ready to run: an audit
// that begins then misses nothing of it.
func TestContainerFromItsStart(t *testing.T) {
	t.Parallel()
	b := newBox(t, nil, "sh", "-c", "tree loop 5; exec tree fork 7")
	podman(t, "init", b.name)
	b.learn()
	r := attachedTo(t, "--container", b.name)
	podman(t, "start", b.name)
	d := r.document()
	d.wholeAndConsistent(t)
	needs(t, d, chroots(5+7))
	if d.Application.Comm != "/bin/sh" {
		t.Errorf("the application is %s, not /bin/sh", d.Application.Comm)
	}
	if first := d.Programs[0]; first.Path != "/bin/sh" { // what runc runs until then is called /
		t.Errorf("the first program is %+v", first)
	}
}

// In a user namespace of its own a container needs what it needs of that
// namespace: no grant on the host, and the report says so. What it needs of a
// namespace that it makes is nobody's to grant. Not beside others: for each container
// that it makes podman hands the store's directories over to that container's root, and
// with that takes them from another's.
func TestContainerUserNamespace(t *testing.T) {
	flags := []string{"--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536", "--security-opt",
		"seccomp=unconfined"}
	b := startBox(t, flags, inBox("tree loop 5; exec unshare -U -r tree loop 3")...)
	report := finish(t, capAudit(t, "--container", b.name, "--duration", "0.1s"))
	r := attachedTo(t, "--container", b.name)
	b.open()
	d := r.document()
	d.wholeAndConsistent(t)
	needs(t, d, chroots(5))
	// unshare itself asked there, too
	if got := granted(d.Nested)["sys_chroot"]; got != [2]uint64{3, 0} {
		t.Errorf("sys_chroot %v in the namespace that it made, wanted 3", got)
	}
	if !d.Target.UserNamespace {
		t.Error("the document does not say that it has a user namespace of its own")
	}
	for _, want := range []string{
		fmt.Sprintf("(PID %d)\nContainer: %s (podman), image %s\n", b.pid, b.name, image),
		"in a user namespace of its own: the capabilities are needed within that, and nothing has to be " +
			"granted on the host.",
	} {
		if !strings.Contains(strings.Join(strings.Fields(string(report.stdout)), " "),
			strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in the report:\n%s", want, report.stdout)
		}
	}
}

// cap-audit -- podman run sees the engine at work and the container, and tells
// the one from the other.
func TestPodmanRunAsACommand(t *testing.T) {
	t.Parallel()
	needPodman(t)
	words := append(append([]string{"-j", "-f", "--", "podman", "run", "--rm"}, runFlags...), image, "tree",
		"fork", "20")
	d := documentOf(t, capAudit(t, words...))
	d.wholeAndConsistent(t)
	if got := granted(d.Required)["sys_chroot"]; got != [2]uint64{20, 0} {
		t.Errorf("sys_chroot %v, wanted 20 in the container and none in podman", got)
	}
	if diff := cmp.Diff([]string{"sys_chroot"}, d.ran(t, "/tree").Required); diff != "" {
		t.Errorf("what the container's program needs (-want +got):\n%s", diff)
	}
}

// What --emit prints for a container are options that give the next one just
// what it needs: with these it works, and it has nothing else.
func TestContainerGrant(t *testing.T) {
	t.Parallel()
	b := startBox(t, nil, inBox("exec chroot / true")...)
	r := begin(t, capAudit(t, "--emit", "docker", "--container", b.name))
	r.watched()
	b.open()
	end := r.end()
	flags := strings.Fields(string(end.stdout))
	if end.status != 0 || len(flags) == 0 {
		t.Fatalf("status %d, options %q: %s", end.status, flags, end.stderr)
	}
	// a script of the shell's own, which is process 1 and shows what it has
	script := `while read key value; do case $key in Cap*) echo $key $value;; esac; done </proc/1/status; exec chroot / true`
	got := podman(t, slices.Concat([]string{"run", "--rm"}, runFlags, flags,
		[]string{image, "sh", "-c", script})...)
	for _, set := range []string{"CapPrm", "CapEff", "CapBnd"} {
		want := fmt.Sprintf("%s: %016x\n", set, 1<<unix.CAP_SYS_CHROOT)
		if !strings.Contains(got+"\n", want) {
			t.Errorf("with %q the container has, wanted %s:\n%s", flags, want, got)
		}
	}
	// and without what it needs it fails
	fails := slices.Concat([]string{"run", "--rm"}, runFlags, flags,
		[]string{"--cap-add=CHOWN", image, "chroot", "/", "true"})
	fails = slices.DeleteFunc(fails, func(flag string) bool { return strings.Contains(flag, "SYS_CHROOT") })
	if r := finish(t, command(t, "podman", fails...)); r.status == 0 {
		t.Errorf("podman %q succeeded", fails)
	}
}

// With the profile that --emit prints for a program podman runs it, whichever way runc
// loads the profile, and what it did not do then is refused.
func TestEmitSeccomp(t *testing.T) {
	t.Parallel()
	needPodman(t)
	grant := []string{"--cap-drop=ALL", "--cap-add=SYS_CHROOT"}
	mkdir := []string{"busybox", "mkdir", "/tmp/new"}
	for name, c := range map[string]struct {
		audited, works, refused []string
		flags                   []string
	}{
		"a shell": {[]string{tool(t, "busybox"), "sh", "-c", "busybox ls /; busybox ls /"},
			[]string{"sh", "-c", "busybox ls /; busybox ls /"}, mkdir, grant},
		"threads": {[]string{built("tree-static"), "threads", "2", "3"},
			[]string{"tree", "threads", "2", "3"}, mkdir, grant},
		"namespaces": {[]string{built("tree-static"), "pidns", "3"}, []string{"tree", "pidns", "3"}, mkdir,
			append(grant, "--cap-add=SYS_ADMIN")},
		"no namespaces": {[]string{built("tree-static"), "fork", "3"}, []string{"tree", "fork", "3"},
			[]string{"tree", "pidns", "3"}, grant},
	} {
		profile := filepath.Join(publicDir(t), "profile.json")
		r := finish(t, capAudit(t, append([]string{"--emit", "seccomp", "-o", profile, "--"},
			c.audited...)...))
		if r.status != 0 {
			t.Fatalf("%q: status %d: %s", c.audited, r.status, r.stderr)
		}
		inside := func(profile string, flags []string, words ...string) result {
			line := slices.Concat([]string{"run", "--rm", "--security-opt=seccomp=" + profile}, runFlags,
				flags, []string{image}, words)
			return finish(t, command(t, "podman", line...))
		}
		t.Run(name, func(t *testing.T) {
			for _, how := range [][]string{nil, {"--security-opt=no-new-privileges"}} {
				flags := slices.Concat(c.flags, how)
				if r := inside(profile, flags, c.works...); r.status != 0 {
					t.Errorf("%q %q: status %d: %s%s", flags, c.works, r.status, r.stdout, r.stderr)
				}
				r := inside(profile, flags, c.refused...)
				if r.status == 0 || !strings.Contains(string(r.stderr), "Operation not permitted") {
					t.Errorf("%q %q: status %d: %s%s", flags, c.refused, r.status, r.stdout, r.stderr)
				}
			}
			r := inside("unconfined", append(c.flags, "--cap-add=SYS_ADMIN"), c.refused...)
			if r.status != 0 {
				t.Errorf("without a profile %q: status %d: %s", c.refused, r.status, r.stderr)
			}
		})
	}
}

// What the code can reach the profile lets through, too.
func TestEmitSeccompOfCode(t *testing.T) {
	t.Parallel()
	needPodman(t)
	profile := filepath.Join(publicDir(t), "profile.json")
	// it lives until its file has been opened
	r := finish(t, command(t, capAuditPath, ofBackend("--emit", "seccomp", "-o", profile, "--",
		tool(t, "busybox"), "sleep", "5")...))
	if r.status != 0 || strings.Contains(string(r.stderr), "may be missing") {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	podman(t, slices.Concat([]string{"run", "--rm", "--cap-drop=ALL", "--security-opt=seccomp=" + profile},
		runFlags, []string{image, "sh", "-c", "busybox mkdir /tmp/new && busybox rmdir /tmp/new"})...)
}

// Each of these is one clear line, and nothing is watched.
func TestNoContainer(t *testing.T) {
	t.Parallel()
	stopped := newBox(t, nil, "tree", "loop", "1")
	podman(t, "start", "--attach", stopped.name)
	made := newBox(t, nil, "tree", "loop", "1")
	for _, test := range []struct {
		name, container string
		want            string
	}{
		{"none of that name", "no-such-container", "no such container: .*podman has none, "},
		{"one that has ended", stopped.name, "does not run: podman has " + stopped.name + " with the ID " +
			stopped.id + ` \(exited\); start it`},
		{"one not started", made.name, "does not run: podman has " + made.name + " with the ID " + made.id +
			` \((created|configured)\); start it`},
		{"an option", "--all", "is no name or ID of a container"},
		{"a path", "../../etc", "is no name or ID of a container"},
		{"control characters", "\x1b[2J\nweb", `"\\x1b\[2J\\nweb": is no name or ID`},
		{"very long", strings.Repeat("a", 100000), "is no name or ID of a container"},
		{"empty", "", "the argument is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := finish(t, capAudit(t, "--container", test.container))
			lines := strings.Split(strings.TrimSpace(string(r.stderr)), "\n")
			if r.status != 1 || len(lines) != 1 ||
				!regexp.MustCompile("^Error: --container.*"+test.want).MatchString(lines[0]) {
				t.Errorf("status %d, wanted 1 and one line with %q:\n%.300s", r.status, test.want, r.stderr)
			}
		})
	}
}

// must runs a command that has to succeed, and returns what it says.
func must(t *testing.T, stdin []byte, name string, arguments ...string) string {
	t.Helper()
	cmd := command(t, name, arguments...)
	cmd.Stdin = bytes.NewReader(stdin)
	r := finish(t, cmd)
	if r.status != 0 {
		t.Fatalf("%s %q: status %d: %s", name, arguments, r.status, r.stderr)
	}
	return strings.TrimSpace(string(r.stdout))
}

// The same with docker, which is asked over its socket.
func TestContainerOfDocker(t *testing.T) {
	archive, err := imageTar()
	if err != nil {
		t.Skip(err)
	}
	machine.Containers(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "docker.sock")
	machine.Engine(t, socket, "dockerd", "--host", "unix://"+socket, "--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--iptables=false", "--ip-masq=false", "--ip-forward=false", "--bridge=none", "--storage-driver=vfs")
	t.Setenv("DOCKER_HOST", "unix://"+socket) // of this process: not beside others
	must(t, archive, "docker", "import", "-", image)

	b := waiting(t)
	id := must(t, nil, "docker", "run", "--detach", "--network", "none", "--name", "cap-audit-docker",
		"--ulimit", "nofile=1024:1024", "--volume", b.dir+":/gate", image, "sh", "-c",
		"echo ready >/gate/ready; read line </gate/gate; tree loop 5")
	t.Cleanup(func() { exec.Command("docker", "rm", "--force", id).Run() })
	b.await()

	r := attachedTo(t, "--container", id[:8])
	must(t, nil, "docker", "exec", id, "tree", "fork", "9")
	b.open()
	d := r.document()
	d.wholeAndConsistent(t)
	needs(t, d, chroots(5+9))
	if d.Target.Engine != "docker" || d.Target.Name != "cap-audit-docker" || d.Target.Image != image ||
		d.Target.ContainerID != id ||
		!strings.Contains(d.Target.Cgroup, id) {
		t.Errorf("target %+v", d.Target)
	}

	// by then it has ended
	r2 := finish(t, capAudit(t, "--container", "cap-audit-docker"))
	if want := "docker has cap-audit-docker with the ID " + id + " (exited)"; r2.status != 1 ||
		!strings.Contains(string(r2.stderr), want) {
		t.Errorf("status %d, wanted 1 and %q: %s", r2.status, want, r2.stderr)
	}
}

// The same with containerd, which is asked through its own program. ctr gives
// the container a control group by another name: its processes are watched.
func TestContainerOfContainerd(t *testing.T) {
	needPodman(t) // which makes the image's archive
	dir := t.TempDir()
	socket := filepath.Join(dir, "sock")
	machine.Engine(t, socket, "containerd", "--address", socket, "--root", filepath.Join(dir, "root"),
		"--state", filepath.Join(dir, "state"), "--config", os.DevNull)
	t.Setenv("CONTAINERD_ADDRESS", socket) // of this process: not beside others
	archive := filepath.Join(dir, "image.tar")
	podman(t, "save", "--quiet", "--format", "oci-archive", "--output", archive, image)
	must(t, nil, "ctr", "images", "import", archive)

	for _, test := range []struct {
		name, id string
		flags    []string
		exec     uint64 // checks of what is seen of ctr tasks exec
	}{
		{"own control group", "web-1", nil, 9},
		{"another control group", "web-2", []string{"--cgroup", "/cap-audit-test-other"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := waiting(t)
			line := append([]string{"run", "--detach", "--snapshotter", "native", "--label", "nerdctl/name=" +
				test.id + "-named",
				"--mount", "type=bind,src=" + b.dir + ",dst=/gate,options=rbind:rw"}, test.flags...)
			must(t, nil, "ctr", append(line, image, test.id, "sh", "-c",
				"echo ready >/gate/ready; read line </gate/gate; tree loop 5")...)
			t.Cleanup(func() {
				exec.Command("ctr", "tasks", "rm", "--force", test.id).Run()
				exec.Command("ctr", "containers", "rm", test.id).Run()
			})
			b.await()

			r := begin(t, capAudit(t, "-j", "--container", test.id+"-named"))
			if test.exec == 0 {
				r.await("^Warning: --container web-2-named: no control group .*not what containerd exec " +
					"starts$")
			}
			r.watched()
			must(t, nil, "ctr", "tasks", "exec", "--exec-id", "another", test.id, "tree", "fork", "9")
			b.open()
			d := r.document()
			d.wholeAndConsistent(t)
			needs(t, d, chroots(5+test.exec))
			if d.Target.Engine != "containerd" || d.Target.Name != test.id+"-named" ||
				d.Target.Image != image || d.Target.ContainerID != test.id ||
				(d.Target.Cgroup == "") != (test.exec == 0) {
				t.Errorf("target %+v", d.Target)
			}
		})
	}
}
