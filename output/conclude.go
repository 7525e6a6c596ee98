package output

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/policy"
	"github.com/cap-audit/cap-audit/report"
)

// Conclude writes what was found, and answers with the exit status: our own
// failure before the policy's verdict, and that before what --propagate passes
// on.
func (o *Output) Conclude(doc *report.Document, f *audit.Findings) error {
	if o.policy != nil {
		doc.Judge(o.Check, f.Fit(o.policy.Allowed), o.CheckUnused)
		doc.Locate(o.place())
	}
	failed := errors.Join(o.Write(doc), o.writePolicy(doc, f))
	verdict := o.verdict(doc)
	switch {
	case failed != nil:
		return errors.Join(failed, verdict)
	case verdict != nil:
		return verdict
	case o.Propagate:
		return propagated(f.Application)
	}
	return nil
}

// place is where the policy stands.
func (o *Output) place() report.Place {
	if o.policy.Line == 0 {
		return report.Place{}
	}
	p := report.Place{File: o.Check, Line: o.policy.Line, Lines: map[string]int{}}
	if file, err := filepath.Abs(o.Check); err == nil {
		p.File = file
		if here, err := os.Getwd(); err == nil {
			if below, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(below) {
				p.File = below
			}
		}
	}
	for n, line := range o.policy.Lines {
		p.Lines[capng.Name(n)] = line
	}
	return p
}

// verdict shows how the run and the policy differ, as a diff on standard
// error, where the log of a build has it.
func (o *Output) verdict(doc *report.Document) error {
	p := doc.Policy
	if p == nil {
		return nil
	}
	name := console.Printable(o.Check)
	for _, remark := range p.Remarks() {
		console.Warningf("the policy %s %s", name, remark)
	}
	if !p.Met {
		for _, v := range doc.Violations() {
			os.Stderr.WriteString(v.String())
		}
		more := ""
		if !p.Sure {
			more = "; there may be more: " + *p.Unsure
		}
		return &Answer{Differs, fmt.Sprintf("the run does not fit the policy %s: %s%s", name,
			p.Summary(), more)}
	}
	if !p.Sure {
		return fmt.Errorf("cannot say whether the run fits the policy %s: %s", name, *p.Unsure)
	}
	switch m := doc.Merged; {
	case m != nil && m.Untold.Count > 0:
		console.Warningf("%d of the %d reports do not say whether they are complete; as far as they tell, "+
			"they fit the policy", m.Untold.Count, m.Reports)
	case doc.Untraced():
		console.Warningf("the run fits the policy %s, as far as repetitions tell without tracing", name)
	case !doc.Complete:
		console.Warningf("the run fits the policy %s, though details of it are missing; COMPLETENESS in the "+
			"text report names them", name)
	}
	return nil
}

// writePolicy is --policy-out.
func (o *Output) writePolicy(doc *report.Document, f *audit.Findings) error {
	if o.PolicyOut == "" {
		return nil
	}
	if err := files.Replace(o.PolicyOut, policy.Write(f)); err != nil {
		return fmt.Errorf("cannot write the policy to %s: %w", console.Printable(o.PolicyOut), err)
	}
	unsure := cmp.Or(f.Unsure(), f.Unbegun())
	if unsure == "" && doc.AtLeast {
		unsure = "a refusal may be why it failed"
	}
	if unsure != "" {
		console.Warningf("the policy in %s may allow too little: %s", console.Printable(o.PolicyOut), unsure)
	}
	return nil
}

// propagated is the exit status of the program as a shell has it.
func propagated(a audit.Application) error {
	status := a.Status
	if a.Signal != 0 {
		status = 128 + a.Signal
	}
	if status == 0 {
		return nil
	}
	return &Answer{Status: status}
}
