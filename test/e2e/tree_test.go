package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// chroots is the account of a target that made n checks of sys_chroot and
// needs nothing else.
func chroots(n uint64) tally { return tally{"sys_chroot": {n, 0}} }

// Every check of every process and thread is counted, whatever the tree looks
// like.
func TestTrees(t *testing.T) {
	t.Parallel()
	checks, children := fewer(1000000, 100000), fewer(20000, 3000)
	storm := fewer(3000, 1000)
	for _, test := range []struct {
		mode      string
		arguments []string
		checks    uint64
		also      tally  // what making the tree itself asks for
		tasks     uint64 // 0 for not said
	}{
		{"loop", []string{fmt.Sprint(checks)}, checks, nil, 1},
		{"fork", []string{fmt.Sprint(children)}, children, nil, children + 1},
		{"living", []string{"2000"}, 2000, nil, 2001},
		{"deep", []string{"40"}, 40, nil, 40},
		{"threads", []string{"16", "5000"}, 80000, nil, 17},
		{"leader-exits", []string{"1000"}, 1000, nil, 2},
		{"thread-exec", []string{"1000"}, 1000, nil, 2},
		{"double-exec", []string{"1000"}, 1000, nil, 1},
		{"vfork", []string{"1000"}, 1000, nil, 1001},
		{"pidns", []string{"1000"}, 1000, tally{"sys_admin": {1, 0}}, 2},
		{"storm", []string{fmt.Sprint(storm)}, storm, nil, storm + 1},
	} {
		t.Run(test.mode, func(t *testing.T) {
			target := append([]string{built("tree"), test.mode}, test.arguments...)
			if test.mode == "living" {
				// limits of the machine: the tree cannot be made at all
				if r := finish(t, command(t, target[0], target[1:]...)); r.status != 0 {
					t.Skipf("wanted 2000 processes at a time: %s", r.stderr)
				}
			}
			d := audited(t, target...)
			if d.Exit.Status != 0 {
				t.Fatalf("tree %s: status %d", test.mode, d.Exit.Status)
			}
			want := chroots(test.checks)
			for name, n := range test.also {
				want[name] = n
			}
			d.counted(t, want)
			if len(d.Denied) != 0 {
				t.Errorf("refused capabilities: %+v", d.Denied)
			}
			if d.Tasks != test.tasks {
				t.Errorf("%d tasks, the tree has %d", d.Tasks, test.tasks)
			}
		})
	}
}

// The same on a busy machine, where tasks of the tree and others take the CPUs
// from each other at any moment: in the midst of a BPF program, too, where the
// kernel allows it. Not beside other tests, which would have to wait.
func TestTreesAmongOthers(t *testing.T) {
	for _, script := range []string{"while :; do :; done", "while :; do :; done",
		"while :; do /bin/true; done", "exec cat /dev/zero >/dev/null"} {
		other := exec.Command("/bin/sh", "-c", script)
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			other.Process.Kill()
			other.Wait()
		})
	}
	for _, tree := range []struct {
		mode          string
		checks, tasks uint64
		arguments     []string
	}{
		{"storm", 1500, 1501, []string{"1500"}},
		{"living", 300, 301, []string{"300"}},
		{"threads", 8000, 9, []string{"8", "1000"}},
		{"double-exec", 10, 1, []string{"10"}},
	} {
		t.Run(tree.mode, func(t *testing.T) {
			d := audited(t, append([]string{built("tree"), tree.mode}, tree.arguments...)...)
			d.counted(t, chroots(tree.checks))
			if d.Tasks != tree.tasks {
				t.Errorf("%d tasks, the tree has %d", d.Tasks, tree.tasks)
			}
		})
	}
}

// fifo is one with a writer, so that opening it to read does not wait and
// reading does.
func fifo(t *testing.T) (path string, writer *os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	return path, writer
}

// A daemon outlives the command. The audit ends with the command, says so, and
// leaves the daemon alone.
func TestDaemonLeftRunning(t *testing.T) {
	t.Parallel()
	path, release := fifo(t)
	defer release.Write([]byte("x"))
	d := documentOf(t, capAudit(t, "-j", "--", built("tree"), "daemon", "100", path))
	if d.StillRunning != 1 || d.Complete || !d.Exit.Ended || d.Exit.Status != 0 {
		t.Errorf("still running %d, complete %t, exit %+v; wanted 1, false, ended with 0", d.StillRunning,
			d.Complete, d.Exit)
	}
	if diff := cmp.Diff(tally{}, granted(d.Required)); diff != "" {
		t.Errorf("required before the daemon did anything (-want +got):\n%s", diff)
	}
}

