package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A command that would go on for long is ended, and the report has what it did.
func TestAuditsThatAreEnded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ option, value string }{
		{"--duration", "0.5"}, {"-d", "0.5s"}, {"--until-idle", "3s"},
	} {
		t.Run(test.option, func(t *testing.T) {
			d := documentOf(t, capAudit(t, "-j", test.option, test.value, "--",
				"sh", "-c", `"$0" loop 3; sleep 600; :`, built("tree")))
			d.wholeAndConsistent(t)
			if d.Exit.Signal != int(unix.SIGTERM) {
				t.Errorf("it exited with %d, signal %d", d.Exit.Status, d.Exit.Signal)
			}
			if got := granted(d.Required); got["sys_chroot"] != [2]uint64{3, 0} {
				t.Errorf("required: %v", got)
			}
		})
	}
}

// As long as new kinds of checks come, an audit is not idle: here the program
// makes one in each of its runs, and a run takes half of the limit.
func TestNotIdleWhileNewChecksCome(t *testing.T) {
	t.Parallel()
	d := documentOf(t, capAudit(t, "-j", "--until-idle", "2s", "--", "sh", "-c",
		`for name in a b c d; do sleep 1; ln -s "$0" "$1/$name"; "$1/$name" loop 1; done; sleep 600; :`,
		built("tree"), t.TempDir()))
	if got := granted(d.Required); got["sys_chroot"] != [2]uint64{4, 0} {
		t.Errorf("required: %v, wanted 4 of sys_chroot, each by a program of its own", got)
	}
}

// Without the exercise that was meant, nobody is told that all is well.
func TestFailingTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command, want string
	}{
		"exit":   {"exit 7", "the test exited with status 7"},
		"signal": {"kill -9 $$", "the test was ended by signal 9"},
		"typo":   {"no-such-command-at-all", "the test exited with status 127"},
	} {
		t.Run(name, func(t *testing.T) {
			r := finish(t, capAudit(t, "--check", "none", "--test", test.command, "--", "sleep", "600"))
			if r.status != 1 || !strings.Contains(string(r.stderr), "Warning: "+test.want) ||
				!strings.Contains(string(r.stderr),
					"cannot say whether the run fits the policy none: "+test.want) {
				t.Errorf("status %d: %s", r.status, r.stderr)
			}
		})
	}
}

// The test of what ran before ends with it.
func TestTestOfWhatEnds(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, nil)
	mark := filepath.Join(t.TempDir(), "mark")
	r := attachedTo(t, "-p", fmt.Sprint(c.Process.Pid), "--test", "while :; do sleep 0.1; done; touch "+mark)
	c.finish(t)
	end := r.end()
	const want = "the test had not ended when the audit did"
	if end.status != 0 || !strings.Contains(string(end.stderr), want) {
		t.Errorf("status %d: %s", end.status, end.stderr)
	}
	if d := decode(t, end.stdout); d.TestFailed != want {
		t.Errorf("test_failed is %q", d.TestFailed)
	}
}

// What a reader that does not read holds up can be given up: the first signal
// is answered, the second obeyed.
func TestReportNobodyReads(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := capAudit(t, "-v", "--", "sh", "-c", "echo begun >&2; "+built("tree")+" loop 20000; echo done >&2")
	cmd.Stdout = write
	r := begin(t, cmd)
	write.Close()
	r.await("^done$")
	// the target has ended, and the pipe is full of lines
	eventually(t, "the signal is answered", func() bool {
		r.signal(unix.SIGTERM)
		select {
		case line := <-r.lines:
			return strings.HasPrefix(line, "Warning: the report is being written")
		case <-time.After(time.Second):
			return false
		}
	})
	time.Sleep(400 * time.Millisecond) // equal signals sooner than 0.3 s are one
	r.signal(unix.SIGTERM)
	if end := r.end(); end.signal != unix.SIGTERM {
		t.Errorf("status %d, signal %d", end.status, end.signal)
	}
}

