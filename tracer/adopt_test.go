package tracer

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/test/machine"
)

// newGroup is the directory of a control group that does not exist yet.
func newGroup(t *testing.T) string {
	t.Helper()
	if cgroup.Root() == "" {
		t.Skip("wanted a cgroup v2 hierarchy, there is none")
	}
	path := filepath.Join(cgroup.Root(), fmt.Sprintf("cap-audit-unit-test-%d", os.Getpid()))
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Skipf("wanted to make a control group: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	return path
}

func adoptNow(t *testing.T, what Running) *Audit {
	t.Helper()
	if missing := MissingPrivileges(); len(missing) > 0 {
		machine.Lacks(t, "wanted privileges to trace, %v are missing", missing)
	}
	backends, err := ParseBackend(os.Getenv("CAP_AUDIT_BACKEND"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Adopt(what, Options{Backends: backends})
	if reason := Diagnose(err); reason != nil {
		machine.Lacks(t, "wanted to trace: %v", reason)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func chroots(t *testing.T, a *Audit) uint64 {
	t.Helper()
	o, err := a.Observe()
	if err != nil {
		t.Fatal(err)
	}
	if o.Losses != (audit.Losses{}) {
		t.Errorf("losses: %+v", o.Losses)
	}
	checks := o.Totals[unix.CAP_SYS_CHROOT]
	return checks.Granted + checks.Denied
}

// chrootScript makes a check of SYS_CHROOT whoever runs it, since /bin/sh is
// busy with nothing that asks for that.
const chrootScript = `chroot / /bin/true`

// runIn runs a shell script that is started in a group.
func runIn(t *testing.T, group, script string) {
	t.Helper()
	dir, err := os.Open(group)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
}

// A service manager removes a service's group when it stops, and makes it
// anew: the name is what counts, and groups of other names do not.
func TestGroupIsKnownAgain(t *testing.T) {
	group := newGroup(t)
	a := adoptNow(t, Running{Cgroup: group})
	want := uint64(0)
	for range 3 {
		if err := os.Mkdir(group, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(group+"-2", 0o755); err != nil {
			t.Fatal(err)
		}
		runIn(t, group, chrootScript)
		runIn(t, group+"-2", chrootScript)
		want++
		for _, path := range []string{group, group + "-2"} {
			// a process that has ended leaves its group a moment later
			for err := unix.EBUSY; err == unix.EBUSY; {
				err, _ = unix.Rmdir(path).(syscall.Errno)
			}
		}
		if got := chroots(t, a); got != want {
			t.Errorf("%d checks, not %d", got, want)
		}
	}
}

// With a manager, what a process does on its way is the manager's; it counts
// from its exec on, and so do the children that it has by then.
func TestEntryByManager(t *testing.T) {
	group := newGroup(t)
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	a := adoptNow(t, Running{Cgroup: group, Entry: EntryByManager})

	t.Run("born in the group", func(t *testing.T) {
		// Go's child executes the shell, and is the service from then on
		runIn(t, group, chrootScript)
		if got := chroots(t, a); got != 1 {
			t.Errorf("%d checks, not 1", got)
		}
	})
	t.Run("moved into the group", func(t *testing.T) {
		before := chroots(t, a)
		// python: one process that asks by itself, then executes
		python, err := exec.LookPath("python3")
		if err != nil {
			t.Skip("wanted python3:", err)
		}
		cmd := exec.Command(python, "-c", `
import os, sys
print("ready", flush=True)
sys.stdin.readline()
os.chroot("/")
os.execv("/bin/sh", ["sh", "-c", sys.argv[1]])
`, chrootScript+";"+chrootScript)
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Fatalf("%q, %v", line, err)
		}
		pid := fmt.Sprint(cmd.Process.Pid)
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(pid), 0); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(in)
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if got := chroots(t, a) - before; got != 2 {
			t.Errorf("%d checks, not 2", got)
		}
	})
}

// A container that its engine has prepared begins with what that executes; the engine's own program,
// which is no file of the container's, is none of it. One that began meanwhile is watched at once.
func TestPrepared(t *testing.T) {
	for name, what := range map[string]Running{"alone": {},
		"in a group": {Cgroup: newGroup(t), Entry: EntryByEngine}} {
		for _, began := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", began: ", began), func(t *testing.T) { testPrepared(t, what, began) })
		}
	}
}

func testPrepared(t *testing.T, what Running, began bool) {
	engine := filepath.Join(t.TempDir(), "engine")
	shell, err := os.ReadFile("/bin/sh")
	if err == nil {
		err = os.WriteFile(engine, shell, 0o755)
	}
	cmd := exec.Command(engine, "-c", `echo ready; read line; exec /bin/sh -c "$0"`, chrootScript+"; true")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err, err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	first := engine
	if !began {
		first = FileOf("/bin/sh")
		err = os.Remove(engine)
	}
	what.PID, what.Prepared = cmd.Process.Pid, true
	if what.Cgroup != "" {
		os.Mkdir(what.Cgroup, 0o755)
		err = errors.Join(err, os.WriteFile(what.Cgroup+"/cgroup.procs", []byte(fmt.Sprint(what.PID)), 0))
	}
	if err != nil {
		t.Fatal(err)
	}
	a := adoptNow(t, what)
	fmt.Fprintln(in)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := chroots(t, a); got != 1 {
		t.Errorf("%d checks, not 1", got)
	}
	o, err := a.Observe()
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Programs) < 2 || FileOf(o.Programs[1].Path) != first ||
		o.Application.Path != o.Programs[1].Path {
		t.Errorf("%s is not the first of %+v", first, o.Programs)
	}
	if o.Held == nil || o.Held.Bounding == 0 {
		t.Errorf("it holds %+v", o.Held)
	}
}

func TestWhatCannotBeAdopted(t *testing.T) {
	for name, s := range map[string]Running{
		"no such process": {PID: 1<<22 + 1},
		"ourselves":       {PID: os.Getpid()},
		"a file":          {Cgroup: "/etc/passwd"},
		"elsewhere":       {Cgroup: "/proc/self"},
		"long":            {Cgroup: cgroup.Root() + "/" + fmt.Sprintf("%0250d/%0250d", 0, 0)},
	} {
		if opened, err := s.open(); err == nil {
			t.Errorf("%s: %+v was opened", name, opened.Running)
		}
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil || len(threads) < 2 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	thread, _ := strconv.Atoi(threads[len(threads)-1].Name())
	if _, err := (Running{PID: thread}).open(); err == nil || !strings.Contains(err.Error(), "is a thread") {
		t.Errorf("a thread: %v", err)
	}
	ended := exec.Command("/bin/true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	defer ended.Wait()
	if err := unix.Waitid(unix.P_PID, ended.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	_, err = Running{PID: ended.Process.Pid}.open()
	if err == nil || err.Error() != fmt.Sprintf("process %d has ended", ended.Process.Pid) {
		t.Errorf("one that nobody has waited for: %v", err)
	}
}

// Some kernels keep a process from BPF programs: that is said, and no other reason is made up.
func TestProcessNotShown(t *testing.T) {
	a := adoptNow(t, Running{Cgroup: newGroup(t)}) // in which nobody is
	pid := os.Getppid()
	pidfd, err := openPID(pid)
	if err != nil {
		t.Fatal(err)
	}
	a.adopted.running = &opened{Running: Running{PID: pid}, pidfd: pidfd}
	if err := a.tookIn(); err == nil || !strings.Contains(err.Error(), "does not show it to BPF programs") {
		t.Errorf("%v", err)
	}
}
