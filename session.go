package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/tracer"
)

// session runs the command, once or more often, each time under an audit of
// its own.
type session struct {
	cfg *config
	// What is audited: a program to start, or a subject that runs already.
	target  tracer.Target
	subject *tracer.Subject
	// about describes it in the report.
	about   audit.Target
	account *account
	lines   *lines
	signals *forwarder
}

// attempt is one run of the command.
type attempt struct {
	identity *capng.Identity
	// repetition: its output has been seen, and nobody waits for it longer
	// than limit.
	repetition bool
	limit      time.Duration
}

// result is what became of an attempt.
type result struct {
	findings *audit.Findings
	took     time.Duration
	// interrupted by the user, or killed because the limit was reached
	interrupted, timedOut bool
	// test is how --test ended, nil without.
	test *unix.WaitStatus
}

// testGrace is how long a target may take to end after the test: then it is killed.
const testGrace = 10 * time.Second

func (s *session) run(at attempt) (*result, error) {
	target := s.target
	if at.identity != nil {
		target.Identity = at.identity
	}
	if s.cfg.machineOutput() {
		target.Stdout = os.Stderr
	}
	options := tracer.Options{
		Backends:    s.cfg.backends,
		WalkAlways:  audit.ProbeMask(),
		IdleMatters: audit.IdleMask(),
		// what the test leaves behind is ended and waited for
		Follow: s.cfg.follow || s.cfg.test != "",
	}
	if at.repetition {
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		defer null.Close()
		target.Stdout, target.Stderr = null, null
	} else {
		options.OnReady = func(pid int) {
			s.lines.print("[*] Capability auditor started")
			s.lines.print("[*] Tracing application: %s (PID %d)", printable(target.Path), pid)
			s.lines.print("[*] Press Ctrl-C to stop")
		}
		if s.cfg.verbose {
			options.OnEvent = s.lines.event
		}
	}
	start := time.Now()
	a, err := tracer.Start(target, options)
	if err != nil {
		return nil, explain(err)
	}
	// a first run's kernel half is left to the exit of this process
	if at.repetition {
		defer a.Close()
	}
	s.signals.setTarget(a)
	r := &result{}
	if err := s.watch(a, at, r); err != nil {
		return nil, err
	}
	r.took = time.Since(start)
	r.interrupted = s.signals.asked()
	if err := a.FinishEvents(); err != nil {
		return nil, err
	}
	observation, err := a.Observe()
	if err != nil {
		return nil, fmt.Errorf("read the audit out of the kernel: %w", err)
	}
	r.findings = audit.Analyze(observation)
	return r, nil
}

// watch returns when the run is over.
func (s *session) watch(a *tracer.Audit, at attempt, r *result) error {
	stopStatus := func() {}
	ended := func(unix.WaitStatus) {}
	if !at.repetition {
		stopStatus = s.lines.showStatus(a)
		ended = s.lines.ending
	}
	defer stopStatus()

	var tested <-chan unix.WaitStatus
	if s.cfg.test != "" {
		var err error
		environ := append(os.Environ(), fmt.Sprintf("CAP_AUDIT_PID=%d", a.PID()))
		tested, err = a.RunBeside("/bin/sh", []string{"sh", "-c", s.cfg.test}, environ)
		if err != nil {
			a.SignalTree(unix.SIGKILL)
			return fmt.Errorf("--test: %w", err)
		}
	}
	waited := make(chan error, 1)
	go func() { waited <- a.Wait(ended) }()

	var deadline <-chan time.Time
	if at.limit > 0 {
		deadline = time.After(at.limit)
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
			return err
		case status := <-tested:
			r.test = &status
			if err := a.SignalTree(unix.SIGTERM); err != nil {
				return err
			}
			deadline = time.After(testGrace)
		case <-deadline:
			r.timedOut = r.test == nil
			a.KillCompanions()
			if err := a.SignalTree(unix.SIGKILL); err != nil {
				return err
			}
		case <-s.signals.leave:
			a.KillCompanions()
			return nil
		}
	}
}
