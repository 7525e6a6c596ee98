package tracer

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// untraced is an untraced run of a shell command.
func untraced(t *testing.T, command string, follow bool) *Audit {
	t.Helper()
	a, err := Start(Target{Path: "/bin/sh", Argv: []string{"sh", "-c", command}},
		Options{Untraced: true, Follow: follow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
	return a
}

// The family is all that the command started, wherever that has gone, and nothing
// of what the test did.
func TestFamily(t *testing.T) {
	here, theirs := newFifo(t), newFifo(t)
	a := untraced(t, "setsid sh -c 'echo up >"+here+"; read x <"+here+"' & exec sleep 1000", true)
	if _, err := os.ReadFile(here); err != nil { // it has gone into a session of its own
		t.Fatal(err)
	}
	tested, err := a.RunBeside("/bin/sh", []string{"sh", "-c", "(read x <" + theirs + ") & :"}, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- a.Wait(func(unix.WaitStatus) {}) }()
	<-tested // and leaves a child behind
	pids, err := a.liveProcesses()
	if err != nil || len(pids) != 2 || !slices.Contains(pids, a.PID()) {
		t.Errorf("%v, %v; the command is %d", pids, err, a.PID())
	}
	if ids := a.Identities(); len(ids) != 2 || ids[0].Users == "" || ids[0].Root != "/" {
		t.Errorf("%+v", ids)
	}
	if _, err := a.Kill(); err != nil {
		t.Error(err)
	}
	release(t, theirs)
	if err := <-over; err != nil {
		t.Error(err)
	}
	if pids, err := a.liveProcesses(); len(pids) != 0 || err != nil {
		t.Errorf("left: %v, %v", pids, err)
	}
	names := ""
	for _, id := range a.LastIdentities() {
		names += id.Program + " "
	}
	if !strings.Contains(names, "sleep") || !strings.Contains(names, "sh") || strings.Count(names, " ") != 2 {
		t.Errorf("those that ended: %s", names)
	}
}

// Without Follow it is the command itself whose end counts.
func TestLastIdentity(t *testing.T) {
	a := untraced(t, "true; exit 3", false)
	wait(t, a, func(s unix.WaitStatus) {
		if s.ExitStatus() != 3 {
			t.Errorf("status %d", s.ExitStatus())
		}
	})
	last := a.LastIdentities()
	if len(last) != 1 || last[0].Program != "sh" || last[0].NoNewPrivs == "" || last[0].Seccomp == "" {
		t.Errorf("%+v", last)
	}
	o, err := a.Observe()
	if err != nil || !o.Untraced || o.Backend != "none" || !o.Application.Ended || o.StillRunning != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

// A process calls itself what it likes, and its name is written as it is; where it
// belongs stays what the kernel says.
func FuzzKin(f *testing.F) {
	for _, name := range []string{"cat", "", "a b", ") Z 1 1 1 1", ") R 0 0 0\n7 (x", "\n", "\xff", "((("} {
		f.Add(name, "7 (sleep) S 4242 77 7 0 -1")
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if k := parseKin(text); k.ended && !strings.ContainsAny(text, "ZX") {
			t.Errorf("%q has ended", text)
		}
		want := kin{true, 4242, 77, 7}
		if got := parseKin("7 (" + name + ") Z 4242 77 7 0 -1 4194304 0"); got != want {
			t.Errorf("named %q: %+v", name, got)
		}
	})
}
