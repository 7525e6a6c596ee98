package session

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// noteEnding keeps how the first process ended for the last line of the run. With
// --follow it is told at once, since its descendants may go on for hours.
func (s *session) noteEnding(r *result, status unix.WaitStatus) {
	r.ending.Store(&status)
	if s.Follow {
		showEnding(s.lines, status)
	}
}

// watch returns when the run is over.
func (s *session) watch(a *tracer.Audit, at attempt, r *result) error {
	tested, err := s.startTest(a)
	if err != nil {
		return err
	}
	ended := func(unix.WaitStatus) {}
	var enough <-chan struct{}
	if !at.repetition {
		ended = func(status unix.WaitStatus) { s.noteEnding(r, status) }
		defer showStatus(s.lines, a)()
		var stop func()
		enough, stop = s.enough(a)
		defer stop()
	}
	var end ending
	if at.limit > 0 {
		end.deadline = time.After(at.limit)
	}
	waited := make(chan error, 1)
	go func() { waited <- a.Wait(ended) }()

	for {
		var err error
		select {
		case err := <-waited:
			if err == nil {
				err = s.settle(a, r, tested, end)
			}
			return err
		case status := <-tested:
			r.test, r.identities = &status, a.Identities()
			end, err = s.subject.end(a)
		case <-enough:
			r.cut, enough = true, nil
			end, err = s.subject.end(a)
		case <-end.tell:
			end.tell = nil
			err = tellRest(a, r)
		case <-end.deadline:
			r.killed = true
			r.timedOut = !r.cut && r.test == nil
			a.KillCompanions()
			err = a.SignalTree(unix.SIGKILL)
		case <-s.signals.leave:
			if s.subject.leave(a) {
				return nil
			}
		case <-s.signals.interim:
			if err := s.reportInterim(a); err != nil {
				console.Warningf("interim report: %v", err)
			}
		}
		if err != nil {
			return err
		}
	}
}

// settle waits for what may end after the run: a test, which may have seen to
// that end, and descendants that were asked to end with it.
func (s *session) settle(a *tracer.Audit, r *result, tested <-chan unix.WaitStatus,
	end ending) error {
	if s.Test != "" && r.test == nil {
		select {
		case status := <-tested:
			r.test = &status
		case <-time.After(endGrace):
			a.KillCompanions()
		}
	}
	if r.cut {
		return s.subject.awaitRest(a, end)
	}
	return nil
}

// tellRest tells descendants to end that are left.
func tellRest(a *tracer.Audit, r *result) error {
	p, err := a.Progress()
	if err != nil || p.Processes == 0 {
		return err
	}
	r.told = true
	return a.SignalTree(unix.SIGTERM)
}