// What cap-audit was started with ignored, such as SIGHUP by nohup, ends no audit.
func TestIgnoredSignalsEndNothing(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, nil)
	cmd := command(t, tool(t, "nohup"), append([]string{capAuditPath},
		withBackend("-j", "-p", fmt.Sprint(c.Process.Pid))...)...)
	r := begin(t, cmd)
	r.watched()
	r.signal(unix.SIGHUP)
	if d := r.interim(); !d.Interim { // it is there to answer
		t.Error("no interim report after SIGHUP")
	}
	c.finish(t)
	r.document().wholeAndConsistent(t)
}

// A run that is cut short is nothing to compare another with: that is said at
// once, not after the hour, and with a test after the run.
func TestCutRunIsNotVerified(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		status    int
		says      string
	}{
		{[]string{"--minimize", "-d", "1h"}, 1, "--minimize and --duration: a run that is cut off"},
		{[]string{"--verify", "--until-idle", "1h"}, 1, "--verify and --until-idle: a run that is cut off"},
		{[]string{"--verify", "-d", "0.2s", "--test", "sleep 600"}, 0,
			"not verified: --duration or --until-idle ended the run"},
	} {
		r := finish(t, capAudit(t, append(c.arguments, "-j", "--", "sleep", "600")...))
		if r.status != c.status || !strings.Contains(string(r.stderr), c.says) {
			t.Errorf("%q: status %d: %s", c.arguments, r.status, r.stderr)
		}
	}
}

// SIGUSR1 gives a report on what there is so far, whether the final one goes
// to a file or to standard output, and the audit goes on.
func TestInterimReport(t *testing.T) {
	t.Parallel()
	c := []string{"--", "sh", "-c", `"$0" loop 3; echo waiting >&2; read line; "$0" loop 4`, built("tree")}
	t.Run("to standard error", func(t *testing.T) {
		r := begin(t, capAudit(t, append([]string{"-j"}, c...)...))
		r.await("^waiting$")
		d := r.interim()
		if got := granted(d.Required); got["sys_chroot"] != [2]uint64{3, 0} || !d.Interim || d.Exit.Ended {
			t.Errorf("interim %t, ended %t, required: %v", d.Interim, d.Exit.Ended, got)
		}
		r.stdin.Close()
		d = r.document()
		d.wholeAndConsistent(t)
		if got := granted(d.Required); got["sys_chroot"] != [2]uint64{7, 0} || d.Interim {
			t.Errorf("interim %t, required: %v", d.Interim, got)
		}
	})
	t.Run("to the file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "report.json")
		r := begin(t, capAudit(t, append([]string{"--format", "json", "-o", file}, c...)...))
		r.await("^waiting$")
		r.signal(unix.SIGUSR1)
		eventually(t, "the file is there", func() bool { _, err := os.Stat(file); return err == nil })
		if d := decodeFile(t, file); !d.Interim {
			t.Error("the file is no interim report")
		}
		r.stdin.Close()
		if end := r.end(); end.status != 0 {
			t.Fatalf("status %d: %s", end.status, end.stderr)
		}
		d := decodeFile(t, file)
		d.wholeAndConsistent(t)
		if d.Interim {
			t.Error("the last report is an interim one")
		}
	})
}

func decodeFile(t *testing.T, file string) document {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, raw)
}

// A target that asked to be traced, and stops at signals and execs for its parent to
// let it go on, has not ended by that.
func TestTargetThatWantsToBeTraced(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"100"}, {"100", "signal"}} {
		d := audited(t, append([]string{roleProgram(t, "traceme")}, arguments...)...)
		if got := granted(d.Required); got["sys_chroot"] != [2]uint64{100, 0} || d.Exit.Status != 7 {
			t.Errorf("%v: required %v, exit %+v", arguments, got, d.Exit)
		}
	}
}

