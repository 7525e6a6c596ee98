package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// needSampling skips where the kernel cannot do with a sample.
func needSampling(t testing.TB) {
	t.Helper()
	var answer struct {
		Sampled struct {
			Works  bool
			Reason string
		} `json:"outcomes_sampled"`
	}
	r := finish(t, command(t, capAuditPath, "--probe", "-j"))
	if err := json.Unmarshal(r.stdout, &answer); err != nil {
		t.Fatal(err)
	}
	if !answer.Sampled.Works {
		t.Skipf("wanted a kernel that can do with a sample of outcomes: %s", answer.Sampled.Reason)
	}
}

// lookedAt is what each way of looking at outcomes makes of a script, which runs
// already when the audit begins.
func lookedAt(t *testing.T, uid uint32, line string, arguments ...string) document {
	t.Helper()
	tree := installed(t, publicDir(t), built("tree"), 0o755)
	shell := command(t, tool(t, "sh"), "-c", "read line; "+line, "sh", tree)
	gate, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if uid != 0 {
		as(shell, uid)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	r := attachedTo(t, append(arguments, "-p", fmt.Sprint(shell.Process.Pid))...)
	fmt.Fprintln(gate, "go")
	if err := shell.Wait(); err != nil {
		t.Fatal(err)
	}
	d := r.document()
	d.wholeAndConsistent(t)
	return d
}

// Where a sample has all that there is, it shows what a look at all shows.
func TestSampledOutcomesAreTrue(t *testing.T) {
	needSampling(t)
	for name, c := range map[string]struct {
		uid  uint32
		line string
	}{
		"granted":  {0, `"$1" loop 50; "$1" fork 7; :`},
		"refused":  {nobody, `"$1" loop 50; "$1" fork 7; :`},
		"dropping": {0, `exec "$1" drop 3 4`},
		"capsets":  {0, `"$1" noop-capset 1000; :`},
		// the map tells of setfcap, for which nobody is asked
		"root map": {0, tool(t, "unshare") + " --map-root-user true"},
	} {
		t.Run(name, func(t *testing.T) {
			all := lookedAt(t, c.uid, c.line, "--outcomes", "all")
			sampled := lookedAt(t, c.uid, c.line)
			if all.Outcomes != "all" || sampled.Outcomes != "sampled" {
				t.Fatalf("outcomes: %s, %s", all.Outcomes, sampled.Outcomes)
			}
			if len(all.Required)+len(all.Denied)+len(all.Unasked)+all.CapsetCalls == 0 {
				t.Fatalf("nothing to compare: %+v", all)
			}
			for i := range sampled.Denied {
				if d := &sampled.Denied[i]; d.LookedAt == nil || *d.LookedAt != d.NotGranted {
					t.Errorf("%s: %v calls looked at, of %d", d.Name, d.LookedAt, d.NotGranted)
				} else {
					d.LookedAt = nil
				}
			}
			for i := range sampled.Required {
				sampled.Required[i].LookedAt = nil
			}
			type truth struct {
				Required, CapsetOnly, Init, Operational []capability
				Denied                                  []denied
				Unasked                                 any
				Capsets                                 int
				Dropped                                 bool
				Total                                   uint64
			}
			of := func(d document) truth {
				for _, list := range [][]capability{d.Init, d.Operational} {
					for i := range list {
						list[i].LookedAt = nil
					}
				}
				return truth{d.Required, d.CapsetOnly, d.Init, d.Operational, d.Denied, d.Unasked,
					d.CapsetCalls, d.Dropped, d.TotalChecks}
			}
			times := cmpopts.IgnoreFields(capability{}, "First", "Last")
			stacks := cmpopts.IgnoreFields(callSite{}, "Stacks") // of copies of the program
			if diff := cmp.Diff(of(all), of(sampled), times, stacks); diff != "" {
				t.Errorf("- all, + sampled:\n%s", diff)
			}
		})
	}
}

// Who may not lock so much memory is answered by ENOMEM, which is for want of permission all the same. The
// document has the contract's classes.
func TestRefusedByAnotherCode(t *testing.T) {
	t.Parallel()
	ways := installed(t, publicDir(t), built("ways"), 0o755)
	command := []string{"--", tool(t, "prlimit"), "--memlock=4096", tool(t, "setpriv"), "--reuid=65534",
		"--clear-groups", tool(t, "sh"), "-c", ways + " lock 65536; :"}
	said := func(options ...string) []byte {
		cmd := capAudit(t, append(options, command...)...)
		cmd.Dir = "/" // the shell looks at where it is
		cmd.Env = append(cmd.Environ(), "PWD=/")
		return finish(t, cmd).stdout
	}
	d := decode(t, said("-j"))
	if len(d.Denied) != 1 || d.Denied[0].Name != "ipc_lock" || len(d.Denied[0].Outcomes) != 1 ||
		d.Denied[0].Assessment != "denial_not_established" ||
		value(d.Denied[0].Outcomes[0].ReturnName) != "ENOMEM" {
		t.Errorf("denied: %+v", d.Denied)
	}
	text := string(said())
	if !strings.Contains(text, "A call with a refused check failed for want of permission.") {
		t.Errorf("it says\n%s", text)
	}
}

// Where /proc hides others' processes, who may not see them is told that there are none.
func TestRefusedToSeeProcesses(t *testing.T) {
	t.Parallel()
	other := command(t, tool(t, "sleep"), "infinity")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	look := fmt.Sprintf("mount -t proc -o hidepid=invisible proc /proc && "+
		"exec setpriv --reuid=65534 --regid=65534 --clear-groups cat /proc/%d/status", other.Process.Pid)
	policy := filepath.Join(t.TempDir(), "policy")
	r := finish(t, capAudit(t, "--policy-out", policy, "--", tool(t, "unshare"), "--mount", "sh", "-c", look))
	if text := string(r.stdout); !strings.Contains(text, "; refused: sys_ptrace") {
		t.Errorf("it says\n%s", text)
	}
	if !strings.Contains(string(r.stderr), "may allow too little: a refusal may be why it failed") {
		t.Errorf("of the policy: %s", r.stderr)
	}
}

// What goes on while it is read has no more outcomes than checks.
func TestOutcomesOfWhatGoesOn(t *testing.T) {
	t.Parallel()
	c := command(t, tool(t, "perl"), "-e", `open F, "<", "/etc/shadow" while 1`)
	as(c, nobody)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		r := finish(t, capAudit(t, "-j", "--outcomes", "all", "-d", "0.1s", "-p", fmt.Sprint(c.Process.Pid)))
		d := decode(t, r.stdout)
		if len(d.Denied) != 2 {
			t.Fatalf("denied: %+v", d.Denied)
		}
		for _, refused := range d.Denied {
			if n := refused.Outcomes[0].Count; n > refused.NotGranted {
				t.Errorf("%s: %d calls with a refused check, of %d", refused.Name, n, refused.NotGranted)
			}
		}
	}
}

