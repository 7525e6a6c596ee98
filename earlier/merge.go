package earlier

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/report"
)

// Merge joins the reports that the arguments name into one, - for a list of
// names on standard input. A report that cannot be read is named at once, and
// costs no other its place.
func Merge(arguments []string, options output.Options) error {
	out, err := output.Open(options)
	if err != nil {
		return err
	}
	union := audit.NewUnion()
	joined, damaged := 0, 0
	for name, err := range reportNames(arguments, os.Stdin) {
		if err != nil {
			return err
		}
		readReports(name, func(name string, findings *audit.Findings, err error) {
			if err != nil {
				console.Errorf("%s: %v; it is left out", console.Printable(name), err)
				damaged++
				return
			}
			union.Add(name, findings)
			joined++
		})
	}
	if joined == 0 && damaged == 0 {
		return errors.New("--merge: there are no reports: the list on standard input is empty")
	}
	if joined == 0 {
		return errors.New("--merge: none of the reports could be read")
	}
	findings := union.Findings()
	doc := report.NewDocument(findings)
	doc.Tool.Version = options.Version
	err = out.Conclude(doc, findings)
	if damaged > 0 {
		err = errors.Join(err, fmt.Errorf("--merge: %d of %d reports could not be read and are not in the "+
			"result", damaged, joined+damaged))
	}
	return err
}

// maxName bounds a line of the list.
const maxName = unix.PathMax

// reportNames are the files named by the arguments, and those that the list on
// standard input names where an argument is "-".
func reportNames(arguments []string, list io.Reader) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for _, argument := range arguments {
			if argument != "-" {
				if !yield(argument, nil) {
					return
				}
				continue
			}
			lines := bufio.NewScanner(list)
			lines.Buffer(nil, maxName+1)
			for lines.Scan() {
				// Scan takes the \r of text from elsewhere away
				if name := lines.Text(); name != "" && !yield(name, nil) {
					return
				}
			}
			err := lines.Err()
			if errors.Is(err, bufio.ErrTooLong) {
				err = fmt.Errorf("a line is longer than the %d bytes of a path", maxName)
			}
			if err != nil {
				yield("", fmt.Errorf("--merge: the list on standard input: %w", err))
				return
			}
		}
	}
}
