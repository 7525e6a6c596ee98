package soak

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds waiting for a fact.
const patience = 2 * time.Minute

// audit is one cap-audit with all that it starts, in a control group and with a
// directory of its own.
type audit struct {
	*soak
	kind, group, dir string
	cmd              *exec.Cmd
	stdout, stderr   *os.File
	ended            chan struct{}
	sent             []syscall.Signal
	// leaves: what is in the group is not the audit's to end; adopts: what it watched
	// goes on, and that is no reason to be incomplete.
	leaves, adopts bool
}

func (s *soak) newAudit(kind string) *audit {
	a := &audit{soak: s, kind: kind, group: filepath.Join(s.group, nextName()), ended: make(chan struct{})}
	var err error
	if a.dir, err = os.MkdirTemp("", "cap-audit-soak-"); err == nil {
		err = os.Mkdir(a.group, 0o755)
	}
	if err != nil {
		s.Error(err)
	}
	a.stdout, a.stderr = a.memory("stdout"), a.memory("stderr")
	return a
}

// memory is a file of which nothing is left, and which keeps nobody waiting.
func (a *audit) memory(name string) *os.File {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		a.Error(err)
	}
	return os.NewFile(uintptr(fd), name)
}

func (a *audit) report() string { return filepath.Join(a.dir, filepath.Base(a.group)+".json") }

// in starts a command in a control group.
func (a *audit) in(group string, path string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(path, arguments...)
	fd, err := unix.Open(group, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		a.Error(err)
		return cmd
	}
	defer unix.Close(fd)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, UseCgroupFD: true, CgroupFD: fd}
	cmd.Env = append(os.Environ(), "TMPDIR="+a.dir)
	cmd.Stdout, cmd.Stderr = a.stdout, a.stderr
	if err := cmd.Start(); err != nil {
		a.Errorf("%q: %v", cmd.Args, err)
	}
	return cmd
}

// begin starts cap-audit.
func (a *audit) begin(arguments ...string) {
	a.count(a.kind, func(t *tally) { t.audits++ })
	a.cmd = a.in(a.group, capAuditPath, arguments...)
	go func() {
		defer close(a.ended)
		a.cmd.Wait()
	}()
	go func() {
		for !a.over(50 * time.Millisecond) {
			a.objects.note(a.cmd.Process.Pid)
		}
	}()
}

// over waits for the end of cap-audit, for so long.
func (a *audit) over(wait time.Duration) bool {
	select {
	case <-a.ended:
		return true
	case <-time.After(wait):
		return false
	}
}

func (a *audit) signal(sig syscall.Signal) {
	a.sent = append(a.sent, sig)
	a.cmd.Process.Signal(sig)
}

// end asks cap-audit to end until it has, and returns what it reports.
func (a *audit) end() *document {
	for begun := time.Now(); !a.over(400 * time.Millisecond); { // two within 0.3 s are one
		if time.Since(begun) > patience {
			a.Errorf("%q does not end:\n%s", a.cmd.Args, a.text(a.stderr))
			a.cmd.Process.Kill()
			<-a.ended
			return nil
		}
		a.signal(unix.SIGTERM)
		a.signal(unix.SIGCONT) // as timeout(1) does
	}
	return a.judge()
}

func (a *audit) text(f *os.File) string {
	raw, _ := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	return string(raw)
}

// document is what is looked at of a report.
type document struct {
	Checks  uint64            `json:"total_checks"`
	Running int               `json:"still_running"`
	Losses  map[string]uint64 `json:"losses"`
	Ended   struct {
		Ended bool `json:"ended"`
	} `json:"exit"`
	Complete bool `json:"complete"`
	Required []struct {
		Name   string `json:"name"`
		Checks struct {
			Granted uint64 `json:"granted"`
		} `json:"checks"`
	} `json:"required_capabilities"`
}

// chroots are the checks that the tree makes.
func (d *document) chroots() (n uint64) {
	for _, c := range d.Required {
		if c.Name == "sys_chroot" {
			n = c.Checks.Granted
		}
	}
	return n
}

