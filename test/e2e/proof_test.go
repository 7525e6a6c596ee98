package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// proven is what the tests read of a report on repetitions.
type proven struct {
	Recommended []string `json:"recommended_capabilities"`
	Verified    *bool
	Proof       struct {
		Skipped      *string
		Verification *provenRun
		Minimization []provenRun
		Minimal      *provenRun
		Added        []provenFact
		Growth       []provenRun
	}
}

type provenRun struct {
	Without  *string
	Verdict  *string
	Behaved  bool
	Evidence []provenFact
}

type provenFact struct {
	Kind                string
	Capability, Syscall *string
	Text                string
}

// texts are the facts about a run, one a line.
func (r *provenRun) texts() string {
	var list []string
	for _, e := range r.Evidence {
		list = append(list, e.Kind+": "+e.Text)
	}
	return strings.Join(list, "\n")
}

// without is the run without a capability.
func (p *proven) without(t *testing.T, name string) *provenRun {
	t.Helper()
	for i := range p.Proof.Minimization {
		if r := &p.Proof.Minimization[i]; *r.Without == name {
			return r
		}
	}
	t.Fatalf("no run without %s: %+v", name, p.Proof.Minimization)
	return nil
}

// prove runs cap-audit -j with the arguments in a new directory that everybody
// may write to.
func prove(t *testing.T, arguments ...string) *proven {
	t.Helper()
	cmd := capAudit(t, append([]string{"-j"}, arguments...)...)
	cmd.Dir = publicDir(t)
	if err := os.Chmod(cmd.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r := finish(t, cmd)
	if r.status != 0 {
		t.Fatalf("%q: status %d\n%s", cmd.Args, r.status, r.stderr)
	}
	p := &proven{}
	if err := json.Unmarshal(r.stdout, p); err != nil {
		t.Fatalf("%v\n%s", err, r.stdout)
	}
	if p.Proof.Skipped != nil {
		t.Fatalf("not repeated: %s", *p.Proof.Skipped)
	}
	return p
}

// recommends compares the recommended set.
func (p *proven) recommends(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), p.Recommended); diff != "" {
		t.Errorf("recommended (-want +got):\n%s", diff)
	}
	if p.Verified == nil || !*p.Verified {
		t.Errorf("not verified: %s", p.Proof.Verification.texts())
	}
}

// A repetition that is refused something new shows what the set lacks. It does
// here because the second run does something else.
func TestVerifiedSetGrows(t *testing.T) {
	t.Parallel()
	const script = `set -e
		if [ -e mark ]; then rm -f f; touch f; chown daemon f; chroot / true; else touch mark; fi`
	for _, option := range []string{"--verify", "--minimize"} {
		t.Run(option, func(t *testing.T) {
			policy := filepath.Join(t.TempDir(), "policy")
			p := prove(t, option, "--policy-out", policy, "--", "sh", "-c", script)
			p.recommends(t, "chown", "sys_chroot")
			added := p.Proof.Added
			if len(p.Proof.Growth) != 2 || len(added) != 2 ||
				!strings.HasPrefix(added[0].Text, "chown was refused in fchownat") {
				t.Errorf("%+v", p.Proof)
			}
			if raw, err := os.ReadFile(policy); err != nil || !strings.Contains(string(raw), "sys_chroot") {
				t.Errorf("the policy is %s: %v", raw, err)
			}
		})
	}
}

// So it does where the call that fails is like one that had failed before, of a
// process without privileges.
func TestVerifiedSetGrowsOverAlikeFailures(t *testing.T) {
	t.Parallel()
	const script = `import os
if os.path.exists('mark'):
    open('mark', 'w').close()
else:
    open('mark', 'w').close(); os.chmod('mark', 0o600); os.chown('mark', 2, 2)
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
try: open('mark', 'w')
except OSError: pass`
	prove(t, "--verify", "--", python(t), "-S", "-E", "-c", script).recommends(t, "chown", "dac_override",
		"setgid", "setuid")
}

