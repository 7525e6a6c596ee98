package main

import (
	"errors"
	"os"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// runAudit is the main job: run the command, report what it needs.
func runAudit(cfg *config) error {
	s := &session{cfg: cfg, lines: newLines(cfg)}
	first, err := s.prepare()
	if err != nil {
		return err
	}
	out, err := openOutput(cfg)
	if err != nil {
		return err
	}
	s.signals = newForwarder()

	r, err := s.run(first)
	if err != nil {
		return err
	}
	if s.account != nil {
		r.findings.RunAs = s.account.name
	}
	if cfg.proves() {
		if err := s.prove(r); err != nil {
			return err
		}
	}
	s.lines.print("[*] Analyzing results...")
	r.findings.Target = s.about
	doc := report.NewDocument(r.findings)
	doc.Tool.Version = version
	return out.write(doc)
}

// prepare finds out what is to be audited, and as whom.
func (s *session) prepare() (attempt, error) {
	switch {
	case s.cfg.service != "":
		return attempt{}, s.prepareService()
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
	s.about.Kind = audit.TargetCommand
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

// prepareRunning is for --pid and --cgroup without a command.
func (s *session) prepareRunning() error { return errors.New("--pid, --cgroup: not built yet") }

// explain turns errors of the tracer into one that says what to do.
func explain(err error) error {
	if d := tracer.Diagnose(err); d != "" {
		return errors.New(d)
	}
	return err
}
