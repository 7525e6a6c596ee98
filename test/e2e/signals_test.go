package e2e

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// listening is an audited target that tells of each signal, in a session
// without a terminal. The target ends when its standard input does.
func listening(t *testing.T, ignore ...string) (r *running, target int) {
	t.Helper()
	cmd := capAudit(t, append([]string{"-j", "--", roleProgram(t, "listen")}, ignore...)...)
	// without a terminal no signal can have come from its keyboard
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	r = begin(t, cmd)
	target = r.target()
	r.await("^ready$")
	return r, target
}

// got waits until the target has told of each of these signals. What was sent first
// it need not see first: Go's runtime takes them up on several threads.
func (r *running) got(names ...string) {
	r.t.Helper()
	for seen := map[string]bool{}; len(seen) < len(names); {
		seen[r.await("^got (" + strings.Join(names, "|") + ")$")[1]] = true
	}
}

// received are the signals that the target told of, sorted.
func received(end result) string {
	var names []string
	for line := range strings.Lines(string(end.stderr)) {
		if name, ok := strings.CutPrefix(line, "got "); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// A signal to cap-audit is one to the target, once, and SIGCONT with it, should that have
// stopped. The target decides what becomes of it, and the report is written.
func TestSignalsArePassedOn(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			r, _ := listening(t)
			r.signal(sig)
			r.got(unix.SignalName(sig), "SIGCONT")
			// passed on in order: when this arrives, no second of the first is under way
			r.signal(unix.SIGCONT)
			r.got("SIGCONT")
			r.stdin.Close()
			end := r.end()
			d := decode(t, end.stdout)
			d.wholeAndConsistent(t)
			got, want := received(end), "SIGCONT SIGCONT "+unix.SignalName(sig)
			if end.status != 0 || got != want || d.Exit.Status != 5 {
				t.Errorf("status %d, the target got %q and exited with %d; wanted 0, %q and 5", end.status,
					got, d.Exit.Status, want)
			}
		})
	}
}

// The target knows who sent it.
func TestSignalComesFromParent(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"INT", "TERM", "HUP"} {
		cmd := capAudit(t, "-j", "--", built("show"), "wait-signal")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		r := begin(t, cmd)
		r.await("^ready$")
		r.signal(unix.SignalNum("SIG" + name))
		r.await("^" + name + " user parent$")
		if d := r.document(); d.Exit.Status != 0 || d.Exit.Signal != 0 {
			t.Errorf("%s: exit %+v", name, d.Exit)
		}
	}
}

// A target that does not heed the first signal does not survive the second.
func TestSecondSignalKills(t *testing.T) {
	t.Parallel()
	r, target := listening(t, "15")
	// two within 0.3 s are one request: ask until it works, and then no more, or
	// the report is given up
	eventually(t, "the target has ended", func() bool {
		r.signal(unix.SIGTERM)
		return hasEnded(target)
	})
	d := r.document()
	d.wholeAndConsistent(t)
	if d.Exit.Signal != int(unix.SIGKILL) {
		t.Errorf("exit %+v, wanted signal 9", d.Exit)
	}
}

// timeout signals its child and at once the whole process group (cleanup() in
// coreutils' timeout.c), so that cap-audit is asked twice and its target, too.
// That is one request: a target that takes its time to end is not killed.
func TestUnderTimeout(t *testing.T) {
	t.Parallel()
	timeout := tool(t, "timeout")
	for range 10 { // whether both requests are seen is a race
		r := begin(t, command(t, timeout,
			append([]string{"1000", capAuditPath}, withBackend("-j", "--", roleProgram(t, "listen"))...)...))
		r.await("^ready$")
		r.signal(unix.SIGTERM) // treated like the end of its time
		r.got("SIGTERM", "SIGCONT")
		r.stdin.Close()
		end := r.end()
		if d := decode(t, end.stdout); d.Exit.Status != 5 || d.Exit.Signal != 0 {
			t.Fatalf("the target's exit %+v, wanted 5 by itself: %s", d.Exit, end.stderr)
		}
	}
}

// Ctrl-Z stops both, fg continues both.
func TestStopAndContinue(t *testing.T) {
	t.Parallel()
	cmd := capAudit(t, "-j", "--", built("show"), "wait-signal")
	// A group of its own in our session: the kernel does not stop the members
	// of an orphaned process group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r := begin(t, cmd)
	target := r.target()
	r.await("^ready$")
	for range 3 {
		r.signal(unix.SIGTSTP)
		stopped := func() bool {
			return processState(target) == 'T' && processState(r.cmd.Process.Pid) == 'T'
		}
		eventually(t, "cap-audit and its target are stopped", stopped)
		r.signal(unix.SIGCONT)
		eventually(t, "both run again", func() bool {
			return processState(target) == 'S' && processState(r.cmd.Process.Pid) == 'S'
		})
	}
	r.signal(unix.SIGTERM)
	r.await("^TERM user parent$")
	r.document().wholeAndConsistent(t)
}