// A single failure of chance adds nothing: what is only refused cannot help.
func TestVerifiedSetDoesNotGrowOverChance(t *testing.T) {
	t.Parallel()
	const script = `[ ! -e second ] || : >third; [ ! -e first ] || : >second
		: >first
		setpriv --reuid=65534 --clear-groups cat /etc/shadow 2>/dev/null
		[ ! -e second ] || [ -e third ]`
	p := prove(t, "--verify", "--", "sh", "-c", script)
	if len(p.Proof.Added)+len(p.Proof.Growth) != 0 || p.Verified == nil || !*p.Verified {
		t.Errorf("verified %v, grew: %+v", p.Verified, p.Proof)
	}
}

// What the kernel grants without a check, because the caller holds all that the
// other process does, is asked for once the set is smaller.
func TestVerifiedReadOfAnotherProcess(t *testing.T) {
	t.Parallel()
	other := command(t, tool(t, "sleep"), "infinity")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	p := prove(t, "--verify", "--", "readlink", fmt.Sprintf("/proc/%d/exe", other.Process.Pid))
	p.recommends(t, "sys_ptrace")
}

// A call that was granted in the first run and fails in a repetition is seen,
// though another fails alike in both: here the second is of a process that has
// given root up, and the first run makes more of those.
func TestMinimizeSeesMaskedFailures(t *testing.T) {
	t.Parallel()
	const script = `import os
def read(name):
    try: return open(name).read()
    except OSError as e: return str(e)
for name in os.listdir(): os.unlink(name)
open('ours', 'w').close(); os.chmod('ours', 0o600)
open('theirs', 'w').close(); os.chmod('theirs', 0o600); os.chown('theirs', 2, 2)
text = read('theirs')
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
for i in range(1 if text else 3): read('ours')
print(text)`
	p := prove(t, "--minimize", "--", python(t), "-S", "-E", "-c", script)
	p.recommends(t, "chown", "dac_read_search", "setgid", "setuid")
	if got := p.without(t, "dac_read_search").texts(); !strings.Contains(got, "refused in open") {
		t.Errorf("without dac_read_search: %s", got)
	}
}

// The kernel executes no program whose file has capabilities that the bounding
// set lacks, and asks for none.
func TestRefusedExecIsEvidence(t *testing.T) {
	t.Parallel()
	setcap := tool(t, "setcap")
	p := prove(t, "--minimize", "--", "sh", "-c",
		`rm -f inner; cp "$1" inner; "$0" cap_net_raw=ep inner; ./inner || :`, setcap, tool(t, "true"))
	if p.Verified == nil || !*p.Verified {
		t.Errorf("not verified: %s", p.Proof.Verification.texts())
	}
	r := p.without(t, "net_raw")
	if *r.Verdict != "needed" || !strings.Contains(r.texts(), "failed: execve failed with -EPERM") {
		t.Errorf("without net_raw: %s: %s", *r.Verdict, r.texts())
	}
}

// A program that tries a privileged way first and comes to the same end by
// another does not need the capability; one that comes to another end does,
// though its exit status is the same.
func TestMinimizeComparesOutput(t *testing.T) {
	t.Parallel()
	const script = `import os, sys, time
for name in os.listdir(): os.unlink(name)
open('f', 'w').write('text'); os.chown('f', 2, 2)
print('begun at', time.time_ns(), 'by', os.getpid(), file=sys.stderr)
try: fd = os.open('f', os.O_RDONLY | os.O_NOATIME); how = 'with'
except PermissionError: fd = os.open('f', os.O_RDONLY); how = 'without'
print(os.read(fd, 4).decode(), %s)`
	for name, test := range map[string]struct {
		last     string
		set      []string
		verdict  string
		evidence string
	}{
		"the same": {"''", []string{"chown"}, "not_needed_in_this_run", "refused: fowner"},
		"different": {"how", []string{"chown", "fowner"}, "needed",
			`output: standard output differs in line 1: "text without" in the place of "text with"`},
		"random": {"os.urandom(9)", []string{"chown"}, "not_needed_in_this_run", "refused: fowner"},
		"another number of lines each time": {`'\n' * (time.time_ns() // 1000000 % 100000)`,
			[]string{"chown", "fowner"}, "needed", "refused: fowner"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prove(t, "--minimize", "--", python(t), "-S", "-E", "-c", fmt.Sprintf(script, test.last))
			p.recommends(t, test.set...)
			r := p.without(t, "fowner")
			if *r.Verdict != test.verdict || !strings.Contains(r.texts(), test.evidence) {
				t.Errorf("verdict %s: %s", *r.Verdict, r.texts())
			}
		})
	}
}

