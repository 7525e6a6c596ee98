package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// pid is the number in the first line that begins with this word.
func (r *running) pid(word string) int {
	r.t.Helper()
	pid, err := strconv.Atoi(r.await("^" + word + ` (\d+)$`)[1])
	if err != nil {
		r.t.Fatal(err)
	}
	return pid
}

// gone fails for each of the processes that has not ended.
func gone(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if !hasEnded(pid) {
			t.Errorf("process %d is left", pid)
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// Shells have SIGINT and SIGQUIT ignored by what they start in the background, and
// nohup SIGHUP. Who ends an audit that runs there gets the report, and nothing stays of
// what ignores that which it is not meant to heed.
func TestInTheBackground(t *testing.T) {
	t.Parallel()
	const audited = `sleep 600 & echo child $! >&2
		setsid sleep 600 & echo daemon $! >&2
		echo target $$ >&2; wait`
	for _, shell := range []string{"bash -c", "dash -c", "nohup bash -c", "nohup dash -c"} {
		for _, name := range []string{"INT", "TERM", "QUIT", "HUP"} {
			t.Run(shell+" "+name, func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "report.json")
				words := strings.Fields(shell)
				tool(t, words[0])
				const inBackground = `"$@" & p=$!; echo audit $p >&2; wait $p; echo status $? >&2`
				r := begin(t, command(t, words[0], append(words[1:], inBackground, "sh", capAuditPath,
					"-j", "-o", file, "--", "sh", "-c", audited)...))
				audit, pids := r.pid("audit"), []int{r.pid("child"), r.pid("daemon"), r.pid("target")}
				unix.Kill(audit, unix.SignalNum("SIG"+name))
				if name == "HUP" && words[0] == "nohup" {
					unix.Kill(audit, unix.SIGUSR1) // it is there to answer
					eventually(t, "an interim report",
						func() bool { _, err := os.Stat(file); return err == nil })
					for _, pid := range pids {
						if hasEnded(pid) {
							t.Error("SIGHUP has ended something that nohup had ignore it")
						}
					}
					unix.Kill(audit, unix.SIGTERM)
				}
				if status := r.await(`^status (\d+)$`)[1]; status != "0" {
					t.Errorf("status %s", status)
				}
				gone(t, pids...)
				if d := decodeFile(t, file); !d.Exit.Ended || d.StillRunning != 0 || !d.Complete {
					t.Errorf("exit %+v, still running %d, complete %t", d.Exit, d.StillRunning, d.Complete)
				}
				r.end()
			})
		}
	}
}

// A command that has stopped, or heeds nothing, does not hold up the script either.
func TestDeafInTheBackground(t *testing.T) {
	t.Parallel()
	for name, audited := range map[string]string{
		"stopped": `echo target $$ >&2; kill -STOP $$; sleep 600`,
		"deaf":    `trap "" INT TERM QUIT; echo target $$ >&2; sleep 600; :`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const inBackground = `"$@" & p=$!; echo audit $p >&2; wait $p; echo status $? >&2`
			r := begin(t, command(t, tool(t, "dash"), "-c", inBackground, "sh", capAuditPath, "-j", "-o",
				"/dev/null", "--", "sh", "-c", audited))
			audit, target := r.pid("audit"), r.pid("target")
			eventually(t, "it has stopped, or sleeps", func() bool {
				raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", target))
				return strings.Contains(string(raw), ") T ") || strings.Contains(string(raw), ") S ")
			})
			unix.Kill(audit, unix.SIGINT)
			if status := r.await(`^status (\d+)$`)[1]; status != "0" {
				t.Errorf("status %s", status)
			}
			gone(t, target)
			r.end()
		})
	}
}

