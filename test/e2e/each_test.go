package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/cgroup"
)

// groupBelow makes a control group in another.
func groupBelow(t *testing.T, path, name string) string {
	t.Helper()
	below := filepath.Join(path, name)
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeGroup(t, below) })
	return below
}

// removeGroup removes one, when what was in it has ended.
func removeGroup(t *testing.T, path string) {
	t.Helper()
	eventually(t, "the control group can be removed", func() bool {
		err := unix.Rmdir(path)
		return err == nil || err == unix.ENOENT
	})
}

// eachOf watches each group below one and writes into a directory.
func eachOf(t *testing.T, path string, more ...string) (r *running, dir string) {
	t.Helper()
	return eachBy(t, append([]string{"--cgroup", path}, more...)...)
}

// eachBy is eachOf what some options name.
func eachBy(t *testing.T, options ...string) (r *running, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "reports")
	// its progress is on standard output then
	cmd := capAudit(t, append([]string{"-j", "--each", "-o", dir}, options...)...)
	cmd = command(t, "sh", append([]string{"-c", `exec "$0" "$@" >&2`}, cmd.Args...)...)
	r = begin(t, cmd)
	r.watched()
	return r, dir
}

// stopped ends the audit, which has to succeed.
func (r *running) stopped() result {
	r.t.Helper()
	r.signal(unix.SIGINT)
	end := r.end()
	if end.status != 0 {
		r.t.Fatalf("status %d, signal %d\n%s", end.status, end.signal, end.stderr)
	}
	return end
}

func reportIn(t *testing.T, dir, file string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, text)
}

// chrootsIn makes that many checks in a group: of sys_chroot.
func chrootsIn(t *testing.T, path string, n int) {
	t.Helper()
	cmd := command(t, built("tree"), "loop", fmt.Sprint(n))
	within(t, path)(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", cmd, err, out)
	}
}

// madeChroots says that a report has that many of these checks, and needs nothing else.
func (d document) madeChroots(t *testing.T, n int) {
	t.Helper()
	d.counted(t, chroots(uint64(n)))
}

// Hundreds of groups that come and go at the same time have each what was done in it.
func TestEachOfMany(t *testing.T) {
	t.Parallel()
	path := group(t)
	r := begin(t, capAudit(t, "--format", "ndjson", "--cgroup", path, "--each"))
	r.watched()
	many := int(fewer(300, 60))
	names := make(chan int)
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range names {
				below := filepath.Join(path, fmt.Sprintf("g-%d", i))
				for range 2 { // made anew by the same name
					if err := os.Mkdir(below, 0o755); err != nil {
						t.Error(err)
						return
					}
					chrootsIn(t, below, 10+i)
					removeGroup(t, below)
				}
			}
		}()
	}
	for i := range many {
		names <- i
	}
	close(names)
	all.Wait()
	end := r.stopped()
	got := map[string]document{}
	for line := range bytes.Lines(end.stdout) {
		d := decode(t, line)
		d.wholeAndConsistent(t)
		got[filepath.Base(d.Target.Cgroup)] = d // the last one counts
	}
	for i := range many {
		name := fmt.Sprintf("g-%d", i)
		got[name].madeChroots(t, 2*(10+i))
	}
	if len(got) != many {
		t.Errorf("reports on %d groups, not %d", len(got), many)
	}
}

// What is moved from one group to another counts for each in turn; both are told of at SIGUSR1,
// and a group's report is there when it has ended.
func TestEachInDirectory(t *testing.T) {
	t.Parallel()
	path := group(t)
	one, two := groupBelow(t, path, "one"), groupBelow(t, path, "two")
	r, dir := eachOf(t, path)
	sh := exec.Command("sh", "-c", `"$0" loop 3; echo $$ >"$1"/cgroup.procs; "$0" loop 5; read end`,
		built("tree"), two)
	within(t, one)(sh)
	stdin, err := sh.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); sh.Wait() })
	eventually(t, "the first group has ended, and is told of", func() bool {
		_, err := os.Stat(filepath.Join(dir, "one.json"))
		return err == nil
	})
	reportIn(t, dir, "one.json").madeChroots(t, 3)
	eventually(t, "the second group is told of", func() bool {
		r.signal(unix.SIGUSR1)
		r.await(`^\[\*\] Interim report$`)
		text, err := os.ReadFile(filepath.Join(dir, "two.json"))
		if err != nil {
			return false
		}
		d := decode(t, text)
		return d.Interim && d.required("sys_chroot") != nil && d.required("sys_chroot").Checks.Total == 5
	})
	chrootsIn(t, path, 7)
	r.stopped()
	for file, want := range map[string]int{"one.json": 3, "two.json": 5, "%self.json": 7} {
		d := reportIn(t, dir, file)
		d.madeChroots(t, want)
		if d.Interim {
			t.Errorf("%s is an interim report", file)
		}
	}
	if d := reportIn(t, dir, "two.json"); d.Target.Cgroup != strings.TrimPrefix(two, cgroup.Root()) ||
		d.Application.Comm == "" {
		t.Errorf("the subject is %+v, the program %q", d.Target, d.Application.Comm)
	}
}

