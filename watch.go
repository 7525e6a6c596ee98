package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/tracer"
)

// endGrace is how long a target that was told to end may take: then it is killed.
const endGrace = 10 * time.Second

// watch returns when the run is over.
func (s *session) watch(a *tracer.Audit, at attempt, r *result) error {
	stopStatus := func() {}
	ended := func(unix.WaitStatus) {}
	if !at.repetition {
		stopStatus = s.lines.showStatus(a)
		ended = s.lines.ending
	}
	defer stopStatus()

	tested, err := s.startTest(a)
	if err != nil {
		return err
	}
	waited := make(chan error, 1)
	go func() { waited <- a.Wait(ended) }()

	var deadline, enough <-chan time.Time
	var idle *idleness
	if at.limit > 0 {
		deadline = time.After(at.limit)
	}
	if !at.repetition {
		if s.cfg.duration > 0 {
			enough = time.After(s.cfg.duration)
		}
		idle = watchIdleness(a, s.cfg.untilIdle)
		defer idle.stop()
	}
	for {
		select {
		case err := <-waited:
			// the test may have been the last to end
			if tested != nil && r.test == nil {
				select {
				case status := <-tested:
					r.test = &status
				default:
				}
			}
			if tested != nil && r.test == nil && s.subject != nil {
				// what was watched has ended, and the test, which may have seen to that, should as well
				select {
				case status := <-tested:
					r.test = &status
				case <-time.After(endGrace):
					a.KillCompanions()
				}
			}
			if err == nil && r.cut && s.subject == nil {
				err = awaitTree(a, deadline)
			}
			return err
		case status := <-tested:
			r.test = &status
			if deadline, err = s.end(a); err != nil {
				return err
			}
		case <-enough:
			r.cut = true
			if deadline, err = s.end(a); err != nil {
				return err
			}
		case <-idle.tick():
			if idle.reached() {
				idle.stop()
				r.cut = true
				if deadline, err = s.end(a); err != nil {
					return err
				}
			}
		case <-deadline:
			r.timedOut = !r.cut && r.test == nil
			a.KillCompanions()
			if err := a.SignalTree(unix.SIGKILL); err != nil {
				return err
			}
		case <-s.signals.leave:
			a.KillCompanions()
			if s.subject == nil {
				return nil
			}
			a.Stop()
		case <-s.signals.interim:
			if err := s.reportInterim(a); err != nil {
				warningf("interim report: %v", err)
			}
		}
	}
}

// awaitTree waits for descendants that have been told to end as the first
// process has, and kills what is left at the deadline. They are not our
// children, so nothing announces their end.
func awaitTree(a *tracer.Audit, deadline <-chan time.Time) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		p, err := a.Progress()
		if err != nil || p.Processes == 0 {
			return err
		}
		select {
		case <-deadline:
			return a.SignalTree(unix.SIGKILL)
		case <-look.C:
		}
	}
}

// startTest runs --test beside the target.
func (s *session) startTest(a *tracer.Audit) (<-chan unix.WaitStatus, error) {
	if s.cfg.test == "" {
		return nil, nil
	}
	pid := a.PID()
	if s.unit != nil {
		pid = s.unit.mainPID()
	}
	environ := append(os.Environ(), fmt.Sprintf("CAP_AUDIT_PID=%d", pid))
	tested, err := a.RunBeside("/bin/sh", []string{"sh", "-c", s.cfg.test}, environ)
	if err != nil {
		if s.subject == nil {
			a.SignalTree(unix.SIGKILL)
		}
		return nil, fmt.Errorf("--test: %w", err)
	}
	return tested, nil
}

// testFailed says what went wrong with --test, "" for nothing.
func (s *session) testFailed(r *result) string {
	switch {
	case s.cfg.test == "":
		return ""
	case r.test == nil:
		return "the test had not ended when the audit did"
	case r.test.Signaled():
		return fmt.Sprintf("the test was ended by signal %d", r.test.Signal())
	case r.test.ExitStatus() != 0:
		return fmt.Sprintf("the test exited with status %d", r.test.ExitStatus())
	}
	return ""
}

// end asks the target to end, and says when it is to be killed. What ran
// before the audit goes on.
func (s *session) end(a *tracer.Audit) (deadline <-chan time.Time, err error) {
	if s.subject != nil {
		a.KillCompanions()
		a.Stop()
		return nil, nil
	}
	return time.After(endGrace), a.SignalTree(unix.SIGTERM)
}

// reportInterim writes a report on what has been seen so far.
func (s *session) reportInterim(a *tracer.Audit) error {
	observation, err := a.Observe()
	if err != nil {
		return err
	}
	observation.Interim = true
	findings := audit.Analyze(observation)
	findings.Subject = s.about
	doc := s.document(findings)
	s.lines.print("[*] Interim report")
	return s.out.writeInterim(doc)
}

// idleness watches for a time without a new kind of check.
type idleness struct {
	audit  *tracer.Audit
	limit  time.Duration
	ticker *time.Ticker
	kinds  uint64
	since  time.Time
}

// watchIdleness begins to watch; nil, which never ticks, without a limit.
func watchIdleness(a *tracer.Audit, limit time.Duration) *idleness {
	if limit == 0 {
		return nil
	}
	every := min(max(limit/20, time.Millisecond), time.Second)
	return &idleness{audit: a, limit: limit, ticker: time.NewTicker(every), since: time.Now()}
}

func (i *idleness) tick() <-chan time.Time {
	if i == nil {
		return nil
	}
	return i.ticker.C
}

func (i *idleness) stop() {
	if i != nil {
		i.ticker.Stop()
	}
}

// reached reports whether nothing new has come for long enough.
func (i *idleness) reached() bool {
	p, err := i.audit.Progress()
	if err != nil || p.Kinds != i.kinds {
		i.kinds, i.since = p.Kinds, time.Now()
		return false
	}
	return time.Since(i.since) >= i.limit
}
