package session

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/tracer"
)

// everything: no set limits the run.
const everything = math.MaxUint64

// attempt is one run of the subject.
type attempt struct {
	// allowed is the set that it may use, bit n for capability number n.
	allowed uint64
	// repetition: its output has been seen, and nobody waits for it longer
	// than limit.
	repetition     bool
	limit          time.Duration
	stdout, stderr *os.File // of what is launched; nil: ours
}

// result is what became of an attempt.
type result struct {
	findings *audit.Findings
	took     time.Duration
	// interrupted by the user, or killed because the limit was reached
	interrupted, timedOut bool
	// told: asked to end, it left descendants, which had to be told; killed: what
	// was left at the end of the time for it.
	told, killed bool
	// cut: ended by --duration or --until-idle
	cut bool
	// ending is how the first process ended, nil for not or not known.
	ending atomic.Pointer[unix.WaitStatus]
	// test is how --test ended, nil without.
	test *unix.WaitStatus
	// testError is why --test could not be started.
	testError error
	// abandoned: some of it could not be ended, and runs on.
	abandoned bool
	// output of a repetition without --test.
	output audit.Output
	// identities are who the processes of an untraced run were when the test ended,
	// or when they themselves did.
	identities []audit.Identity
}

// run runs the subject under an audit.
func (s *session) run(at attempt) (*result, error) {
	if s.Output.Machine() {
		at.stdout = os.Stderr
	}
	if !at.repetition {
		return s.watched(at)
	}
	if s.Test != "" {
		return s.unheard(at)
	}
	output, err := at.capture()
	if err != nil {
		return nil, err
	}
	r, err := s.watched(at)
	written := output.finish()
	if err == nil {
		r.output = written
	}
	return r, err
}

// unheard runs it where nobody wants its output, since a test decides.
func (s *session) unheard(at attempt) (*result, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	at.stdout, at.stderr = null, null
	return s.watched(at)
}

// started is the run that has begun.
func (s *session) started(at attempt) (*tracer.Audit, error) {
	s.bounding = s.bound(at)
	s.signals.expect()
	a, err := s.subject.start(s, at, s.tracing(at))
	if err == nil {
		return a, nil
	}
	if at.repetition { // the report on the run before is next
		s.signals.finish()
	}
	s.bounding.giveUp()
	if s.signals.asked() { // a signal to the process group ends the stub, too
		return nil, errors.New("interrupted before the command had started")
	}
	return nil, s.explain(err)
}

// watched runs it and waits for its end.
func (s *session) watched(at attempt) (*result, error) {
	start := time.Now()
	a, err := s.started(at)
	if err != nil {
		return nil, err
	}
	// a first run's kernel half is left to the exit of this process
	if at.repetition {
		defer a.Close()
	}
	s.signals.setRun(a)
	s.bounding.begin(a)
	r, began := &result{}, time.Now()
	err = s.watch(a, at, r)
	ended := time.Now()
	s.bounding.hurry()
	s.signals.finish()
	s.interims.Wait()
	if err != nil {
		return nil, err
	}
	r.took = time.Since(start)
	ran := time.Since(began)
	r.interrupted = s.signals.asked()
	if s.Test == "" {
		r.identities = a.LastIdentities()
	}
	if err := s.finishEvents(a, at); err != nil {
		return nil, err
	}
	if ending := r.ending.Load(); ending != nil && !s.Follow {
		showEnding(s.lines, *ending)
	}
	if s.each != nil {
		s.bounding.conclude(ended.Add(s.lateness()))
		return r, s.each.conclude(r)
	}
	observation, err := a.Observe()
	if err != nil {
		return nil, fmt.Errorf("read the audit out of the kernel: %w", err)
	}
	observation.Took = ran
	r.findings = audit.Analyze(observation)
	s.bounding.conclude(ended.Add(s.lateness()))
	r.findings.Bounds = s.bounding.known(observation.Programs, notInTime)
	r.findings.TestFailed = s.testFailed(r)
	if s.Untraced && at.repetition && r.findings.StillRunning > 0 {
		r.killed = true // they could spoil the next
		_, err = a.Kill()
		return r, err
	}
	return r, nil
}

// tracing is how an attempt is traced. A repetition says nothing.
func (s *session) tracing(at attempt) tracer.Options {
	options := tracer.Options{
		Backends:    s.Backends,
		IdleMatters: audit.IdleMask(),
		Untraced:    s.Untraced,
		Sampled:     s.sampled(),
	}
	if at.repetition {
		return options
	}
	options.Objects = !s.NoObjects
	options.Stacks = true
	options.Code = !s.NoStatic
	options.OnReady = func(pid int) {
		s.lines.Print("[*] Capability auditor started")
		doing := "Tracing"
		if s.Untraced {
			doing = "Running"
		}
		if s.Verbose {
			s.lines.Print("[*] Registered PID %d for tracing", pid)
		}
		s.lines.Print("[*] %s %s", doing, s.subject.title(pid))
		s.lines.Print("[*] Press Ctrl-C to stop")
	}
	options.OnEvent = s.onEvent()
	return options
}

// explain turns errors of the tracer into one that says what to do, and what can
// be done without tracing.
func (s *session) explain(err error) error {
	diagnosis := tracer.Diagnose(err)
	if diagnosis == nil {
		return err
	}
	if _, failed := tracer.Takeable(); s.Option == "" && failed == nil {
		return hint.Add(diagnosis, "--untraced finds the set by repetitions alone")
	}
	return diagnosis
}