// Names are anybody's who may make groups. None leads out of the directory, and no two are one file.
func TestEachHostileName(t *testing.T) {
	t.Parallel()
	path := group(t)
	long := strings.Repeat("l", 254)
	files := map[string]string{
		"%self":        "%25self.json",
		"..a":          "%2E.a.json",
		"\x1b[2J":      "%1B[2J.json",
		"a%2Fb":        "a%252Fb.json",
		"\xff\r":       "%FF%0D.json",
		"a b":          "a%20b.json",
		long + "1":     "",
		long + "2":     "",
		"sshd@1.slice": "sshd@1.slice.json",
	}
	r, dir := eachOf(t, path)
	for name := range files {
		chrootsIn(t, groupBelow(t, path, name), 1)
	}
	end := r.stopped()
	if strings.Contains(string(end.stderr), "\x1b") {
		t.Errorf("a name is not escaped: %q", end.stderr)
	}
	for _, file := range files {
		if file == "" {
			continue
		}
		reportIn(t, dir, file).madeChroots(t, 1)
	}
	written, err := os.ReadDir(dir)
	if err != nil || len(written) != len(files) {
		t.Errorf("%d files, not %d: %v", len(written), len(files), err)
	}
}

// A directory that is taken away meanwhile costs no report.
func TestEachDirectoryGone(t *testing.T) {
	t.Parallel()
	path := group(t)
	r, dir := eachOf(t, path)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	chrootsIn(t, groupBelow(t, path, "one"), 2)
	r.signal(syscall.SIGINT)
	end := r.end()
	_, saved, found := strings.Cut(string(end.stderr), "it is in ")
	saved, _, _ = strings.Cut(saved, " instead")
	if end.status != 1 || !found {
		t.Fatalf("status %d:\n%s", end.status, end.stderr)
	}
	t.Cleanup(func() { os.Remove(saved) })
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, text).madeChroots(t, 2)
}

// A report for which there is no room is told of once, and kept at the end: not each second anew.
func TestEachNoRoom(t *testing.T) {
	t.Parallel()
	path, saved := group(t), t.TempDir()
	cmd := capAudit(t, "--format", "ndjson", "--each", "--cgroup", path)
	cmd = command(t, "sh", append([]string{"-c", `exec "$0" "$@" >/dev/full`}, cmd.Args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+saved)
	r := begin(t, cmd)
	r.watched()
	names := []string{"one", "two", "three"}
	for _, name := range names { // what is written in one second is not written in the next
		below := groupBelow(t, path, name)
		chrootsIn(t, below, 2)
		r.await(`^Warning: .*/` + name + `: cannot write .* tried again at the end`)
	}
	r.signal(syscall.SIGINT)
	end := r.end()
	written, err := os.ReadDir(saved)
	if err != nil || len(written) != len(names) || end.status != 1 {
		t.Errorf("%d files, status %d: %v", len(written), end.status, err)
	}
	for _, name := range names {
		if n := strings.Count(string(end.stderr), "/"+name+": "); n != 2 {
			t.Errorf("%s is told of %d times:\n%s", name, n, end.stderr)
		}
	}
}

// What is lost after reports were written is told by those, too: here for want of an index for a group.
func TestEachOfTooMany(t *testing.T) {
	t.Parallel()
	path := group(t)
	r, dir := eachOf(t, path)
	const most = 4094 // below the watched one
	for i := range most + 1 {
		below := groupBelow(t, path, fmt.Sprintf("g-%d", i))
		chrootsIn(t, below, 1)
		removeGroup(t, below)
		if i == most-1 {
			eventually(t, "all reports are written", func() bool {
				written, err := os.ReadDir(dir)
				return err == nil && len(written) == most
			})
		}
	}
	r.stopped()
	if d := reportIn(t, dir, "g-0.json"); d.Losses["tasks"] != 1 {
		t.Errorf("lost: %v", d.Losses)
	}
}
