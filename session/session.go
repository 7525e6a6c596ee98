package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// session is the audit of one subject, which runs once or more often, each time
// under an audit of the kernel's of its own.
type session struct {
	Options
	subject subject
	lines   *console.Lines
	signals *signals
	out     *output.Output
	// bounding is of the run that goes on, nil for none.
	bounding *bounding
	// each is nil where there is one report.
	each *each
	// interims are interim reports that are being written.
	interims sync.WaitGroup
}

// Run audits what the options name, and reports what it needs.
func Run(options Options) error {
	if options.Untraced {
		if _, err := tracer.Takeable(); err != nil {
			return fmt.Errorf("--untraced: %w", err)
		}
	}
	if err := options.checkOutcomes(); err != nil {
		return err
	}
	if options.IfPossible {
		if err := tracer.Possible(options.Backends); err != nil {
			return runUntraced(&options, cmp.Or(tracer.Diagnose(err), err).Error())
		}
	}
	s := &session{Options: options, lines: options.lines()}
	var err error
	if s.subject, err = KindOf(s.Option).find(s); err != nil {
		return err
	}
	if s.out, err = output.Open(s.Output); err != nil {
		return err
	}
	s.signals = listen(s.subject)
	tearDown, err := s.subject.setUp()
	defer tearDown()
	if err != nil {
		return err
	}
	return s.audit()
}

func (s *session) audit() error {
	r, err := s.run(attempt{allowed: everything})
	if err != nil || s.each != nil {
		return err
	}
	switch {
	case s.Untraced:
		err = s.search(r)
	case s.proves():
		err = s.prove(r)
	}
	if err != nil {
		return err
	}
	if r.findings.TestFailed != "" {
		console.Warningf("%s: what it was to exercise may be missing", r.findings.TestFailed)
	}
	s.lines.Print("[*] Analyzing results...")
	doc := s.document(r.findings)
	s.expose(doc)
	if err := s.out.Conclude(doc, r.findings); err != nil {
		return err
	}
	return s.subject.conclude(s, r.findings, doc)
}

func (s *session) document(f *audit.Findings) *report.Document {
	s.subject.describe(f)
	doc := report.NewDocument(f)
	doc.Tool.Version = s.Output.Version
	return doc
}

// reportInterim writes a report on what has been seen so far.
func (s *session) reportInterim(a *tracer.Audit) error {
	if s.Untraced {
		return errors.New("without tracing nothing is known before the last repetition")
	}
	if s.each != nil {
		s.lines.Print("[*] Interim report")
		return s.each.write(context.Background(), interim, "")
	}
	observation, err := a.Observe()
	if err != nil {
		return err
	}
	observation.Interim = true
	findings := audit.Analyze(observation)
	findings.Bounds = s.bounding.known(observation.Programs, notYet)
	doc := s.document(findings)
	s.lines.Print("[*] Interim report")
	return s.out.WriteInterim(doc)
}
