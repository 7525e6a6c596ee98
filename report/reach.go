package report

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/reach"
)

// Reach is the document of --static: what the code of a program can need.
type Reach struct {
	SchemaVersion int      `json:"schema_version"`
	Tool          Tool     `json:"tool"`
	Program       string   `json:"program"`
	Architecture  string   `json:"architecture"`
	Objects       []string `json:"objects"`
	// Possible are capabilities that the code can ask for, OnFiles those that it
	// asks for where files are others', RuledOut all the rest.
	Possible []Reachable `json:"possible_capabilities"`
	OnFiles  []Reachable `json:"file_capabilities"`
	RuledOut []string    `json:"ruled_out_capabilities"`
	// SystemCalls are all that can be made; with AnySystemCall there can be others.
	SystemCalls   []string `json:"system_calls"`
	AnySystemCall bool     `json:"any_system_call"`
	Executes      bool     `json:"executes"`
	Loads         bool     `json:"loads"`
	Missing       []string `json:"missing"`
	// Limits say in words what the answer does not cover.
	Limits []string `json:"limits"`
}

// Reachable is a capability with what can ask for it.
type Reachable struct {
	Number     int         `json:"number"`
	Name       string      `json:"name"`
	Operations []Operation `json:"operations"`
}

// Operation is a system call, or a path, in an object's function.
type Operation struct {
	Call     string `json:"call"`
	Object   string `json:"object"`
	Function string `json:"function"`
	Asks     string `json:"asks"`
}

// ReachSchema is the JSON Schema (draft 2020-12) of Reach.
//
//go:embed reach-schema.json
var ReachSchema []byte

// NewReach makes the document. Its caller sets the version of Tool.
func NewReach(r *reach.Result) *Reach {
	d := &Reach{
		SchemaVersion: SchemaVersion,
		Tool:          Tool{Name: "cap-audit", Version: "unknown"},
		Program:       valid(r.Program),
		Architecture:  r.Architecture,
		Objects:       each(r.Objects, valid),
		Possible:      []Reachable{},
		OnFiles:       []Reachable{},
		RuledOut:      []string{},
		SystemCalls:   append([]string{}, r.SystemCalls...),
		AnySystemCall: r.AnySystemCall,
		Executes:      r.Executes,
		Loads:         r.Loads,
		Missing:       each(r.Missing, valid),
		Limits:        reachLimits(r),
	}
	for n, v := range r.Capabilities {
		one := Reachable{n, capng.Name(n), each(v.Operations, func(o reach.Operation) Operation {
			return Operation{valid(o.Call), valid(o.Object), valid(o.Function), o.Asks}
		})}
		switch v.Class {
		case reach.Possible:
			d.Possible = append(d.Possible, one)
		case reach.OnFiles:
			d.OnFiles = append(d.OnFiles, one)
		default:
			d.RuledOut = append(d.RuledOut, one.Name)
		}
	}
	return d
}

// reachLimits are what limits the answer, in the order of how much.
func reachLimits(r *reach.Result) []string {
	list := []string{}
	for _, what := range r.Missing {
		list = append(list, "a library could not be read, so nothing is ruled out: "+valid(what))
	}
	if r.AnySystemCall {
		list = append(list, "the number of a system call is not known, so nothing is ruled out")
	}
	if r.Executes {
		list = append(list, "it can execute other programs: what those need is not looked at, and for an "+
			"interpreter they decide")
	}
	if r.Loads {
		list = append(list, "it can load other objects by name, such as plugins: name them after the program")
	}
	return append(list, "a file of /proc, /sys or /dev that asks by itself counts where the code names "+
		"it, not where "+
		"the program is told its name")
}

// WriteJSON writes the document as one JSON object. Its error is w's.
func (d *Reach) WriteJSON(w io.Writer) error { return writeJSON(w, d) }

// WriteYAML writes the same tree as YAML. Its error is w's.
func (d *Reach) WriteYAML(w io.Writer) error { return writeYAML(w, d) }

// WriteText writes it for people. Its error is w's.
func (d *Reach) WriteText(w io.Writer, page Page) error {
	t := &text{width: page.Width}
	t.WriteString(wrap("", "  ",
		fmt.Sprintf("%s (%s), with %s: possible %d, depends on files %d, ruled out %d",
			printable(d.Program), d.Architecture, count(len(d.Objects)-1, "library", "libraries"),
			len(d.Possible), len(d.OnFiles), len(d.RuledOut)), t.width))
	t.reachable("POSSIBLE: the code can ask for these", d.Possible, 3)
	t.reachable("DEPENDS ON FILES: asked for where files are others', or forbid it to their owner",
		d.OnFiles, 1)
	t.line("\nRULED OUT: no code that was found asks for these")
	t.prose("  ", orNone(d.RuledOut))
	t.line("\nNOT COVERED")
	for _, limit := range d.Limits {
		t.item(printable(limit))
	}
	_, err := w.Write(t.Bytes())
	return err
}

func (t *text) reachable(heading string, list []Reachable, most int) {
	t.line("\n%s", heading)
	if len(list) == 0 {
		t.none()
	}
	for _, c := range list {
		t.capability(c.Name, c.Number)
		shown, left := c.few(most)
		for _, line := range shown {
			t.WriteString(wrap("      ", "        ", printable(line), t.width))
		}
		switch others := count(left, "other", "others"); {
		case len(c.Operations) == reach.MaxOperations: // there can have been more
			t.line("      and at least %s", others)
		case left > 0:
			t.line("      and %s", others)
		}
	}
}

// few are the first operations, one for each call and object, and how many more
// there are.
func (c *Reachable) few(most int) (lines []string, left int) {
	for _, o := range c.Operations {
		line := o.Call
		if o.Object != "" {
			line = strings.TrimSpace(fmt.Sprintf("%s in %s %s", o.Call, o.Object, o.Function))
		}
		switch {
		case slices.Contains(lines, line):
		case len(lines) == most:
			left++
		default:
			lines = append(lines, line)
		}
	}
	return lines, left
}
