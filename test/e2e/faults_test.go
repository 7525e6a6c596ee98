package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLongHundredThousandChildren: no table of children can fill up.
func TestLongHundredThousandChildren(t *testing.T) {
	t.Parallel()
	if os.Getenv("CAP_AUDIT_VM") != "" {
		t.Skip("wanted a machine of real speed, there is an emulated one")
	}
	d := audited(t, built("tree"), "fork", "100000")
	d.counted(t, chroots(100_000))
	if d.Tasks != 100_001 {
		t.Errorf("%d tasks, wanted 100001", d.Tasks)
	}
	if !d.Complete {
		t.Errorf("incomplete: %v", d.Losses)
	}
}

// TestVerboseFlood: lines may be lost, checks may not, and the report tells
// how many lines were.
func TestVerboseFlood(t *testing.T) {
	t.Parallel()
	const checks = 300_000
	cmd := capAudit(t, "-v", "-j", "-o", filepath.Join(t.TempDir(), "report.json"), "--", built("tree"),
		"loop", strconv.Itoa(checks))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines uint64
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		if strings.HasPrefix(scanner.Text(), "[CAP] ") {
			lines++
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(cmd.Args[indexOf(cmd.Args, "-o")+1])
	if err != nil {
		t.Fatal(err)
	}
	d := decode(t, raw)
	if d.Required[0].Checks.Granted != checks {
		t.Errorf("%d checks granted, want %d", d.Required[0].Checks.Granted, checks)
	}
	if lines+d.Losses["events"] != d.TotalChecks {
		t.Errorf("%d lines and %d lost, of %d checks", lines, d.Losses["events"], d.TotalChecks)
	}
}

func indexOf(list []string, want string) int {
	for i, s := range list {
		if s == want {
			return i
		}
	}
	return -1
}

// TestMemoryExhausted lets the kernel run out of the memory that cap-audit's
// maps are charged to, while the target makes new tasks. What is missing from
// the account must be told.
func TestMemoryExhausted(t *testing.T) {
	t.Parallel()
	const before, children = 300, 400
	group := memoryGroup(t)
	fd, err := unix.Open(group, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	cmd := capAudit(t, "-j", "--", "/bin/sh", "-c",
		// of a call site's first checks the stacks are looked at, which takes memory: those of the first tree
		fmt.Sprintf(`%s loop %d; echo ready >&2; read x; %[1]s living %[3]d; echo done >&2; read x`, built("tree"),
			before, children))
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
	r := begin(t, cmd)
	pid := r.target()
	r.await("^ready$")

	// maps are charged to the group that cap-audit was in when it made them;
	// the target is not to feel the limit, nor is cap-audit's own memory
	for _, moved := range []int{pid, r.cmd.Process.Pid} {
		write(t, "/sys/fs/cgroup/cgroup.procs", strconv.Itoa(moved))
	}
	write(t, filepath.Join(group, "memory.max"), "0")
	fmt.Fprintln(r.stdin)
	r.await("^done$")
	write(t, filepath.Join(group, "memory.max"), "max")
	fmt.Fprintln(r.stdin)

	d := r.document()
	var got uint64
	if c := d.required("sys_chroot"); c != nil {
		got = c.Checks.Granted
	}
	t.Logf("%d of %d checks, losses %v", got, before+children, d.Losses)
	if d.Complete != (got == before+children) {
		t.Errorf("complete: %v, with %d of %d checks; losses %v", d.Complete, got, before+children, d.Losses)
	}
}

// memoryGroup is a new group of the unified hierarchy with a memory controller.
func memoryGroup(t *testing.T) string {
	const root = "/sys/fs/cgroup"
	raw, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil || !strings.Contains(string(raw), "memory") {
		t.Skipf("wanted the memory controller in %s, there is %q (%v)", root, raw, err)
	}
	write(t, filepath.Join(root, "cgroup.subtree_control"), "+memory")
	group := filepath.Join(root, groupName(t))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Rmdir(group) })
	return group
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLittleMemory starts cap-audit in a group with less and less memory. It
// reports the truth, or says in one line what it could not do, or the kernel
// kills it; a half-truth is no choice, and nothing stays behind.
func TestLittleMemory(t *testing.T) {
	t.Parallel()
	group := memoryGroup(t)
	fd, err := unix.Open(group, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var ends []string
	for mib := 40; mib > 0; mib -= 4 {
		write(t, filepath.Join(group, "memory.max"), strconv.Itoa(mib<<20))
		cmd := capAudit(t, "-j", "--", built("tree"), "fork", "10")
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
		r := finish(t, cmd)
		switch {
		case r.status == 0:
			d := decode(t, r.stdout)
			if got := granted(d.Required)["sys_chroot"][0]; d.Complete != (got == 10 && d.Exit.Status == 0) {
				t.Errorf("%d MiB: complete: %v, with %d of 10 checks and status %d", mib, d.Complete, got,
					d.Exit.Status)
			}
			ends = append(ends, fmt.Sprintf("%d MiB: report", mib))
		case r.signal == syscall.SIGKILL:
			ends = append(ends, fmt.Sprintf("%d MiB: killed", mib))
		default:
			ends = append(ends, fmt.Sprintf("%d MiB: status %d: %s", mib, r.status, r.stderr))
			if len(r.stdout) != 0 || !strings.Contains(string(r.stderr), "Error: ") {
				t.Errorf("%d MiB: status %d, on standard output %q, on standard error %q", mib, r.status,
					r.stdout, r.stderr)
			}
		}
		eventually(t, "nothing is left in the group", func() bool {
			raw, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
			return err == nil && len(raw) == 0
		})
	}
	t.Log(strings.Join(ends, "; "))
}

// TestLittleRoom: where cap-audit gets too few threads, too little memory or too few
// files, it says so in a line, and otherwise it works.
func TestLittleRoom(t *testing.T) {
	t.Parallel()
	for option, values := range map[string][]int{
		"-v": {700_000, 1_000_000, 1_300_000, 1_500_000, 1_800_000, 2_500_000, 4_000_000},
		"-n": {5, 8, 16, 32, 36, 64, 130, 200},
	} {
		for _, value := range values {
			r := finish(t, command(t, "/bin/sh", append([]string{"-c",
				fmt.Sprintf(`ulimit %s %d; exec "$0" "$@"`, option, value), capAuditPath},
				withBackend("-j", "--", built("tree"), "fork", "10")...)...))
			if r.status == 0 {
				decode(t, r.stdout).wholeAndConsistent(t)
				continue
			}
			lines := strings.Split(strings.TrimSpace(string(r.stderr)), "\n")
			if last := lines[len(lines)-1]; r.status != 1 || len(r.stdout) != 0 ||
				!strings.HasPrefix(last, "Error: ") || strings.Contains(string(r.stderr), "goroutine") {
				t.Errorf("ulimit %s %d: status %d: %s", option, value, r.status, r.stderr)
			}
		}
	}
}

// pidsGroup is a new group with a limit on processes, where there is the controller.
func pidsGroup(t *testing.T, most int) (procs string) {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		group := filepath.Join(root, groupName(t))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() {
			eventually(t, "the group is empty", func() bool { return unix.Rmdir(group) == nil })
		})
		if os.WriteFile(filepath.Join(group, "pids.max"), []byte(strconv.Itoa(most)), 0o644) == nil {
			return filepath.Join(group, "cgroup.procs")
		}
	}
	t.Skip("wanted a control group with the pids controller")
	return ""
}

