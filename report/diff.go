package report

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/objects"
)

// Difference is the document of --diff.
type Difference struct {
	SchemaVersion int  `json:"schema_version"`
	Tool          Tool `json:"tool"`
	Old           Side `json:"old"`
	New           Side `json:"new"`
	// Came are the capabilities that the new report shows more of than the old
	// one, Went those that it shows less of.
	Came []Change `json:"came"`
	Went []Change `json:"went"`
	// Same are those that both need.
	Same []string `json:"same"`
	// Objects are what capabilities that both need were asked for in one of them alone.
	Objects []ObjectChange `json:"objects"`
	// Possible is what the code can ask for in the new report, and could not in the old one;
	// RuledOut is the reverse.
	Possible []string `json:"became_possible"`
	RuledOut []string `json:"became_ruled_out"`
}

// Side is one of two reports. Unsure says why it may lack something, or is
// null.
type Side struct {
	Report      string  `json:"report"`
	Application string  `json:"application"`
	Unsure      *string `json:"unsure"`
}

// Change is one capability. Why has a line for each reason, of the report that
// shows more of it.
type Change struct {
	Number int         `json:"number"`
	Name   string      `json:"name"`
	Was    audit.State `json:"was"`
	Is     audit.State `json:"is"`
	Why    []string    `json:"why"`
}

// ObjectChange is a capability that both need, with the texts of the objects that only one
// report shows.
type ObjectChange struct {
	Number int      `json:"number"`
	Name   string   `json:"name"`
	Came   []string `json:"came"`
	Went   []string `json:"went"`
}

// DifferenceSchema is the JSON Schema (draft 2020-12) of Difference.
//
//go:embed diff-schema.json
var DifferenceSchema []byte

// NewDifference compares two findings, each with the name of its report. Its
// caller sets the version of Tool.
func NewDifference(oldName string, older *audit.Findings, newName string, newer *audit.Findings) *Difference {
	came, went := audit.Diff(older, newer)
	possible, ruledOut := audit.DiffReach(older, newer)
	change := func(d *Document) func(audit.Change) Change {
		return func(c audit.Change) Change {
			name := capng.Name(c.Number)
			return Change{c.Number, name, c.Was, c.Is, each(append(d.why(name), d.whatFor(name)...), valid)}
		}
	}
	return &Difference{
		SchemaVersion: SchemaVersion,
		Tool:          Tool{Name: "cap-audit", Version: "unknown"},
		Old:           Side{valid(oldName), valid(older.Application.Path), optional(older.Unsure())},
		New:           Side{valid(newName), valid(newer.Application.Path), optional(newer.Unsure())},
		Came:          each(came, change(NewDocument(newer))),
		Went:          each(went, change(NewDocument(older))),
		Same:          capng.Names(older.Recommended() & newer.Recommended()),
		Objects:       each(audit.DiffObjects(older, newer), objectChange),
		Possible:      names(possible),
		RuledOut:      names(ruledOut),
	}
}

func objectChange(c audit.ObjectChange) ObjectChange {
	text := func(o objects.Object) string { return valid(o.Text()) }
	return ObjectChange{c.Number, capng.Name(c.Number), each(c.Came, text), each(c.Went, text)}
}

// WriteJSON writes the difference as one JSON object. Its error is w's.
func (d *Difference) WriteJSON(w io.Writer) error { return writeJSON(w, d) }

// WriteYAML writes the same tree as YAML. Its error is w's.
func (d *Difference) WriteYAML(w io.Writer) error { return writeYAML(w, d) }

// WriteText writes it for people, in the manner of diff -u. Its error is w's.
func (d *Difference) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s: %s\n+++ %s: %s\n", printable(d.Old.Report), printable(d.Old.Application),
		printable(d.New.Report), printable(d.New.Application))
	for _, side := range []Side{d.Old, d.New} {
		if side.Unsure != nil {
			fmt.Fprintf(&b, "%s may lack something: %s\n", printable(side.Report), *side.Unsure)
		}
	}
	changes := func(mark string, list []Change) {
		for _, c := range list {
			fmt.Fprintf(&b, "%s %s: was %s, is %s\n", mark, numbered(c.Name, c.Number), c.Was, c.Is)
			for _, line := range c.Why {
				fmt.Fprintf(&b, "      %s\n", printable(line))
			}
		}
	}
	changes("+", d.Came)
	changes("-", d.Went)
	for _, c := range d.Objects {
		for _, text := range c.Came {
			fmt.Fprintf(&b, "  %s: came for %s\n", numbered(c.Name, c.Number), printable(text))
		}
		for _, text := range c.Went {
			fmt.Fprintf(&b, "  %s: went for %s\n", numbered(c.Name, c.Number), printable(text))
		}
	}
	if len(d.Possible) > 0 {
		fmt.Fprintf(&b, "  possible now, ruled out before: %s\n", strings.Join(d.Possible, ", "))
	}
	if len(d.RuledOut) > 0 {
		fmt.Fprintf(&b, "  ruled out now, possible before: %s\n", strings.Join(d.RuledOut, ", "))
	}
	if len(d.Same) > 0 {
		fmt.Fprintf(&b, "  both need: %s\n", strings.Join(d.Same, ", "))
	}
	if len(d.Came)+len(d.Went)+len(d.Objects)+len(d.Possible)+len(d.RuledOut) == 0 {
		b.WriteString("  no difference\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
