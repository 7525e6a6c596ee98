package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// odd are surroundings in which each thing differs from what a shell, or a Go
// program that is careless with them, would make of it.
func odd(command ...string) launch {
	return launch{
		Path: command[0],
		Argv: raws(command...),
		Env: append(raws("PATH=/usr/bin:/bin", "A=1", "A=2", "no equals sign", "=nameless", "", "EMPTY=",
			"TMPDIR=/tmp", "GODEBUG=", "LANG=C", "A=3"), []byte("BYTES=\xff\xfe\x01\x1b\n\\")),
		Ignored: []syscall.Signal{unix.SIGPIPE, unix.SIGHUP, unix.SIGUSR1, unix.SIGCHLD, unix.SIGINT},
		Blocked: []syscall.Signal{unix.SIGUSR2, unix.SIGALRM, 40},
		Umask:   0o137,
		Limits: map[int]unix.Rlimit{
			unix.RLIMIT_NOFILE:  {Cur: 700, Max: 1500}, // Go raises the soft one
			unix.RLIMIT_MEMLOCK: {Cur: 4 << 20, Max: 4 << 20},
			unix.RLIMIT_CORE:    {Cur: 0, Max: 4096},
			unix.RLIMIT_STACK:   {Cur: 4 << 20, Max: 16 << 20},
		},
	}
}

