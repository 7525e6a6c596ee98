package session

import (
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/tracer"
)

// Before there is a target a signal is only remembered.
func TestSignalsBeforeTheTarget(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP} {
		f := &signals{}
		if f.asked() {
			t.Error("asked before any signal")
		}
		f.handle(sig)
		if !f.asked() {
			t.Errorf("%s does not ask for an end", sig)
		}
	}
	f := &signals{}
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

// recorder is told of requests.
type recorder struct {
	launched
	nth []int
}

func (r *recorder) request(_ *tracer.Audit, _ syscall.Signal, nth int, _ bool) (ending, bool) {
	r.nth = append(r.nth, nth)
	return ending{}, false
}

// What came before the run is passed on to it, as no second request, however
// often it came.
func TestRequestsAreCounted(t *testing.T) {
	told := &recorder{}
	s := &signals{course: told}
	s.handle(unix.SIGINT)
	s.handle(unix.SIGTERM)
	s.setRun(&tracer.Audit{})
	s.handle(unix.SIGINT)
	s.handle(unix.SIGTERM)
	if want := []int{0, 3, 4}; !slices.Equal(told.nth, want) {
		t.Errorf("requests %v, want %v", told.nth, want)
	}
}

// A repetition runs before anybody could say so: what comes meanwhile is for it, and not for the report.
func TestRequestWhileRunStarts(t *testing.T) {
	told := &recorder{}
	s := &signals{course: told}
	s.expect()
	s.setRun(&tracer.Audit{})
	s.finish()
	s.expect()
	s.handle(unix.SIGTERM)
	if s.late != 0 || len(told.nth) != 0 {
		t.Errorf("%d taken for the report, requests %v", s.late, told.nth)
	}
	s.setRun(&tracer.Audit{})
	if want := []int{0}; !slices.Equal(told.nth, want) || !s.asked() {
		t.Errorf("requests %v, want %v", told.nth, want)
	}
}

// A run that an option ends is not waited for without an end in sight.
func TestEndless(t *testing.T) {
	for _, o := range []Options{{}, {Follow: true, Test: "true"}, {Follow: true, Duration: 1},
		{Follow: true, UntilIdle: 1}} {
		if o.endless() {
			t.Errorf("%+v", o)
		}
	}
	if o := (&Options{Follow: true}); !o.endless() {
		t.Errorf("%+v", o)
	}
}

// Whoever asked once and waits is told how to end it; who asked again, has the
// report, or waits for another run, is not.
func TestReminder(t *testing.T) {
	run := &tracer.Audit{}
	for name, c := range map[string]struct {
		s    *signals
		told bool
	}{
		"asked once":   {&signals{run: run, count: 1}, true},
		"not asked":    {&signals{run: run}, false},
		"twice":        {&signals{run: run, count: 2}, false},
		"it is over":   {&signals{run: run, count: 1, finished: true}, false},
		"a repetition": {&signals{run: &tracer.Audit{}, count: 1}, false},
	} {
		if told := c.s.waits(run, 1); told != c.told {
			t.Errorf("%s: told: %t", name, told)
		}
	}
}