// Whoever stops and continues it at once has it going on, as any program does.
func TestStoppedAndContinuedAtOnce(t *testing.T) {
	t.Parallel()
	cmd := capAudit(t, "-j", "--", built("show"), "wait-signal")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r := begin(t, cmd)
	target := r.target()
	r.await("^ready$")
	for range fewer(50, 10) {
		r.signal(unix.SIGTSTP)
		r.signal(unix.SIGCONT)
		time.Sleep(20 * time.Millisecond) // for both to be seen, however late
		eventually(t, "both run", func() bool {
			return processState(target) == 'S' && processState(r.cmd.Process.Pid) == 'S'
		})
	}
	r.signal(unix.SIGTERM)
	r.await("^TERM user parent$")
	r.document().wholeAndConsistent(t)
}

// onTerminal starts a command in a session of its own on that terminal.
func onTerminal(t *testing.T, tty *os.File, arguments ...string) *running {
	t.Helper()
	cmd := capAudit(t, arguments...)
	cmd.ExtraFiles = []*os.File{tty}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	return begin(t, cmd)
}

// The terminal sends a Ctrl-C to the target itself; cap-audit must not send it
// another.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	keyboard, tty := scratch.Terminal(t)
	r := onTerminal(t, tty, "-j", "--", roleProgram(t, "listen"))
	r.await("^ready$")
	keyboard.Write([]byte{3})
	r.got("SIGINT", "SIGCONT")
	r.signal(unix.SIGCONT)
	r.got("SIGCONT")
	r.stdin.Close()
	end := r.end()
	if got := received(end); end.status != 0 || got != "SIGCONT SIGCONT SIGINT" {
		t.Errorf("status %d, the target got %q", end.status, got)
	}
}

// A second Ctrl-C is the way out of a target that does not heed the first.
func TestKeyboardTwice(t *testing.T) {
	t.Parallel()
	keyboard, tty := scratch.Terminal(t)
	r := onTerminal(t, tty, "-j", "--", roleProgram(t, "listen"), "2")
	target := r.target()
	r.await("^ready$")
	// two within 0.3 s are one request, and a terminal takes its time to send
	// them: type until it works
	eventually(t, "the target has ended", func() bool {
		keyboard.Write([]byte{3})
		return hasEnded(target)
	})
	if d := r.document(); d.Exit.Signal != int(unix.SIGKILL) {
		t.Errorf("exit %+v, wanted signal 9", d.Exit)
	}
}

// Who kills cap-audit does not kill the target, and nothing stays in the kernel.
func TestKilled(t *testing.T) {
	t.Parallel()
	r := begin(t, capAudit(t, "-j", "--", roleProgram(t, "listen")))
	target := r.target()
	r.await("^ready$")
	ids := bpfOf(t, r.cmd.Process.Pid, "prog")
	if len(ids) == 0 || !bpfProgramExists(ids[0]) {
		t.Fatalf("BPF programs of a running audit: %v", ids)
	}
	r.signal(unix.SIGKILL)
	// the target still answers
	eventually(t, "cap-audit is dead", func() bool {
		s := processState(r.cmd.Process.Pid)
		return s == 'Z' ||
			s == 0
	})
	if err := unix.Kill(target, unix.SIGUSR1); err != nil {
		t.Fatalf("the target: %v", err)
	}
	r.await("^got SIGUSR1$")
	r.stdin.Close()
	r.await("^end$")
	if end := r.end(); end.signal != unix.SIGKILL {
		t.Errorf("status %d, signal %d", end.status, end.signal)
	}
	eventually(t, "the kernel has let go of the BPF programs", func() bool {
		for _, id := range ids {
			if bpfProgramExists(id) {
				return false
			}
		}
		return true
	})
}

// Whenever a signal comes, the audit ends by it or with a report, without a word of
// Go's runtime, and leaves no target.
func TestSignalsAtAnyMoment(t *testing.T) {
	t.Parallel()
	for i := range fewer(40, 8) {
		sig := []syscall.Signal{unix.SIGQUIT, unix.SIGINT, unix.SIGTERM, unix.SIGHUP}[i%4]
		cmd := capAudit(t, "-j", "--", "sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		r := begin(t, cmd)
		time.Sleep(time.Duration(i) * 6 * time.Millisecond) // a moment, not an order of events
		r.signal(sig)
		end := r.end()
		if strings.Contains(string(end.stderr), "goroutine") || end.status != 0 && end.signal != sig {
			t.Fatalf("%s after %d ms: status %d, signal %d: %s", sig, 6*i, end.status, end.signal, end.stderr)
		}
	}
}
