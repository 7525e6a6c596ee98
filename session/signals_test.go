package session

import (
	"os"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
	"github.com/cap-audit/cap-audit/tracer"
)

// Before there is a target a signal is only remembered.
func TestSignalsBeforeTheTarget(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP} {
		f := &signals{leave: make(chan struct{}, 1)}
		if f.asked() {
			t.Error("asked before any signal")
		}
		f.handle(sig)
		if !f.asked() {
			t.Errorf("%s does not ask for an end", sig)
		}
		if len(f.leave) != 0 {
			t.Errorf("%s leaves a target that has not started", sig)
		}
	}
	f := &signals{leave: make(chan struct{}, 1)}
	for _, sig := range []unix.Signal{unix.SIGTSTP, unix.SIGCONT} {
		f.handle(sig)
		if f.asked() {
			t.Errorf("%s asks for an end", sig)
		}
		if f.suspended != (sig == unix.SIGTSTP) {
			t.Errorf("after %s: suspended %t", sig, f.suspended)
		}
	}
}

// recorder is told of requests, and never leaves.
type recorder struct {
	launched
	nth []int
}

func (r *recorder) request(_ *tracer.Audit, _ syscall.Signal, nth int, _ bool) wish {
	r.nth = append(r.nth, nth)
	return toWait
}

// What came before the run is passed on to it, as no second request, however
// often it came.
func TestRequestsAreCounted(t *testing.T) {
	told := &recorder{}
	s := &signals{course: told, leave: make(chan struct{}, 1)}
	s.handle(unix.SIGINT)
	s.handle(unix.SIGTERM)
	s.setRun(&tracer.Audit{})
	s.handle(unix.SIGINT)
	s.handle(unix.SIGTERM)
	if want := []int{0, 3, 4}; !slices.Equal(told.nth, want) || len(s.leave) != 0 {
		t.Errorf("requests %v, want %v; to leave: %d", told.nth, want, len(s.leave))
	}
}

// Whoever asked once and waits is told how to end it; who asked again, or has the
// report, is not.
func TestReminder(t *testing.T) {
	for name, c := range map[string]struct {
		s    *signals
		told bool
	}{
		"asked once": {&signals{count: 1}, true},
		"twice":      {&signals{count: 2}, false},
		"it is over": {&signals{count: 1, finished: true}, false},
	} {
		if said := scratch.Captured(t, &os.Stderr, c.s.remind); (said != "") != c.told {
			t.Errorf("%s: %q", name, said)
		}
	}
}
