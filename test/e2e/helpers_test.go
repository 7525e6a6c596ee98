package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// patience bounds every wait for a fact. It only decides how soon a failure
// is seen, so it suits an emulated machine.
const patience = 2 * time.Minute

// fewer is how many of something a test makes: in an emulated machine, which
// takes ten times as long, the second.
func fewer(otherwise, inVM uint64) uint64 {
	if os.Getenv("CAP_AUDIT_VM") != "" {
		return inVM
	}
	return otherwise
}

// nobody is a user without any privilege. Nothing that the tests make is its.
const nobody = 65534

// built is the path of one of the C programs.
func built(name string) string { return filepath.Join(programs, name) }

// result is how a command ended and what it wrote.
type result struct {
	status         int
	signal         syscall.Signal
	stdout, stderr []byte
}

// progress are the lines that a run of cap-audit puts among what its target prints.
// That on the end comes with a newline of its own before it.
var progress = regexp.MustCompile(`\n\[\*\] Application [^\n]*\n|(?m:^)\[\*\] [^\n]*\n`)

// ofTarget is what the target printed.
func ofTarget(out string) string { return progress.ReplaceAllString(out, "") }

// capAudit is a cap-audit to be started, with the forced backend.
func capAudit(t testing.TB, arguments ...string) *exec.Cmd {
	return command(t, capAuditPath, withBackend(arguments...)...)
}

// command is killed when the test ends. A pipe that a descendant keeps open
// does not keep the test waiting for ever.
func command(t testing.TB, path string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), path, arguments...)
	cmd.WaitDelay = patience
	return cmd
}

// finish runs a command to its end.
func finish(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	return resultOf(cmd.ProcessState, stdout.Bytes(), stderr.Bytes())
}

func resultOf(state *os.ProcessState, stdout, stderr []byte) result {
	r := result{status: state.ExitCode(), stdout: stdout, stderr: stderr}
	if status := state.Sys().(syscall.WaitStatus); status.Signaled() {
		r.signal = status.Signal()
	}
	return r
}

// documentOf runs a cap-audit -j and returns what it reports.
func documentOf(t testing.TB, cmd *exec.Cmd) document {
	t.Helper()
	r := finish(t, cmd)
	if r.status != 0 {
		t.Fatalf("%q: status %d, signal %d\n%s%s", cmd.Args, r.status, r.signal, r.stdout, r.stderr)
	}
	return decode(t, r.stdout)
}

// audited is the report on a target that is audited from start to end.
func audited(t testing.TB, target ...string) document {
	t.Helper()
	d := documentOf(t, capAudit(t, append([]string{"-j", "--"}, target...)...))
	d.wholeAndConsistent(t)
	return d
}

// running is a cap-audit under way, whose standard error can be waited for.
type running struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout bytes.Buffer
	lines  chan string
	stderr strings.Builder // lines seen so far
}

// begin starts a command with a pipe to write to as its standard input.
func begin(t testing.TB, cmd *exec.Cmd) *running {
	t.Helper()
	r := &running{t: t, cmd: cmd, lines: make(chan string, 1024)}
	var err error
	if r.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if cmd.Stdout == nil {
		cmd.Stdout = &r.stdout
	}
	stderr, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = write
	err = cmd.Start()
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		defer stderr.Close()
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			r.lines <- scanner.Text()
		}
	}()
	return r
}

// await reads standard error up to a line that matches, and returns its
// submatches.
func (r *running) await(pattern string) []string {
	r.t.Helper()
	expression := regexp.MustCompile(pattern)
	limit := time.After(patience)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				r.t.Fatalf("standard error ended before a line like %q:\n%s", pattern, &r.stderr)
			}
			r.stderr.WriteString(line + "\n")
			if found := expression.FindStringSubmatch(line); found != nil {
				return found
			}
		case <-limit:
			r.t.Fatalf("no line like %q in %v:\n%s", pattern, patience, &r.stderr)
		}
	}
}

// target is the pid of the audited process, once it runs.
func (r *running) target() int {
	r.t.Helper()
	pid, err := strconv.Atoi(r.await(`^\[\*\] Tracing application: .* \(PID (\d+)\)$`)[1])
	if err != nil {
		r.t.Fatal(err)
	}
	return pid
}

