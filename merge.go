package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
)

// mergeReports is --merge. A report that cannot be read is named at once, and
// costs no other its place.
func mergeReports(cfg *config) error {
	out, err := openOutput(cfg)
	if err != nil {
		return err
	}
	union := audit.NewUnion()
	joined, damaged := 0, 0
	for name, err := range reportNames(cfg.command) {
		if err != nil {
			return err
		}
		findings, err := readReport(name)
		if err != nil {
			errorf("%s: %v; it is left out", printable(name), err)
			damaged++
			continue
		}
		union.Add(name, findings)
		joined++
	}
	if joined == 0 && damaged == 0 {
		return errors.New("--merge: there are no reports: the list on standard input is empty")
	}
	if joined == 0 {
		return errors.New("--merge: none of the reports could be read")
	}
	findings := union.Findings()
	doc := report.NewDocument(findings)
	doc.Tool.Version = version
	err = out.conclude(doc, findings)
	if damaged > 0 {
		err = errors.Join(err, fmt.Errorf("--merge: %d of %d reports could not be read and are not in the "+
			"result", damaged, joined+damaged))
	}
	return err
}

// maxName bounds a line of the list.
const maxName = unix.PathMax

// reportNames are the files named by the arguments, and those that standard
// input names where an argument is "-".
func reportNames(arguments []string) func(yield func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for _, argument := range arguments {
			if argument != "-" {
				if !yield(argument, nil) {
					return
				}
				continue
			}
			lines := bufio.NewScanner(os.Stdin)
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

// readReport reads one earlier report.
func readReport(name string) (*audit.Findings, error) {
	f, err := openInput(name)
	switch {
	case errors.Is(err, unix.EISDIR):
		return nil, fmt.Errorf("%w; name the reports in it", err)
	case err != nil && strings.HasPrefix(name, "-"):
		return nil, fmt.Errorf("%w; options come before the reports", err)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	return report.Read(f)
}

// diffReports is --diff.
func diffReports(cfg *config) error {
	out, err := openOutput(cfg)
	if err != nil {
		return err
	}
	var sides [2]*audit.Findings
	for i, name := range cfg.command {
		if sides[i], err = readReport(name); err != nil {
			return fmt.Errorf("--diff: %s: %w", printable(name), err)
		}
	}
	diff := report.NewDifference(cfg.command[0], sides[0], cfg.command[1], sides[1])
	diff.Tool.Version = version
	var text bytes.Buffer
	switch cfg.format {
	case formatJSON:
		err = diff.WriteJSON(&text)
	case formatYAML:
		err = diff.WriteYAML(&text)
	default:
		err = diff.WriteText(&text)
	}
	if err == nil {
		err = out.writeText(text.Bytes())
	}
	switch {
	case err != nil:
		return err
	case len(diff.Came) > 0:
		names := make([]string, len(diff.Came))
		for i, c := range diff.Came {
			names[i] = c.Name
		}
		return &statusError{statusDiffers, fmt.Sprintf("%s shows what %s does not: %s",
			printable(cfg.command[1]), printable(cfg.command[0]), strings.Join(names, ", "))}
	case diff.New.Unsure != nil:
		return fmt.Errorf("cannot say whether something came: %s: %s", printable(cfg.command[1]),
			*diff.New.Unsure)
	}
	return nil
}
