package main

import (
	"errors"
	"os"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// runAudit is the main job: run the command, report what it needs.
func runAudit(cfg *config) error {
	s := &session{cfg: cfg, lines: newLines(cfg)}
	var err error
	if s.path, err = tracer.Resolve(cfg.command[0]); err != nil {
		return err
	}
	if (cfg.as != "" || cfg.proves()) && os.Geteuid() != 0 {
		return errNotRoot
	}
	first := attempt{}
	if cfg.as != "" {
		if s.account, err = lookUpAccount(cfg.as); err != nil {
			return err
		}
		first.identity = s.account.identity(capng.Bounding())
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
	doc := report.NewDocument(r.findings)
	doc.Tool.Version = version
	return out.write(doc)
}

// explain turns errors of the tracer into one that says what to do.
func explain(err error) error {
	if d := tracer.Diagnose(err); d != "" {
		return errors.New(d)
	}
	return err
}
