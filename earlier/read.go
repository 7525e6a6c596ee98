// Package earlier joins and compares reports that were written before.
package earlier

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/report"
)

// readReport reads one earlier report.
func readReport(name string) (*audit.Findings, error) {
	f, err := files.Open(name)
	switch {
	case errors.Is(err, unix.EISDIR):
		return nil, hint.Add(err, "name the reports in it")
	case err != nil && strings.HasPrefix(name, "-"):
		return nil, hint.Add(err, "options come before the reports")
	case err != nil:
		return nil, err
	}
	defer f.Close()
	return report.Read(f)
}