// seen is what show prints when it is run by a command, without the lines that
// are cap-audit's own.
func seen(t *testing.T, dir string, l launch) string {
	t.Helper()
	file := func(name string, flags int) *os.File {
		f, err := os.OpenFile(filepath.Join(dir, name), flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	os.Remove(filepath.Join(dir, "stdout"))
	os.Remove(filepath.Join(dir, "stderr"))
	cmd := launched(t, l)
	cmd.Dir = dir
	cmd.Stdin = file("stdin", os.O_RDWR|os.O_CREATE)
	cmd.Stdout = file("stdout", os.O_RDWR|os.O_CREATE|os.O_APPEND)
	cmd.Stderr = file("stderr", os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	// 3 and 4 as systemd passes sockets, and one further on
	cmd.ExtraFiles = []*os.File{
		file("listen", os.O_RDWR|os.O_CREATE), file("listen", os.O_RDONLY), nil, nil,
		file("inherited", os.O_WRONLY|os.O_CREATE),
	}
	r := finish(t, cmd)
	errs, _ := os.ReadFile(filepath.Join(dir, "stderr"))
	if r.status != 0 || len(errs) != 0 {
		t.Fatalf("%q: status %d, signal %d: %s", l.Argv, r.status, r.signal, errs)
	}
	out, err := os.ReadFile(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	return ofTarget(string(out))
}

// The target finds everything as it would have without cap-audit.
func TestTargetSurroundings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	show := []string{built("show"), "all"}
	direct := seen(t, dir, odd(show...))
	for _, want := range []string{"env no equals sign\n", "env A=1\nenv A=2\n", "rlimit nofile 700 1500\n",
		"umask 0137\n",
		"signals blocked 12 14 40\n", "fd 7 "} {
		if !strings.Contains(direct, want) {
			t.Fatalf("the surroundings themselves are not as meant, %q is missing:\n%s", want, direct)
		}
	}
	report := filepath.Join(t.TempDir(), "report")
	audited := seen(t, dir, odd(append(append([]string{capAuditPath}, withBackend("-o", report, "--")...),
		show...)...))
	if diff := cmp.Diff(direct, audited); diff != "" {
		t.Errorf("the target's surroundings (-direct +audited):\n%s", diff)
	}
	following := seen(t, dir, odd(append(append([]string{capAuditPath},
		withBackend("-f", "-v", "-o", report, "--")...), show...)...))
	var quiet strings.Builder
	for line := range strings.Lines(following) {
		if !strings.HasPrefix(line, "[CAP] ") && !strings.HasPrefix(line, "[SYSCALL] ") {
			quiet.WriteString(line)
		}
	}
	if diff := cmp.Diff(direct, quiet.String()); diff != "" {
		t.Errorf("the target's surroundings with -f -v (-direct +audited):\n%s", diff)
	}
}

// An environment without anything in it stays so.
func TestEmptyEnvironment(t *testing.T) {
	t.Parallel()
	l := odd(append(append([]string{capAuditPath}, withBackend("-o", "/dev/null", "--")...), built("show"),
		"env")...)
	l.Env = nil
	if got := seen(t, t.TempDir(), l); got != "" {
		t.Errorf("environment of the target:\n%s", got)
	}
}

// The identity is the caller's, and file capabilities of cap-audit itself do
// not reach the target.
func TestTargetIdentity(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	show := installed(t, dir, built("show"), 0o755)
	for _, what := range []string{"ids", "caps", "process"} {
		direct := finish(t, as(command(t, show, what), nobody))
		report := finish(t, as(command(t, auditor, withBackend("-o", "/dev/null", "--", show, what)...),
			nobody))
		if report.status != 0 {
			t.Fatalf("status %d: %s", report.status, report.stderr)
		}
		lines := ofTarget(string(report.stdout))
		if diff := cmp.Diff(string(direct.stdout), lines); diff != "" {
			t.Errorf("show %s (-direct +audited):\n%s", what, diff)
		}
		if what == "caps" && !strings.Contains(lines, "caps permitted 0000000000000000\n") {
			t.Errorf("the target has capabilities:\n%s", lines)
		}
	}
}

// The target reads what cap-audit's caller wrote, and cap-audit none of it.
func TestTargetStdin(t *testing.T) {
	t.Parallel()
	cmd := capAudit(t, "-j", "--", "cat")
	cmd.Stdin = strings.NewReader("one\ntwo\n")
	r := finish(t, cmd)
	if r.status != 0 || !strings.Contains(string(r.stderr), "\none\ntwo\n") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}

// A caller that has closed the standard streams is served as well.
func TestClosedStreams(t *testing.T) {
	t.Parallel()
	sh := tool(t, "sh")
	report := filepath.Join(t.TempDir(), "report")
	cmd := exec.CommandContext(t.Context(), sh, append([]string{"-c", `exec "$@" <&- >&- 2>&-`, "sh",
		capAuditPath},
		withBackend("-j", "-o", report, "--", built("tree"), "loop", "6")...)...)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chroots(6), granted(decode(t, raw).Required)); diff != "" {
		t.Errorf("required capabilities (-want +got):\n%s", diff)
	}
}

// What the caller has closed of them is closed for the target.
func TestClosedStreamsStayClosed(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "report")
	const list = `open=; for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && open="$open $n"; done; echo "open:$open" >&2`
	run := func(t *testing.T, auditor, report, closed string) *exec.Cmd {
		return command(t, "/bin/sh", append([]string{"-c", `exec "$0" "$@" ` + closed, auditor},
			withBackend("-o", report, "--", "/bin/sh", "-c", list)...)...)
	}
	for closed, want := range map[string]string{"<&-": "1 2", ">&-": "0 2", "<&- >&-": "2"} {
		t.Run("file capabilities "+closed, func(t *testing.T) {
			_, auditor := deputy(t)
			r := finish(t, as(run(t, auditor, "/dev/null", closed), nobody))
			if !strings.Contains(string(r.stderr), "open: "+want+"\n") {
				t.Errorf("status %d, wanted %s to be open: %s", r.status, want, r.stderr)
			}
		})
		r := finish(t, run(t, capAuditPath, report, closed))
		if r.status != 0 || !strings.Contains(string(r.stderr), "open: "+want+"\n") {
			t.Errorf("%s: status %d, wanted %s to be open: %s", closed, r.status, want, r.stderr)
		}
	}
}

// Arguments are bytes: they need not be text in any encoding.
func TestTargetArguments(t *testing.T) {
	t.Parallel()
	path := roleProgram(t, "argv")
	arguments := []string{"", " ", "-v", "--", "a\nb", "\xff\xfe", "\x1b[m", "\\", "\u2028", "<&>",
		strings.Repeat("x", 100000)}
	direct := finish(t, command(t, path, arguments...))
	r := finish(t, capAudit(t, append([]string{"-o", "/dev/null", "--", path}, arguments...)...))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	if diff := cmp.Diff(string(direct.stderr), string(r.stderr)); diff != "" {
		t.Errorf("arguments (-direct +audited):\n%s", diff)
	}
}
