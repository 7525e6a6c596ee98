package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// runAudit is the main job: run the command, report what it needs.
func runAudit(cfg *config) error {
	if cfg.ifPossible {
		if reason := cannotTrace(cfg); reason != "" {
			return runUntraced(cfg, reason)
		}
	}
	s := &session{cfg: cfg, lines: newLines(cfg)}
	first, err := s.prepare()
	if err != nil {
		return err
	}
	if s.out, err = openOutput(cfg); err != nil {
		return err
	}
	s.signals = newForwarder(s.subject != nil)
	if s.service != nil {
		defer s.service.removeDirectories()
		if err := s.service.makeDirectories(); err != nil {
			return err
		}
	}

	r, err := s.run(first)
	if err != nil {
		return err
	}
	if cfg.proves() {
		if err := s.prove(r); err != nil {
			return err
		}
	}
	if r.findings.TestFailed != "" {
		warningf("%s: what it was to exercise may be missing", r.findings.TestFailed)
	}
	s.lines.print("[*] Analyzing results...")
	doc := s.document(r.findings)
	if err := s.out.conclude(doc, r.findings); err != nil || !cfg.writeDropin {
		return err
	}
	if r.findings.TestFailed != "" {
		return fmt.Errorf("no drop-in is written for %s: %s", s.unit.Name, r.findings.TestFailed)
	}
	return s.writeDropin(r.findings, doc)
}

func (s *session) document(f *audit.Findings) *report.Document {
	if s.account != nil {
		f.RunAs = s.account.name
	}
	if s.unit != nil {
		s.unit.describe(f)
	}
	if s.about.Kind == audit.SubjectContainer {
		describeContainer(f)
	}
	if s.service != nil {
		f.UnitFile = &s.service.about
	}
	doc := report.NewDocument(f)
	doc.Tool.Version = version
	return doc
}

// prepare finds out what is to be audited, and as whom.
func (s *session) prepare() (attempt, error) {
	switch {
	case s.cfg.service != "":
		return s.prepareService()
	case s.cfg.unit != "":
		return attempt{}, s.prepareUnit()
	case s.cfg.container != "":
		return attempt{}, s.prepareContainer()
	case s.cfg.attaches():
		return attempt{}, s.prepareRunning()
	}
	return s.prepareCommand()
}

func (s *session) prepareCommand() (first attempt, err error) {
	s.about.Kind = audit.SubjectCommand
	if s.cfg.cgroup != "" {
		s.target.Cgroup, s.about.Cgroup = controlGroup(s.cfg.cgroup)
	}
	s.target.Argv = s.cfg.command
	if s.target.Path, err = tracer.Resolve(s.cfg.command[0]); err != nil {
		return first, err
	}
	if (s.cfg.as != "" || s.cfg.proves()) && os.Geteuid() != 0 {
		return first, errNotRoot
	}
	if s.cfg.as != "" {
		if s.account, err = lookUpAccount(s.cfg.as); err != nil {
			return first, err
		}
		first.identity = s.account.identity(capng.Bounding())
	}
	return first, nil
}

// explain turns errors of the tracer into one that says what to do.
func explain(err error) error {
	if d := tracer.Diagnose(err); d != "" {
		return errors.New(d)
	}
	return err
}