// signal sends one to cap-audit itself.
func (r *running) signal(sig syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// end reads the rest and waits.
func (r *running) end() result {
	r.t.Helper()
	for line := range r.lines {
		r.stderr.WriteString(line + "\n")
	}
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return resultOf(r.cmd.ProcessState, r.stdout.Bytes(), []byte(r.stderr.String()))
}

// document of a cap-audit -j that has to succeed.
func (r *running) document() document {
	r.t.Helper()
	end := r.end()
	if end.status != 0 {
		r.t.Fatalf("%q: status %d, signal %d\n%s", r.cmd.Args, end.status, end.signal, end.stderr)
	}
	return decode(r.t, end.stdout)
}

// eventually waits for a fact that nothing announces, such as a state in
// /proc.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-limit:
			t.Fatalf("still not so after %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// hasEnded tells whether a process is gone, or only has to be reaped.
func hasEnded(pid int) bool {
	state := processState(pid)
	return state == 0 || state == 'Z'
}

// processState is the letter in /proc/PID/stat, 0 when there is no such process.
func processState(pid int) byte {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// the name before it may contain anything, so look from the end
	rest := raw[bytes.LastIndexByte(raw, ')')+1:]
	if len(rest) < 2 {
		return 0
	}
	return rest[1]
}

// as makes a command run as another user, without groups and capabilities.
func as(cmd *exec.Cmd, uid uint32) *exec.Cmd {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	return cmd
}

// publicDir is a directory that every user can read, where t.TempDir is below
// one of root's only.
func publicDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// privileged is publicDir, if programs there can get privileges by their mode
// and file capabilities.
func privileged(t testing.TB) string {
	t.Helper()
	dir := publicDir(t)
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Flags&(unix.ST_NOSUID|unix.ST_NOEXEC) != 0 {
		t.Skipf("wanted a temporary directory on a file system without nosuid and noexec, %s is mounted "+
			"with flags %#x; set TMPDIR",
			dir, fs.Flags)
	}
	return dir
}

// installed copies a program.
func installed(t testing.TB, dir, from string, mode uint32) string {
	t.Helper()
	return installedAs(t, filepath.Join(dir, filepath.Base(from)), from, mode)
}

func installedAs(t testing.TB, to, from string, mode uint32) string {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = scratch.Executable(func() error { return os.WriteFile(to, text, 0o755) })
	}
	if err == nil {
		// not WriteFile's mode: that loses the set-uid bit and to the umask
		err = unix.Chmod(to, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// setFileCaps gives a program file capabilities, permitted and effective, by
// the extended attribute: the tool setcap is not everywhere.
func setFileCaps(t testing.TB, path string, numbers ...int) {
	t.Helper()
	var mask uint64
	for _, n := range numbers {
		mask |= 1 << n
	}
	// uapi/linux/capability.h, struct vfs_cap_data of revision 2
	var raw []byte
	raw = binary.LittleEndian.AppendUint32(raw, 0x02000000|1) // VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE
	raw = binary.LittleEndian.AppendUint32(raw, uint32(mask))
	raw = binary.LittleEndian.AppendUint32(raw, 0)
	raw = binary.LittleEndian.AppendUint32(raw, uint32(mask>>32))
	raw = binary.LittleEndian.AppendUint32(raw, 0)
	err := unix.Setxattr(path, "security.capability", raw, 0)
	switch {
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EPERM):
		t.Skipf("wanted to set file capabilities on %s: %v", path, err)
	case err != nil:
		t.Fatal(err)
	}
}

// unprivilegedCapAudit is a copy of cap-audit for ordinary users: with the
// file capabilities that its documentation asks for.
func unprivilegedCapAudit(t testing.TB, dir string) string {
	t.Helper()
	path := installed(t, dir, capAuditPath, 0o755)
	setFileCaps(t, path, unix.CAP_BPF, unix.CAP_PERFMON)
	return path
}

// tool finds a program of the system, or skips.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("wanted %s, there is none: %v", name, err)
	}
	return path
}

// python is the interpreter itself: what PATH has may be a script that runs
// many others first.
func python(t testing.TB) string {
	t.Helper()
	out, err := command(t, tool(t, "python3"), "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skipf("wanted a python3 that runs: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// script writes an executable text file.
func script(t testing.TB, path, text string) string {
	t.Helper()
	err := scratch.Executable(func() error { return os.WriteFile(path, []byte(text), 0o755) })
	if err == nil {
		err = os.Chmod(path, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// prepareOnce makes what some modes of need want. Its helper process ends when
// the directory goes, with all temporary files.
var prepareOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cap-audit-need-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command(built("need"), "--prepare", dir).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("need --prepare: %w: %s", err, out)
	}
	return dir, nil
})

func preparedDir(t testing.TB) string {
	t.Helper()
	dir, err := prepareOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// publicShow is the program show where every user can execute it: itself, or a
// copy where the tree lies below a directory of root's alone.
var publicShow = sync.OnceValue(func() string {
	show := built("show")
	reachable := true
	for dir := filepath.Dir(show); reachable && dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		reachable = err == nil && info.Mode()&0o001 != 0
	}
	if reachable {
		return show
	}
	dir, err := os.MkdirTemp("", "cap-audit-show-")
	if err != nil {
		return show
	}
	os.Chmod(dir, 0o755)
	if exec.Command("install", "-m", "755", show, dir).Run() != nil {
		return show
	}
	return filepath.Join(dir, "show")
})