// With --follow it is audited whole.
func TestDaemonFollowed(t *testing.T) {
	t.Parallel()
	path, release := fifo(t)
	r := begin(t, capAudit(t, "-j", "-f", "--", built("tree"), "daemon", "100", path))
	r.await(`^\[\*\] Application exited with status 0$`)
	release.Write([]byte("x"))
	d := r.document()
	d.wholeAndConsistent(t)
	d.counted(t, chroots(100))
}

// A program can drop twice, as named does: what it keeps is told from the last
// time. That it takes something out of its effective set alone is no second drop.
func TestLastDrop(t *testing.T) {
	t.Parallel()
	const script = `import ctypes, os
def capset(permitted, effective):
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(effective, permitted)
    if ctypes.CDLL(None).capset(header, data): raise OSError
chroot, chown, nice = 1 << 18, 1 << 0, 1 << 23
open('f', 'w').close()
capset(chroot | chown | nice, chroot | chown | nice)
os.chown('f', 2, 2)
capset(chroot | nice, chroot | nice)
os.chroot('/')
capset(chroot | nice, nice)
os.nice(-1)`
	cmd := capAudit(t, "-j", "--", python(t), "-S", "-E", "-c", script)
	cmd.Dir = t.TempDir()
	d := documentOf(t, cmd)
	var init, operational []string
	for _, c := range d.Init {
		init = append(init, c.Name)
	}
	for _, c := range d.Operational {
		operational = append(operational, c.Name)
	}
	if want := []string{"sys_chroot", "sys_nice"}; !slices.Equal(operational, want) ||
		!slices.Contains(init, "chown") {
		t.Errorf("before the last drop %v, after it %v; wanted %v", init, operational, want)
	}
}

// A capset that takes something away splits the audit in two.
func TestDrop(t *testing.T) {
	t.Parallel()
	d := audited(t, built("tree"), "drop", "300", "70")
	if !d.Dropped || d.CapsetCalls != 1 {
		t.Errorf("dropped %t, %d capset calls; wanted true, 1", d.Dropped, d.CapsetCalls)
	}
	for _, part := range []struct {
		name string
		list []capability
		n    uint64
	}{{"required", d.Required, 370}, {"initialization", d.Init, 300}, {"operational", d.Operational, 70}} {
		if diff := cmp.Diff(chroots(part.n), granted(part.list)); diff != "" {
			t.Errorf("%s capabilities (-want +got):\n%s", part.name, diff)
		}
	}
	if len(d.CapsetOnly) != 0 {
		t.Errorf("capset-only %+v: what was kept was used", d.CapsetOnly)
	}
}

// What comes back as a whole, or merely stays, has not been asked for.
func TestSetThatIsNoChoice(t *testing.T) {
	t.Parallel()
	for _, target := range [][]string{
		{"--reuid", fmt.Sprint(nobody), "--clear-groups", "true"}, // takes the effective set back as a whole
		{"--inh-caps", "-chown", "true"},
		{"true"}, // setpriv sets everything to what it was
	} {
		d := audited(t, append([]string{tool(t, "setpriv")}, target...)...)
		if len(d.CapsetOnly) != 0 || len(d.Recommended) > 3 {
			t.Errorf("setpriv %q: capset-only %+v, recommended %v", target, d.CapsetOnly, d.Recommended)
		}
	}
}

// What a capset keeps and nobody uses is told apart from what was used.
func TestCapsetOnly(t *testing.T) {
	t.Parallel()
	d := audited(t, built("tree"), "drop", "0", "0")
	if !d.Dropped || len(d.Required) != 0 {
		t.Errorf("dropped %t, required %+v", d.Dropped, d.Required)
	}
	if len(d.CapsetOnly) != 1 || d.CapsetOnly[0].Name != "sys_chroot" {
		t.Errorf("capset-only %+v, wanted sys_chroot", d.CapsetOnly)
	}
}

