package session

import (
	"bytes"

	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/systemd"
)

// expose adds to the report what systemd thinks of the service now, with what is to be granted, and
// with further settings besides. Where systemd-analyze is absent or too old, it has nothing on that.
func (s *session) expose(doc *report.Document) {
	unit, files := s.subject.unitFiles()
	if unit == "" || doc.AtLeast || s.Output.Emit != "" {
		return
	}
	var lines []string
	level := func(kind string) *float64 {
		if kind != "" {
			var text bytes.Buffer
			if err := report.WriteSnippet(&text, doc, kind); err != nil {
				return nil
			}
			lines = append(lines, text.String())
		}
		n, err := systemd.Exposure(unit, files, lines...)
		if err != nil {
			return nil
		}
		return &n
	}
	e := &report.Exposure{Now: level("")}
	if e.Now == nil {
		return
	}
	e.Granted = level("systemd")
	if doc.Unfilterable("hardening") == nil {
		e.Hardened = level("hardening")
	}
	doc.Exposure = e
}