// All checks are counted, whatever is looked at; and of a sample the report says so.
func TestManyChecksOfASample(t *testing.T) {
	needSampling(t)
	const checks = 200000
	d := lookedAt(t, nobody, fmt.Sprintf(`"$1" loop %d; :`, checks))
	d.countedRefused(t, tally{"sys_chroot": {0, checks}})
	if len(d.Denied) != 1 || d.Denied[0].LookedAt == nil {
		t.Fatalf("denied: %+v", d.Denied)
	}
	seen := *d.Denied[0].LookedAt
	if seen < 64 || seen > checks/32 {
		t.Errorf("%d calls looked at", seen)
	}
	for _, o := range d.Denied[0].Outcomes {
		if o.Class != "permission_failure" || o.Count != seen {
			t.Errorf("outcome: %+v, of %d looked at", o, seen)
		}
	}
}

var atSyscallEnd = regexp.MustCompile(`(?m)^tp_name:\s*sys_exit$`)

// watchesSyscallEnds reports whether a process has a program at the end of every
// system call.
func watchesSyscallEnds(t *testing.T, pid int) bool {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptors of %d: %v", pid, err)
	}
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil && atSyscallEnd.Match(raw) {
			return true
		}
	}
	return false
}

// Nothing is attached to the end of all system calls for what runs already, unless
// that is wanted, and for what is started something is, unless not.
func TestWhatWatchesSyscallEnds(t *testing.T) {
	needSampling(t)
	sleep := command(t, tool(t, "sleep"), "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sleep.Process.Kill()
		sleep.Wait()
	})
	runs, starts := []string{"-p", fmt.Sprint(sleep.Process.Pid)}, []string{"--", "sleep", "60"}
	for name, c := range map[string]struct {
		want      bool
		arguments []string
	}{
		"runs":             {false, runs},
		"a group runs":     {false, []string{"--cgroup", group(t)}},
		"runs, all":        {true, append([]string{"--outcomes", "all"}, runs...)},
		"starts":           {true, starts},
		"starts, a sample": {false, append([]string{"--outcomes", "sampled"}, starts...)},
	} {
		t.Run(name, func(t *testing.T) {
			r := attachedTo(t, c.arguments...)
			if got := watchesSyscallEnds(t, r.cmd.Process.Pid); got != c.want {
				t.Errorf("a program at the end of all system calls: %t", got)
			}
			r.signal(unix.SIGINT)
			r.end()
		})
	}
}

