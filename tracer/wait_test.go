package tracer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// running is an audit of a shell command, but for the kernel half.
func running(t *testing.T, command string) *Audit {
	t.Helper()
	target := Target{Path: "/bin/sh", Argv: []string{"sh", "-c", command}}
	p, err := startStub(target)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.become(target); err != nil {
		t.Fatal(err)
	}
	return &Audit{target: target, process: p}
}

func newFifo(t *testing.T) string {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	return fifo
}

// release lets a shell go on that reads from the FIFO.
func release(t *testing.T, fifo string) {
	t.Helper()
	if err := os.WriteFile(fifo, []byte("\n"), 0); err != nil {
		t.Error(err)
	}
}

func wait(t *testing.T, a *Audit, ended func(unix.WaitStatus)) {
	t.Helper()
	calls := 0
	err := a.Wait(func(status unix.WaitStatus) {
		calls++
		ended(status)
	})
	if err != nil || calls != 1 || !a.Ended() {
		t.Errorf("Wait: %v; told of the end %d times; ended %t", err, calls, a.Ended())
	}
}

func TestWaitForTheTarget(t *testing.T) {
	for command, want := range map[string]string{
		"exit 0":        "exit 0",
		"exit 7":        "exit 7",
		"kill -TERM $$": "signal terminated",
	} {
		a := running(t, command)
		wait(t, a, func(s unix.WaitStatus) {
			got := fmt.Sprint("exit ", s.ExitStatus())
			if s.Signaled() {
				got = fmt.Sprint("signal ", s.Signal())
			}
			if got != want {
				t.Errorf("%s: %s", command, got)
			}
		})
		if err := a.Signal(unix.SIGTERM); err != nil {
			t.Errorf("a signal to a target that has ended: %v", err)
		}
	}
}

func TestSignalReachesTheTarget(t *testing.T) {
	fifo := newFifo(t)
	a := running(t, "trap 'exit 5' TERM; echo >"+fifo+"; while :; do sleep 1; done")
	if _, err := os.ReadFile(fifo); err != nil { // the trap is set
		t.Fatal(err)
	}
	if err := a.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wait(t, a, func(s unix.WaitStatus) {
		if s.ExitStatus() != 5 {
			t.Errorf("status %d", s.ExitStatus())
		}
	})
}

func TestCompanionThatOutlivesTheTarget(t *testing.T) {
	fifo := newFifo(t)
	a := running(t, "exit 3")
	status, err := a.RunBeside("/bin/sh", []string{"sh", "-c", "read line <" + fifo + "; exit 4"},
		os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	wait(t, a, func(s unix.WaitStatus) {
		if s.ExitStatus() != 3 {
			t.Errorf("the target's status is %d", s.ExitStatus())
		}
		release(t, fifo)
	})
	if s := <-status; s.ExitStatus() != 4 {
		t.Errorf("the companion's status is %d", s.ExitStatus())
	}
}

func TestTargetThatOutlivesTheCompanion(t *testing.T) {
	fifo := newFifo(t)
	a := running(t, "read line <"+fifo+"; exit 3")
	status, err := a.RunBeside("/bin/sh", []string{"sh", "-c", "exit 4"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	companion := make(chan unix.WaitStatus, 1)
	go func() {
		companion <- <-status
		release(t, fifo)
	}()
	wait(t, a, func(s unix.WaitStatus) {
		if s.ExitStatus() != 3 {
			t.Errorf("the target's status is %d", s.ExitStatus())
		}
	})
	if s := <-companion; s.ExitStatus() != 4 {
		t.Errorf("the companion's status is %d", s.ExitStatus())
	}
}

func TestCompanionThatCannotRun(t *testing.T) {
	a := &Audit{}
	if _, err := a.RunBeside("/nowhere/tool", []string{"tool"}, nil); err == nil {
		t.Error("no error")
	}
	if a.companions.ended(1, 0) {
		t.Error("it is still waited for")
	}
}