// More than is kept of it is compared as well, and what a program does with its
// streams is let do: here it opens them again, as another user.
func TestMinimizeOfMuchOutput(t *testing.T) {
	t.Parallel()
	const script = `head -c 3000000 /dev/zero; echo x 2>/dev/null >/dev/stdout
		nice -n -5 true 2>&1`
	p := prove(t, "--as", "daemon", "--minimize", "--", "sh", "-c", script)
	p.recommends(t, "sys_nice")
	got := p.without(t, "sys_nice").texts()
	if !strings.Contains(got, "differs after its first 1048576 bytes") {
		t.Errorf("without sys_nice: %s", got)
	}
}

// The first run keeps its terminal.
func TestProvenRunKeepsItsStreams(t *testing.T) {
	t.Parallel()
	const target = "test -t 1 && test -t 2 && echo terminal; nice -n -5 true"
	cmd := command(t, tool(t, "script"), "-qec",
		capAuditPath+" --minimize -j -o report.json -- sh -c '"+target+"'", "/dev/null")
	cmd.Dir = t.TempDir()
	if r := finish(t, cmd); !strings.Contains(string(r.stdout), "terminal") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}

// Where a test decides, nobody reads the output.
func TestVerifyWithTestDiscardsOutput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ options, want []string }{
		"a test":  {[]string{"--verify", "--test", "sleep 0.5"}, []string{"heard", "null"}},
		"no test": {[]string{"--verify"}, []string{"heard", "heard"}},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			prove(t, append(c.options, "--", "sh", "-c", `[ /dev/stdout -ef /dev/null ] &&
				[ /dev/stderr -ef /dev/null ] && echo null >>"$0" || echo heard >>"$0"; sleep 1`, log)...)
			raw, err := os.ReadFile(log)
			if diff := cmp.Diff(c.want, strings.Fields(string(raw))); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// leavesRoot gives up root and serves, whatever was refused; waiting for it to
// serve is the test.
const leavesRoot = `import os, signal, time
for give in (lambda: os.chroot('/'), lambda: os.setgroups([]), lambda: os.setresgid(1, 1, 1),
             lambda: os.setresuid(1, 1, 1)):
    try: give()
    except OSError as e: print(e)
open('ready', 'w').close()
%s
signal.pause()`

const untilReady = "for i in $(seq 500); do [ -e ready ] && exec rm -f ready; sleep 0.02; done; exit 1"

// What a daemon gives privileges up with is kept, though the test is content
// without, and the advice for it stays the same. What fails in the final run is
// told.
func TestGivingUpIsNotMinimizedAway(t *testing.T) {
	t.Parallel()
	nice := strings.Replace(leavesRoot, "(lambda", "(lambda: os.nice(-1), lambda", 1)
	arguments := []string{"--minimize", "--test", untilReady, "--", python(t), "-S", "-E", "-c",
		fmt.Sprintf(nice, "")}
	p := prove(t, arguments...)
	p.recommends(t, "setgid", "setuid", "sys_chroot")
	for _, name := range []string{"setgid", "setuid", "sys_chroot"} {
		if r := p.without(t, name); *r.Verdict != "gives_privileges_up" || !r.Behaved {
			t.Errorf("%s: %s, %s", name, *r.Verdict, r.texts())
		}
	}
	if got := p.Proof.Minimal.texts(); !strings.Contains(got, "sys_nice was refused in") {
		t.Errorf("in the final run: %s", got)
	}
	cmd := capAudit(t, append([]string{"--emit", "systemd"}, arguments...)...)
	cmd.Dir = publicDir(t)
	if err := os.Chmod(cmd.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if r := finish(t, cmd); !strings.Contains(string(r.stdout), "# It starts as root and changes to") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}

// Who begins as a user has no root to give up: setuid for that would be the greater privilege.
func TestGivingUpOfAUserIsMinimizedAway(t *testing.T) {
	t.Parallel()
	p := prove(t, "--minimize", "--as", "nobody", "--", python(t), "-S", "-E", "-c", `import os
for give in (lambda: os.setgroups([]), lambda: os.setgid(1), lambda: os.setuid(1)):
    try: give()
    except OSError: pass`)
	for _, name := range []string{"setgid", "setuid"} {
		r := p.without(t, name)
		if *r.Verdict != "not_needed_in_this_run" || slices.Contains(p.Recommended, name) {
			t.Errorf("%s: %s, %s; recommended: %v", name, *r.Verdict, r.texts(), p.Recommended)
		}
	}
}

// What a daemon needs to stop is needed: it is told, and it is for it to end its
// workers, which run as another user.
func TestStoppingIsPartOfTheProof(t *testing.T) {
	t.Parallel()
	const master = `import os, signal
told, tell = os.pipe()
worker = os.fork()
if worker == 0:
    for give in (lambda: os.setresgid(1, 1, 1), lambda: os.setresuid(1, 1, 1)):
        try: give()
        except OSError: pass
    os.write(tell, b'x')
    while True: signal.pause()
def stop(*_):
    try: os.kill(worker, signal.SIGTERM); os.wait()
    except OSError: pass
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
os.read(told, 1)
open('ready', 'w').close()
while True: signal.pause()`
	for name, command := range map[string][]string{
		"the command":       {python(t), "-S", "-E", "-c", master},
		"in the background": {"sh", "-c", `"$0" -S -E -c "$1" & :`, python(t), master},
	} {
		t.Run(name, func(t *testing.T) {
			p := prove(t, append([]string{"--minimize", "--test", untilReady, "--"}, command...)...)
			p.recommends(t, "kill", "setgid", "setuid")
			if got := p.without(t, "kill").texts(); !strings.Contains(got, "stop: ") ||
				!strings.Contains(got, "kill was refused in kill, which failed with -EPERM") {
				t.Errorf("without kill: %s", got)
			}
		})
	}
}

// A command that does not pass it on is helped, each time.
func TestDescendantsAreToldAtLast(t *testing.T) {
	t.Parallel()
	p := prove(t, "--verify", "--test", untilReady, "--", "sh", "-c",
		"trap : TERM; chroot / true; touch ready; sleep 600; :")
	p.recommends(t, "sys_chroot")
}

// What the first run made is there in the second: the capability that making it
// took is kept, though no repetition needs it.
func TestWhatIsNotAskedForAgainIsKept(t *testing.T) {
	t.Parallel()
	p := prove(t, "--minimize", "--", "sh", "-ec",
		"[ -d cache ] || { mkdir cache; chown daemon cache; }; chroot / true; nice -n -5 true 2>/dev/null")
	p.recommends(t, "chown", "sys_chroot")
	if r := p.without(t, "chown"); *r.Verdict != "not_asked_again" ||
		!strings.Contains(r.texts(), "chown was granted in fchownat before, and not asked for again") {
		t.Errorf("%s: %s", *r.Verdict, r.texts())
	}
	if r := p.without(t, "sys_nice"); *r.Verdict != "not_needed_in_this_run" {
		t.Errorf("%s: %s", *r.Verdict, r.texts())
	}
}

// A run that had to be killed leaves a lock behind, over which the next would
// fail: nothing is concluded from that.
func TestKilledRunSpoilsNoOther(t *testing.T) {
	t.Parallel()
	const script = `[ ! -e lock ] || exit 1; touch lock f; chown daemon f || sleep 600
		rm -f lock f; chroot / true`
	p := prove(t, "--minimize", "--", "sh", "-c", script)
	p.recommends(t, "chown", "sys_chroot")
	if r := p.without(t, "chown"); *r.Verdict != "needed" || !strings.Contains(r.texts(), "timeout: ") {
		t.Errorf("chown %s: %s", *r.Verdict, r.texts())
	}
	r := p.without(t, "sys_chroot")
	if *r.Verdict != "not_tried" || !strings.Contains(r.texts(), "spoilt: since a run before had to be") {
		t.Errorf("sys_chroot %s: %s", *r.Verdict, r.texts())
	}
}