// A death in a call that was chosen is no outcome, and no loss.
func TestDeathInASampledCall(t *testing.T) {
	needSampling(t)
	r := begin(t, capAudit(t, "-j", "--outcomes", "sampled", "--", tool(t, "sh"), "-c",
		`for i in 1 2 3 4 5 6 7 8; do "$0" loop 1000000 & kill -KILL $!; wait; done; :`, built("tree")))
	d := r.document()
	if d.Losses["outcomes"] != 0 || !d.Complete {
		t.Errorf("complete %t, losses: %v", d.Complete, d.Losses)
	}
}

// A call site counts the way that its calls fail first; there are others, and several threads at a time.
func TestCallsFailInDifferentWays(t *testing.T) {
	t.Parallel()
	const each = 3000
	d := audited(t, python(t), "-c", fmt.Sprintf(`
import ctypes, threading
libc = ctypes.CDLL(None)
def calls(lengths):
    for i in range(%d): # the length is looked at first, then the address
        libc.sethostname(None, ctypes.c_size_t(lengths[i %% len(lengths)]))
threads = [threading.Thread(target=calls, args=[l]) for l in ([-1], [-1, 5], [5], [-1, -1, 5])]
for t in threads: t.start()
for t in threads: t.join()
`, each))
	got := map[int]uint64{}
	if c := d.required("sys_admin"); c != nil {
		for _, o := range c.FailedAnyway {
			got[o.Errno] += o.Count
		}
	}
	want := map[int]uint64{int(unix.EINVAL): each + each/2 + each*2/3,
		int(unix.EFAULT): each + each/2 + each/3}
	if diff := cmp.Diff(want, got); diff != "" && !d.missesChecks() {
		t.Errorf("failed calls (-made +counted):\n%s", diff)
	}
}

// The outcome of a call in which only a probe was refused is none of a need's, though the call is the
// same: how the new oom_score_adj is kept is no question, whether it may be so low is one.
func TestOutcomesOfNeedsAlone(t *testing.T) {
	t.Parallel()
	for _, outcomes := range []string{"all", "sampled"} {
		t.Run(outcomes, func(t *testing.T) {
			if outcomes == "sampled" {
				needSampling(t)
			}
			const to = " >/proc/self/oom_score_adj; "
			r := finish(t, capAudit(t, "-j", "--outcomes", outcomes, "--", tool(t, "setpriv"),
				"--bounding-set=-sys_resource", tool(t, "sh"), "-c",
				"for i in 1 2 3 4 5 6 7 8; do echo 800"+to+"echo 900"+to+"done; echo -1000"+to+":"))
			d := decode(t, r.stdout)
			if len(d.Denied) != 1 || d.Denied[0].NotGranted != 1 || len(d.Denied[0].Outcomes) != 1 ||
				d.Denied[0].Outcomes[0].RawReturn != -int(unix.EACCES) {
				t.Errorf("sys_resource was refused once where it mattered, not so: %+v", d.Denied)
			}
		})
	}
}