// setpriv and others set what is set already: that asks for nothing.
func TestCapsetWithoutEffect(t *testing.T) {
	t.Parallel()
	d := audited(t, built("tree"), "noop-capset", "50")
	if d.Dropped || d.CapsetCalls != 50 {
		t.Errorf("dropped %t, %d capset calls; wanted false, 50", d.Dropped, d.CapsetCalls)
	}
	if len(d.CapsetOnly) != 0 || len(d.Required) != 0 || len(d.Denied) != 0 {
		t.Errorf("capset-only %+v, required %+v, refused %+v", d.CapsetOnly, d.Required, d.Denied)
	}
	// capset asks for setpcap without need. Where the compiler has put a copy
	// of cap_capable into it, two of the backends cannot see that, and say so.
	probes := granted(d.Advisory)["setpcap"][0]
	inlined := slices.ContainsFunc(d.Limits, func(l string) bool { return strings.HasPrefix(l, "inlined") })
	if probes != 50 && !(inlined && probes == 0) {
		t.Errorf("%d advisory checks of setpcap, wanted 50 (limits %q)", probes, d.Limits)
	}
}

// Workers that the kernel makes for io_uring belong to the tree, though they
// are not forked and make no system calls.
func TestUring(t *testing.T) {
	t.Parallel()
	file := filepath.Join(preparedDir(t), "owned")
	t.Run("granted", func(t *testing.T) {
		d := audited(t, built("uring"), file)
		if d.Exit.Status == 77 {
			t.Skip("wanted io_uring, this kernel or its settings have none")
		}
		if got := granted(d.Required)["dac_override"]; d.Exit.Status != 0 || got != [2]uint64{1, 0} {
			t.Errorf("status %d, dac_override %v, wanted 0 and one grant; required %+v", d.Exit.Status, got,
				d.Required)
		}
		c := d.required("dac_override")
		if c != nil && c.Reason != "Used during capability check (syscall unknown)" {
			t.Errorf("reason %q: a worker is inside no system call", c.Reason)
		}
	})
	// known by the words of a stack that has no user's registers and no system call on it
	t.Run("many", func(t *testing.T) {
		number := fewer(20000, 2000)
		d := audited(t, built("uring"), file, fmt.Sprint(number))
		if d.Exit.Status == 77 {
			t.Skip("wanted io_uring, this kernel or its settings have none")
		}
		var got []uint64
		if c := d.required("dac_override"); c != nil {
			for _, site := range c.Sites {
				got = append(got, site.Checks)
			}
		}
		if !slices.Equal(got, []uint64{number}) && !d.missesChecks() {
			t.Errorf("dac_override was asked for %d times by one function each, wanted %d", got, number)
		}
	})
	t.Run("refused", func(t *testing.T) {
		dir := privileged(t)
		auditor := unprivilegedCapAudit(t, dir)
		uring := installed(t, dir, built("uring"), 0o755)
		d := documentOf(t, as(command(t, auditor, withBackend("-j", "--", uring, file)...), nobody))
		if d.Exit.Status == 77 {
			t.Skip("wanted io_uring for ordinary users, this kernel or its settings have none")
		}
		d.wholeAndConsistent(t)
		if got := refused(d.Denied)["dac_override"]; d.Exit.Status != 1 || got != [2]uint64{0, 1} {
			t.Errorf("status %d, dac_override %v, wanted 1 and one refusal; refused %+v", d.Exit.Status, got,
				d.Denied)
		}
	})
}

// Two audits at once do not see each other's targets, and one inside of the
// other sees its own.
func TestConcurrentAudits(t *testing.T) {
	t.Parallel()
	done := make(chan result)
	const audits = 4
	wanted := map[uint64]bool{}
	for i := range audits {
		wanted[uint64(101+i)] = true
		cmd := capAudit(t, "-j", "--", built("tree"), "fork", fmt.Sprint(100+i))
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		go func() {
			cmd.Run()
			done <- result{status: cmd.ProcessState.ExitCode(), stdout: []byte(out.String()),
				stderr: []byte(errs.String())}
		}()
	}
	for range audits {
		r := <-done
		if r.status != 0 {
			t.Fatalf("status %d: %s", r.status, r.stderr)
		}
		d := decode(t, r.stdout)
		// each of the trees is known by its number of tasks
		if !wanted[d.Tasks] {
			t.Errorf("a tree of %d tasks", d.Tasks)
		}
		// one that reads its maps and is preempted has the kernel skip even the kprobes of the others
		d.compare(t, chroots(d.Tasks-1), granted(d.Required), preemptible())
		delete(wanted, d.Tasks)
	}
	if len(wanted) != 0 {
		t.Errorf("no tree of %v tasks", wanted)
	}
}
