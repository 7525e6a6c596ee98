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
	subject *tracer.Running
	// unit is the subject, if that is a service of the running system.
	unit *liveUnit
	// about describes it in the report.
	about audit.Subject
	// onWatched, if set, is called once the subject is watched.
	onWatched func() error
	account   *account
	service   *service
	lines     *lines
	signals   *forwarder
	out       *output
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
	// cut: ended by --duration or --until-idle
	cut bool
	// test is how --test ended, nil without.
	test *unix.WaitStatus
}

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
			s.lines.print("[*] Tracing %s", s.subjectText(pid))
			s.lines.print("[*] Press Ctrl-C to stop")
		}
		if s.cfg.verbose {
			options.OnEvent = s.lines.event
		}
	}
	start := time.Now()
	a, err := s.start(target, options)
	if err != nil {
		return nil, explain(err)
	}
	// a first run's kernel half is left to the exit of this process
	if at.repetition {
		defer a.Close()
	}
	s.signals.setTarget(a)
	r := &result{}
	err = s.watch(a, at, r)
	s.signals.finish()
	if err != nil {
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
	r.findings.TestFailed = s.testFailed(r)
	r.findings.Subject = s.about
	return r, nil
}

// start starts the target, or attaches to what runs already.
func (s *session) start(target tracer.Target, options tracer.Options) (*tracer.Audit, error) {
	if s.subject == nil {
		return tracer.Start(target, options)
	}
	a, err := tracer.Adopt(*s.subject, options)
	if err == nil && s.onWatched != nil {
		if err = s.onWatched(); err != nil {
			a.Close()
		}
	}
	return a, err
}

// subjectText names what is audited, for the progress lines.
func (s *session) subjectText(pid int) string {
	name := printable(s.about.Name)
	switch s.about.Kind {
	case audit.SubjectUnit:
		return "service: " + name
	case audit.SubjectContainer:
		return fmt.Sprintf("container: %s (PID %d)", name, pid)
	case audit.SubjectCgroup:
		return "control group: " + printable(s.about.Cgroup)
	case audit.SubjectPID:
		return fmt.Sprintf("process: %d", pid)
	}
	return fmt.Sprintf("application: %s (PID %d)", printable(s.target.Path), pid)
}
