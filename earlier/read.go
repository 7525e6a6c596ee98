// Package earlier joins and compares reports that were written before.
package earlier

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/report"
)

// readReport reads one earlier report.
func readReport(name string) (*audit.Findings, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return report.Read(f)
}

// readReports hands on the reports of a file, each with a name of its own.
func readReports(name string, take func(name string, f *audit.Findings, err error)) {
	file, err := open(name)
	if err != nil {
		take(name, nil, err)
		return
	}
	defer file.Close()
	report.ReadEach(file, func(line int, f *audit.Findings, err error) {
		if line > 0 {
			take(fmt.Sprintf("%s:%d", name, line), f, err)
			return
		}
		take(name, f, err)
	})
}

func open(name string) (*os.File, error) {
	f, err := files.Open(name)
	switch {
	case errors.Is(err, unix.EISDIR):
		return nil, hint.Add(err, "name the reports in it")
	case err != nil && name == "-":
		return nil, hint.Add(err, "standard input is /dev/stdin")
	case err != nil && strings.HasPrefix(name, "-"):
		return nil, hint.Add(err, "options come before the reports")
	}
	return f, err
}