// TestProcessesExhausted: a target that takes every process that it and cap-audit may
// have together ends no audit, whatever that has still to do.
func TestProcessesExhausted(t *testing.T) {
	t.Parallel()
	procs := pidsGroup(t, 60)
	for range 5 {
		cmd := command(t, "/bin/sh", append([]string{"-c", `echo $$ >"$0" && exec "$@"`, procs, capAuditPath},
			withBackend("-j", "-v", "-f", "-d", "1", "--", "sh", "-c",
				`while "$0" loop 1 & do :; done; while sleep 600 & do :; done`, built("tree"))...)...)
		r := finish(t, cmd)
		if r.status != 0 {
			t.Fatalf("status %d, signal %d: %s", r.status, r.signal, r.stderr)
		}
		if d := decode(t, r.stdout); d.StillRunning != 0 || granted(d.Required)["sys_chroot"][0] == 0 {
			t.Errorf("still running: %d; required %v", d.StillRunning, granted(d.Required))
		}
	}
}

// TestScoreOfTheCaller: who is to be killed when memory is used up stays as the caller
// has it, for the target, a repetition and a test.
func TestScoreOfTheCaller(t *testing.T) {
	t.Parallel()
	scores := filepath.Join(t.TempDir(), "scores")
	note := "cat /proc/self/oom_score_adj >>" + scores
	// after the target, which is ended with the test
	after := fmt.Sprintf("until [ $(($(cat %s 2>/dev/null | wc -l) %% 2)) = 1 ]; do sleep 0.1; done; %[2]s",
		scores, note)
	r := finish(t, command(t, "/bin/sh", append([]string{"-c",
		`echo 300 >/proc/self/oom_score_adj && exec "$0" "$@"`, capAuditPath},
		withBackend("--verify", "--test", after, "--", "/bin/sh", "-c", note+"; exec sleep 600")...)...))
	lines := strings.Fields(readText(t, scores))
	if want := slices.Repeat([]string{"300"}, 4); r.status != 0 || !slices.Equal(lines, want) {
		t.Errorf("status %d, scores %v: %s", r.status, lines, r.stderr)
	}
}

// TestMemoryUsedUp: of a target that uses up the memory that it shares with cap-audit,
// by many processes each of which takes less than that, there is a report.
func TestMemoryUsedUp(t *testing.T) {
	t.Parallel()
	if ownBounding(t)>>unix.CAP_SYS_RESOURCE&1 == 0 {
		t.Skip("wanted CAP_SYS_RESOURCE, by which cap-audit is killed last")
	}
	group := memoryGroup(t)
	write(t, filepath.Join(group, "memory.max"), strconv.Itoa(96<<20))
	fifo := filepath.Join(t.TempDir(), "never")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r := finish(t, command(t, "/bin/sh", append([]string{"-c", `echo $$ >"$0" && exec "$@"`,
		filepath.Join(group, "cgroup.procs"), capAuditPath}, withBackend("-j", "--", "/bin/sh", "-c",
		`until grep -q '^oom_kill [1-9]' "$1"
		do (x=$(head -c 2000000 /dev/zero | tr '\0' x); read y <"$0") & pids="$pids $!"; done
		kill $pids; wait; exit 0`, fifo, filepath.Join(group, "memory.events"))...)...))
	if r.status != 0 {
		t.Fatalf("status %d, signal %d: %s", r.status, r.signal, r.stderr)
	}
	if d := decode(t, r.stdout); d.Exit.Status != 0 || d.StillRunning != 0 {
		t.Errorf("status %d, still running %d", d.Exit.Status, d.StillRunning)
	}
}