// Whatever the command has left behind when a signal comes, or leaves behind then, is
// asked to end.
func TestSignalLeavesNothing(t *testing.T) {
	t.Parallel()
	forking := unitFile(t, publicDir(t), "forking.service", "Type=forking",
		`ExecStart=/bin/sh -c "setsid sleep 600 & echo left $$! >&2"`)
	for name, c := range map[string]struct {
		arguments []string
		exits     bool // the command, by itself
		group     bool // the signal is for the process group
	}{
		"a child in another session": {arguments: []string{"--", "sh", "-c",
			"setsid sleep 600 & echo left $! >&2; wait"}},
		"the whole group signalled": {arguments: []string{"--", "sh", "-c",
			"setsid sleep 600 & echo left $! >&2; wait"}, group: true},
		"a stopped child": {arguments: []string{"--", "sh", "-c",
			"sleep 600 & kill -STOP $!; echo left $! >&2; wait"}},
		"a daemon that is followed": {arguments: []string{"-f", "--", "sh", "-c",
			"setsid sleep 600 & echo left $! >&2"}, exits: true},
		"more than can be waited for": {arguments: []string{"-f", "--", "sh", "-c",
			"for i in $(seq 70); do sleep 600 & done; echo left $! >&2"}, exits: true},
		"a forking service": {arguments: []string{"-s", forking}, exits: true},
		"a test": {arguments: []string{"--test", "echo left $$ >&2; sleep 600", "--",
			"sleep", "600"}},
		"a test of what is gone": {arguments: []string{"--test", "echo left $$ >&2; sleep 600", "--", "true"},
			exits: true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := capAudit(t, append([]string{"-j"}, c.arguments...)...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			r := begin(t, cmd)
			target := r.target()
			left := r.pid("left")
			if c.exits {
				eventually(t, "the command has ended", func() bool { return hasEnded(target) })
			}
			to := cmd.Process.Pid
			if c.group {
				to = -to
			}
			unix.Kill(to, unix.SIGTERM)
			d := r.document()
			d.wholeAndConsistent(t)
			gone(t, target, left)
			if d.StillRunning != 0 {
				t.Errorf("still running: %d", d.StillRunning)
			}
		})
	}
}

// What does not heed that is waited for, until another signal kills it.
func TestSecondSignalKillsWhatIsLeft(t *testing.T) {
	t.Parallel()
	r := begin(t, capAudit(t, "-j", "-f", "--", "sh", "-c",
		`sh -c 'trap "" TERM; echo left $$ >&2; exec sleep 600' &`))
	target, left := r.target(), r.pid("left")
	eventually(t, "the command has ended", func() bool { return hasEnded(target) })
	r.signal(unix.SIGTERM)
	r.await("^Warning: what the command has left behind was asked to end and has not: ")
	r.signal(unix.SIGTERM)
	d := r.document()
	d.wholeAndConsistent(t)
	gone(t, left)
}

// A caller that ignores SIGTERM has it ignored by all that it starts: what is left then
// is killed, as nobody can have meant it to stay.
func TestIgnoredTerminationLeavesNothing(t *testing.T) {
	t.Parallel()
	const script = `trap '' TERM; exec "$0" "$@"`
	for name, audited := range map[string][]string{
		"followed": {"-f", "--", "sh", "-c", "sleep 600 & echo left $! >&2"},
		"of a command that heeds it": {"--", "python3", "-c",
			"import signal, subprocess, sys, time\n" +
				"print('left', subprocess.Popen(['sleep', '600']).pid, file=sys.stderr, flush=True)\n" +
				"signal.signal(signal.SIGTERM, signal.SIG_DFL)\n" +
				"print('ready', file=sys.stderr, flush=True)\n" +
				"time.sleep(600)"},
	} {
		t.Run(name, func(t *testing.T) {
			python(t)
			r := begin(t, command(t, "/bin/sh", append([]string{"-c", script, capAuditPath},
				withBackend(append([]string{"-j"}, audited...)...)...)...))
			left := r.pid("left")
			r.await(`^ready$|^\[\*\] Application exited with status 0$`)
			r.signal(unix.SIGTERM)
			d := r.document()
			d.wholeAndConsistent(t)
			gone(t, left)
		})
	}
}
