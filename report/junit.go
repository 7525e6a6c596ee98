package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// The elements of a JUnit report that its readers agree on (the xsd of
// Jenkins's xunit plugin, junit-10).
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Skipped *junitReason `xml:"skipped"`
	Error   *junitReason `xml:"error"`
	Failure *junitReason `xml:"failure"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the document as a test report: one test for each capability
// that the policy names or the run came across, and one for the recording.
// Without a policy nothing can fail; what was refused is then skipped. Its
// error is w's.
func WriteJUnit(w io.Writer, d *Document) error {
	suite := &junitSuite{Name: "cap-audit " + d.subject()}
	class := "cap-audit." + strings.ReplaceAll(d.subject(), ".", "_") // dots part packages
	recording := junitCase{Class: class, Name: "recording"}
	if unsure := d.unsure(); unsure != "" {
		recording.Error = &junitReason{Message: unsure, Type: "incomplete"}
	}
	if d.untraced {
		recording.Out = "found by repetitions alone, without tracing"
	}
	suite.Cases = append(suite.Cases, recording)
	for _, name := range d.tested() {
		suite.Cases = append(suite.Cases, d.junitCase(class, name))
	}
	text := suite.document()
	_, err := w.Write(text)
	return err
}

// SkippedJUnit is the test report of a run that was not audited.
func SkippedJUnit(path, reason string) []byte {
	subject := printable(path)
	suite := &junitSuite{Name: "cap-audit " + subject, Cases: []junitCase{{
		Class: "cap-audit." + strings.ReplaceAll(subject, ".", "_"), Name: "recording",
		Skipped: &junitReason{Message: printable(reason), Type: "untraced"},
	}}}
	return suite.document()
}

// document counts the tests and wraps them up.
func (s *junitSuite) document() []byte {
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	b := bytes.NewBufferString(xml.Header)
	enc := xml.NewEncoder(b)
	enc.Indent("", "  ")
	// into memory, and of strings and numbers: it cannot fail
	enc.Encode(junitSuites{Name: "cap-audit", Tests: s.Tests, Failures: s.Failures, Errors: s.Errors,
		Suites: []junitSuite{*s}})
	b.WriteByte('\n')
	return b.Bytes()
}

// subject names what the document is about.
func (d *Document) subject() string {
	switch {
	case d.Subject.Name != nil:
		return printable(*d.Subject.Name)
	case d.Application.Comm != "":
		return printable(d.Application.Comm)
	case d.Subject.Cgroup != nil:
		return printable(*d.Subject.Cgroup)
	}
	return "several programs"
}

// unsure says why the recording may lack something, "" if it does not.
func (d *Document) unsure() string {
	if d.Policy != nil {
		if d.Policy.Unsure != nil {
			return *d.Policy.Unsure
		}
		return ""
	}
	if d.Losses.Tasks|d.Losses.Checks|d.Losses.Rows|d.Losses.Unasked != 0 {
		return "part of the run could not be recorded"
	}
	return ""
}

// tested are the names of the capabilities that have a test.
func (d *Document) tested() []string {
	list := slices.Clone(d.Recommended)
	for _, c := range d.Denied {
		list = append(list, c.Name)
	}
	if d.Policy != nil {
		list = append(list, d.Policy.Allowed...)
	}
	slices.SortFunc(list, func(a, b string) int {
		m, _ := capng.Number(a)
		n, _ := capng.Number(b)
		return m - n
	})
	return slices.Compact(list)
}

func (d *Document) junitCase(class, name string) junitCase {
	c := junitCase{Class: class, Name: name}
	why := strings.Join(d.why(name), "\n")
	needed := slices.Contains(d.Recommended, name)
	if d.Policy != nil {
		for _, v := range d.Violations() {
			if v.Capability == name {
				c.Failure = &junitReason{Message: fmt.Sprintf("%s: %s", name, v.What), Type: "policy",
					Text: v.String()}
				return c
			}
		}
		if slices.Contains(d.Policy.Unused, name) {
			c.Skipped = &junitReason{Message: "allowed, not used", Type: "unused"}
			return c
		}
		needed = needed || slices.Contains(d.Policy.Allowed, name)
	}
	if !needed {
		c.Skipped = &junitReason{Message: "refused each time, and not allowed", Type: "refused", Text: why}
		return c
	}
	c.Out = why
	return c
}