// The children of whoever becomes cap-audit are none of the audit's.
func TestChildrenOfTheCaller(t *testing.T) {
	t.Parallel()
	r := begin(t, command(t, "/bin/sh", append([]string{"-c",
		`sleep 600 <&- >&- 2>&- & echo child $! >&2; exec "$0" "$@"`, capAuditPath},
		withBackend("-f", "-j", "--", "sh", "-c", `(sleep 0.3; "$0" loop 3) & exit 4`, built("tree"))...)...))
	child, err := strconv.Atoi(r.await(`^child (\d+)$`)[1])
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Kill(child, unix.SIGKILL)
	d := r.document()
	d.wholeAndConsistent(t)
	if got := granted(d.Required); got["sys_chroot"] != [2]uint64{3, 0} || d.Exit.Status != 4 {
		t.Errorf("required %v, exit %+v", got, d.Exit)
	}
	if hasEnded(child) {
		t.Error("the caller's child was ended")
	}
}

// A tree that heeds no signal and forks on, each process living for a moment, is
// ended by the second signal, and nothing is left of it.
func TestTreeThatForksOn(t *testing.T) {
	t.Parallel()
	t.Run("all", func(t *testing.T) { endTreeThatForksOn(t, "all") })
	t.Run("sampled", func(t *testing.T) {
		needSampling(t)
		endTreeThatForksOn(t, "sampled")
	})
}

func endTreeThatForksOn(t *testing.T, outcomes string) {
	const chains = 8
	r := begin(t, capAudit(t, "-j", "--outcomes", outcomes, "--", built("tree"), "relay", fmt.Sprint(chains)))
	r.await("^ready$")
	r.signal(unix.SIGTERM)
	time.Sleep(time.Second / 2) // sooner it would be the same request; and a third would be for the report
	r.signal(unix.SIGTERM)
	eventually(t, "the audit has ended", func() bool { return hasEnded(r.cmd.Process.Pid) })
	d := r.document()
	if d.StillRunning != 0 || d.Exit.Signal != int(unix.SIGKILL) {
		t.Errorf("still running: %d, exit %+v", d.StillRunning, d.Exit)
	}
}

// Within the time that a command has to end, the second signal kills.
func TestSecondSignalWithinTheGrace(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "mark")
	r := begin(t, capAudit(t, "-j", "--test", "until [ -e "+mark+" ]; do sleep 0.1; done", "--",
		roleProgram(t, "listen"), "2"))
	target := r.target()
	r.await("^ready$")
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r.await("^got SIGTERM$") // five seconds before it gets another
	start := time.Now()
	eventually(t, "the target has ended", func() bool {
		r.signal(unix.SIGINT)
		return hasEnded(target)
	})
	if d := r.document(); d.Exit.Signal != int(unix.SIGKILL) || time.Since(start) > 8*time.Second {
		t.Errorf("after %s, exit %+v", time.Since(start), d.Exit)
	}
}

// What may not be signalled is left after a while, whoever ended the audit, and the report
// says so.
func TestTargetThatMayNotBeKilled(t *testing.T) {
	t.Parallel()
	for name, ended := range map[string][]string{"a time": {"-d", "0.1"}, "a signal": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments := append(append([]string{"-j"}, ended...), "--",
				"setpriv", "--reuid", fmt.Sprint(nobody), "--clear-groups",
				"sh", "-c", "echo ready >&2; exec sleep 600")
			r := begin(t, command(t, tool(t, "setpriv"),
				append([]string{"--bounding-set=-kill", capAuditPath}, withBackend(arguments...)...)...))
			target := r.target()
			if ended == nil {
				r.await("^ready$")
				r.signal(unix.SIGTERM)
			}
			r.await("^Warning: 1 process of the command could not be ended: operation not permitted$")
			eventually(t, "the audit has ended", func() bool { return hasEnded(r.cmd.Process.Pid) })
			unix.Kill(target, unix.SIGKILL) // it holds standard error
			d := r.document()
			if d.StillRunning != 1 || d.Complete || d.Exit.Ended {
				t.Errorf("still running: %d, complete: %t, exit %+v", d.StillRunning, d.Complete, d.Exit)
			}
		})
	}
}