// judge looks at how cap-audit ended: with a report that is complete or says why not,
// with an error that is a line, or by a signal that it was sent.
func (a *audit) judge() *document {
	status := a.cmd.ProcessState.Sys().(syscall.WaitStatus)
	stderr := a.text(a.stderr)
	switch {
	case strings.Contains(stderr, "goroutine"), strings.Contains(stderr, "fatal error"):
		a.Errorf("%q: a crash:\n%s", a.cmd.Args, stderr)
	case status.Signaled() && slices.Contains(a.sent, status.Signal()):
		a.count(a.kind, func(t *tally) { t.killed++ })
		return nil
	case status.Signaled(), status.ExitStatus() > 1, status.ExitStatus() == 1 &&
		!strings.Contains(stderr, "Error: "):
		a.Errorf("%q: status %#x:\n%s", a.cmd.Args, status, stderr)
	}
	raw, err := os.ReadFile(a.report())
	if err != nil {
		// after the progress lines
		_, document, _ := strings.Cut(a.text(a.stdout), "\n{")
		if raw = nil; document != "" {
			raw = []byte("{" + document)
		}
	}
	var d document
	if len(raw) == 0 && status.ExitStatus() == 1 {
		if !strings.Contains(stderr, "interrupted before the command had started") {
			a.Errorf("%q: no report: %s", a.cmd.Args, stderr)
		}
		a.count(a.kind, func(t *tally) { t.errors++ })
		return nil
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		a.Errorf("%q: status %#x, the report: %v\n%s", a.cmd.Args, status, err, stderr)
		return nil
	}
	lost := false
	for kind, n := range d.Losses {
		switch kind {
		case "events", "objects", "stacks", "code": // on which the answer does not depend
		default:
			lost = lost || n > 0
		}
	}
	if says := lost || !a.adopts && (d.Running > 0 || !d.Ended.Ended); d.Complete == says {
		a.Errorf("%q: complete: %t, losses %v, still running %d, ended %t", a.cmd.Args, d.Complete, d.Losses,
			d.Running, d.Ended.Ended)
	}
	a.count(a.kind, func(t *tally) {
		t.reports++
		t.checks += d.Checks
		if !d.Complete {
			t.incomplete++
		}
	})
	return &d
}

// cleanUp sees that neither a process nor a file is left.
func (a *audit) cleanUp() {
	a.stdout.Close()
	a.stderr.Close()
	if a.leaves {
		a.killGroups()
	}
	deadline := time.Now().Add(10 * time.Second)
	for err := a.remove(); err != nil; err = a.remove() {
		if time.Now().After(deadline) {
			procs, _ := os.ReadFile(filepath.Join(a.group, "cgroup.procs"))
			a.Errorf("%q leaves processes %q: %v", a.cmd.Args, procs, err)
			a.killGroups()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	os.Remove(a.report())
	if a.dir == a.full {
		return // others use it, too
	}
	if err := os.Remove(a.dir); err != nil {
		a.Errorf("%q leaves files: %v", a.cmd.Args, err)
	}
}

// groups are the group and those below it.
func (a *audit) groups() []string {
	return append(groupsBelow(a.group), a.group)
}

func groupsBelow(group string) (below []string) {
	entries, _ := os.ReadDir(group)
	for _, entry := range entries {
		if entry.IsDir() {
			below = append(below, filepath.Join(group, entry.Name()))
		}
	}
	return below
}

func (a *audit) killGroups() {
	for _, group := range a.groups() {
		if err := os.WriteFile(filepath.Join(group, "cgroup.kill"), []byte("1"), 0); err != nil {
			a.Error(err)
		}
	}
}

func (a *audit) remove() error {
	for _, group := range a.groups() {
		if err := unix.Rmdir(group); err != nil {
			return fmt.Errorf("%s: %w", group, err)
		}
	}
	return nil
}
