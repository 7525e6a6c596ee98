package e2e

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// way is a line of reach --list. Its capability is "" where nothing is ever asked.
type way struct {
	name, capability string
	// more: the kernel asks for others besides; later: only later kernels ask
	more, later bool
}

func waysToReach(t *testing.T) []way {
	t.Helper()
	r := finish(t, command(t, built("reach"), "--list"))
	var list []way
	for line := range strings.Lines(string(r.stdout)) {
		name, capability, _ := strings.Cut(strings.TrimSpace(line), " ")
		if capability == "none" {
			capability = ""
		}
		capability, more := strings.CutSuffix(capability, "+")
		capability, later := strings.CutSuffix(capability, "?")
		list = append(list, way{name, capability, more, later})
	}
	if len(list) < 30 {
		t.Fatalf("reach --list has %d ways:\n%s%s", len(list), r.stdout, r.stderr)
	}
	return list
}

// otherProcess is what reach takes for one that runs beside the audited tree.
func otherProcess(t *testing.T, arguments ...string) string {
	t.Helper()
	cmd := command(t, built("reach"), append([]string{"wait"}, arguments...)...)
	// others have it too, where a process group is meant
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// refusedWithout establishes the truth: without any capability the kernel refuses.
func refusedWithout(t *testing.T, w way, other string) {
	t.Helper()
	r := finish(t, command(t, tool(t, "setpriv"), "--bounding-set", "-all", "--", built("reach"),
		w.name, other))
	want := 0
	if w.capability != "" {
		want = 1
	}
	if r.status == 77 {
		t.Skipf("wanted a kernel with %s: %s", w.name, r.stderr)
	}
	if w.later && r.status == 0 {
		t.Skipf("wanted a kernel that guards %s, this one lets everybody", w.name)
	}
	if r.status != want {
		t.Fatalf("reach %s without capabilities: status %d, wanted %d: %s", w.name, r.status, want, r.stderr)
	}
}

// enough is the capability that the kernel is content with: a lesser one, if it
// says so itself.
func enough(t *testing.T, w way, other string) string {
	t.Helper()
	r := finish(t, command(t, tool(t, "setpriv"), "--bounding-set", "-all,+perfmon", "--", built("reach"),
		w.name, other))
	if w.capability == "sys_ptrace" && r.status == 0 {
		return "perfmon"
	}
	return w.capability
}

// Whoever holds what another process holds is not asked: the capability is found to be needed all the
// same, and the way it is known is said.
func TestReachingAnotherProcess(t *testing.T) {
	t.Parallel()
	for _, w := range waysToReach(t) {
		t.Run(w.name, func(t *testing.T) {
			other := otherProcess(t)
			refusedWithout(t, w, other)
			d := audited(t, built("reach"), w.name, other)
			var want []string
			if w.capability != "" {
				want = []string{w.capability}
			}
			var unasked []string
			for _, c := range d.Unasked {
				unasked = append(unasked, c.Name)
				for _, call := range c.Calls {
					if call.Concluded != (d.Backend == "tracepoint") || call.Count == 0 {
						t.Errorf("%s, backend %s: %+v", c.Name, d.Backend, call)
					}
				}
			}
			if diff := cmp.Diff(want, unasked); diff != "" {
				t.Errorf("not asked for (-want +got):\n%s", diff)
			}
			recommended := []string{}
			if w.capability != "" {
				recommended = append(recommended, enough(t, w, other))
			}
			if w.more {
				if !slices.Contains(d.Recommended, w.capability) {
					t.Errorf("recommended %v, without %s", d.Recommended, w.capability)
				}
			} else if diff := cmp.Diff(recommended, d.Recommended); diff != "" {
				t.Errorf("recommended (-want +got):\n%s", diff)
			}
		})
	}
}

// eachWay goes all the ways, and says how each went.
const eachWay = `reach=$1 whose=$2; shift 2
	for way; do "$reach" "$way" "$whose"; echo "$way: $?" >&2; done`

// TestReachingTogether: all ways in one audit, and those for which nothing is needed in another, for machines
// on which each takes seconds.
func TestReachingTogether(t *testing.T) {
	t.Parallel()
	other := otherProcess(t)
	for _, needed := range []bool{true, false} {
		t.Run(fmt.Sprintf("needed=%t", needed), func(t *testing.T) {
			line := []string{"-j", "--", tool(t, "sh"), "-c", eachWay, "sh", built("reach"), other}
			var ways []way
			for _, w := range waysToReach(t) {
				if (w.capability != "") == needed && !w.later {
					ways = append(ways, w)
					line = append(line, w.name)
				}
			}
			r := finish(t, capAudit(t, line...))
			d := decode(t, r.stdout)
			d.wholeAndConsistent(t)
			var want, got []string
			went := 0
			for _, w := range ways {
				if strings.Contains(string(r.stderr), "\n"+w.name+": 77\n") {
					t.Logf("wanted a kernel with %s", w.name)
					continue
				}
				went++
				if needed && !slices.Contains(want, w.capability) {
					want = append(want, w.capability)
				}
			}
			counted := uint64(0)
			for _, c := range d.Unasked {
				got = append(got, c.Name)
				for _, call := range c.Calls {
					counted += call.Count
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("not asked for (-want +got):\n%s", diff)
			}
			if needed && counted < uint64(went) && !d.missesUnasked() {
				t.Errorf("%d ways gone, %d grants without a check counted", went, counted)
			}
		})
	}
}

// What the program does to its own processes needs nothing: they hold no more than it does, whatever it is
// given. Nor does what it does to processes that hold nothing. One audit is enough: it tells of any need.
func TestReachingOwnAndBareProcesses(t *testing.T) {
	t.Parallel()
	ways := waysToReach(t)
	for name, whose := range map[string]string{"own": "child", "bare": otherProcess(t, "bare")} {
		t.Run(name, func(t *testing.T) {
			line := []string{"-j", "--", tool(t, "sh"), "-c", eachWay, "sh", built("reach"), whose}
			for _, w := range ways {
				line = append(line, w.name)
			}
			r := finish(t, capAudit(t, line...))
			d := decode(t, r.stdout)
			d.wholeAndConsistent(t)
			if len(d.Unasked) != 0 {
				t.Errorf("not asked for: %+v", d.Unasked)
			}
			for _, w := range ways {
				switch said := string(r.stderr); {
				case strings.Contains(said, "\n"+w.name+": 77\n"):
					t.Logf("wanted a kernel with %s", w.name)
				case !strings.Contains(said, "\n"+w.name+": 0\n"):
					t.Errorf("%s failed:\n%s", w.name, said)
				}
			}
		})
	}
}

// All processes of a user are meant, here of one that has capabilities.
func TestReachingTheProcessesOfAUser(t *testing.T) {
	t.Parallel()
	const user = 4243
	with := func(cmd *exec.Cmd, capabilities ...uintptr) *exec.Cmd {
		as(cmd, user).SysProcAttr.AmbientCaps = capabilities
		return cmd
	}
	other := with(command(t, publicShow(), "wait-signal"), unix.CAP_SYS_NICE, unix.CAP_KILL)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		other.Process.Kill()
		other.Wait()
	}()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	dir := publicDir(t)
	auditor, reach := installed(t, dir, capAuditPath, 0o755), installed(t, dir, built("reach"), 0o755)
	d := documentOf(t, with(command(t, auditor, withBackend("-j", "--", reach, "setpriority-user", "1")...),
		unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_PTRACE, unix.CAP_SYS_NICE, unix.CAP_KILL))
	if diff := cmp.Diff([]string{"sys_nice"}, d.Recommended); diff != "" || d.Exit.Status != 0 {
		t.Errorf("status %d, recommended (-want +got):\n%s", d.Exit.Status, diff)
	}
}

// Windows of other lengths than others may have are for who holds
// CAP_SYS_RESOURCE when it opens a file of pressure.
func TestPressureTrigger(t *testing.T) {
	t.Parallel()
	const files = "/proc/pressure/memory"
	write := func(window string) []string {
		return []string{"/bin/sh", "-c", "exec 3<>" + files + " && echo some 150000 " + window + " >&3"}
	}
	setpriv := tool(t, "setpriv")
	truth := finish(t, command(t, setpriv, slices.Concat([]string{"--bounding-set", "-sys_resource", "--"},
		write("1000000"))...))
	if truth.status == 0 || finish(t, command(t, "/bin/sh", write("1000000")[1:]...)).status != 0 {
		t.Skipf("wanted %s, and CAP_SYS_RESOURCE: %s", files, truth.stderr)
	}
	for window, want := range map[string][]string{"1000000": {"sys_resource"}, "4000000": {}} {
		d := audited(t, write(window)...)
		if diff := cmp.Diff(want, d.Recommended); diff != "" || d.Exit.Status != 0 {
			t.Errorf("window of %s: status %d, recommended (-want +got):\n%s", window, d.Exit.Status, diff)
		}
	}
}

// Root of a user namespace is mapped by whoever held CAP_SETFCAP when making it.
func TestMappingRoot(t *testing.T) {
	t.Parallel()
	unshare, run := tool(t, "unshare"), built("need")
	truth := finish(t, command(t, tool(t, "setpriv"), "--bounding-set", "-all",
		unshare, "-Ur", run, "--list"))
	if truth.status == 0 {
		t.Skip("wanted a kernel that refuses root to map root without CAP_SETFCAP (5.12)")
	}
	for name, c := range map[string]struct {
		arguments, want []string
	}{
		"root":         {[]string{"-Ur"}, []string{"setfcap"}},
		"another user": {[]string{"-U", "--map-users=1:1:1", "--map-groups=1:1:1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := audited(t, slices.Concat([]string{unshare}, c.arguments, []string{run, "--list"})...)
			var got []string
			for _, u := range d.Unasked {
				got = append(got, u.Name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("not asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// Who changes a mount that is there gives a source that nobody looks for, whatever it names.
func TestRemountLooksForNoSource(t *testing.T) {
	t.Parallel()
	const remount = `
import ctypes, sys
libc, MS_REMOUNT, MS_BIND, MS_PRIVATE = ctypes.CDLL(None, use_errno=True), 32, 4096, 1 << 18
source, target = (name.encode() for name in sys.argv[1:])
libc.unshare(0x20000) # CLONE_NEWNS
if libc.mount(None, b"/", None, MS_PRIVATE, None) or libc.mount(target, target, None, MS_BIND, None):
    sys.exit(77)
sys.exit(libc.mount(source, target, None, MS_REMOUNT | MS_BIND, None))`
	pid, _, _ := strings.Cut(otherProcess(t), ":")
	r := finish(t, capAudit(t, "-j", "--", python(t), "-c", remount, "/proc/"+pid+"/root", t.TempDir()))
	if r.status == 77 {
		t.Skip("wanted a root directory that is a mount point")
	}
	if d := decode(t, r.stdout); r.status != 0 || len(d.Unasked) > 0 {
		t.Errorf("status %d, not asked for: %+v", r.status, d.Unasked)
	}
}
