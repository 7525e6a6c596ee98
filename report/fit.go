package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// PolicyFit says whether the run fits the policy of --check.
type PolicyFit struct {
	// Policy is as the command line names it.
	Policy string `json:"policy"`
	// Met: nothing speaks against it. Sure: all that could was recorded.
	Met     bool     `json:"met"`
	Sure    bool     `json:"sure"`
	Allowed []string `json:"allowed"`
	// NotAllowed was needed, Refused is allowed and was refused each time,
	// Unused is allowed and was not used; only --check-unused minds.
	NotAllowed  []string `json:"not_allowed"`
	Refused     []string `json:"refused"`
	Unused      []string `json:"unused"`
	CheckUnused bool     `json:"check_unused"`
	// Unsure says why Sure is false, else null.
	Unsure *string `json:"unsure"`
	// RuledOut is allowed, and no code that was found asks for it; Possible is not allowed,
	// and code can ask for it, though the run did not need it. Neither speaks against the policy.
	RuledOut []string `json:"ruled_out"`
	Possible []string `json:"possible"`

	place Place
}

// Judge adds to the document how the run compares with what the policy allows.
func (d *Document) Judge(policy string, f audit.Fit, checkUnused bool) {
	d.Policy = &PolicyFit{
		Policy:      valid(policy),
		Met:         f.Outside|f.Refused == 0 && (f.Unused == 0 || !checkUnused),
		Sure:        f.Unsure == "",
		Allowed:     capng.Names(f.Allowed),
		NotAllowed:  capng.Names(f.Outside),
		Refused:     capng.Names(f.Refused),
		Unused:      capng.Names(f.Unused),
		CheckUnused: checkUnused,
		Unsure:      optional(f.Unsure),
		RuledOut:    capng.Names(f.RuledOut),
		Possible:    capng.Names(f.Possible),
	}
}

// Summary is one sentence on what the policy and the run do not agree in.
func (p *PolicyFit) Summary() string {
	var parts []string
	add := func(list []string, what string) {
		if len(list) > 0 {
			parts = append(parts, what+" "+strings.Join(list, ", "))
		}
	}
	add(p.NotAllowed, "not allowed but needed:")
	add(p.Refused, "allowed but refused:")
	if p.CheckUnused {
		add(p.Unused, "allowed but not used:")
	}
	return strings.Join(parts, "; ")
}

// Remarks are what no run is needed to say of the policy, each with the policy for its subject.
func (p *PolicyFit) Remarks() []string {
	var list []string
	ruledOut, possible := p.noted()
	if len(ruledOut) > 0 {
		list = append(list, "allows what no code of the programs that ran asks for: "+
			strings.Join(ruledOut, ", "))
	}
	if len(possible) > 0 {
		list = append(list, "does not allow what the code can ask for, though the run did not: "+
			strings.Join(possible, ", "))
	}
	return list
}

// noted are RuledOut and Possible, as far as they say anything that is not said anyway.
func (p *PolicyFit) noted() (ruledOut, possible []string) {
	if !p.CheckUnused { // which tells of them
		ruledOut = p.RuledOut
	}
	if len(p.Possible) <= mostPossible {
		possible = p.Possible
	}
	return ruledOut, possible
}

// Violations are the ways in which the run does not fit the policy, by number
// of the capability.
func (d *Document) Violations() []Violation {
	var list []Violation
	add := func(names []string, mark, what, advice string) {
		for _, name := range names {
			number, _ := capng.Number(name) // names are capng's here
			why := append(d.why(name), d.whatFor(name)...)
			list = append(list, Violation{name, number, mark, what, advice, why})
		}
	}
	add(d.Policy.NotAllowed, "+", "needed, not allowed",
		"if it is meant to, allow it in the policy; else find out what has come to ask for it")
	add(d.Policy.Refused, "!", "allowed, but refused",
		"give it to the program, with the unit, the container or the file; or take it out of the policy")
	if d.Policy.CheckUnused {
		for _, name := range d.Policy.Unused {
			add([]string{name}, "-", "allowed, not used", d.unusedAdvice(name))
		}
	}
	slices.SortStableFunc(list, func(a, b Violation) int { return a.Number - b.Number })
	return list
}

// unusedAdvice is what to do about a capability that is allowed and was not used.
func (d *Document) unusedAdvice(name string) string {
	switch {
	case slices.Contains(d.Policy.RuledOut, name):
		return "no code of the programs that ran asks for it: take it out of the policy"
	case slices.Contains(namesOfPossible(d.Possible), name) && !d.everything:
		return "the code can ask for it: exercise that before you take it out of the policy"
	}
	return "if the run did all that the program is for, take it out of the policy"
}

// Violation is one way in which a run does not fit a policy.
type Violation struct {
	Capability string
	Number     int
	// Mark is that of a diff from the policy to the run: + for what came, - for
	// what is not there, ! for what was refused.
	Mark string
	// What and Advice are clauses.
	What, Advice string
	// Why has a line for each place that asked, printable.
	Why []string
}

// String is the violation as the lines of a diff.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n", v.Mark, numbered(v.Capability, v.Number), v.What)
	for _, line := range v.Why {
		fmt.Fprintf(&b, "      %s\n", line)
	}
	fmt.Fprintf(&b, "      -> %s\n", v.Advice)
	return b.String()
}

// why says who asked for a capability, and where.
func (d *Document) why(name string) []string {
	for _, l := range d.lessers {
		if capng.Name(l.Enough) == name && !slices.ContainsFunc(d.Required,
			func(c Capability) bool { return c.Number == l.Enough }) {
			asked := capng.Name(l.Asked)
			return append([]string{"does for what " + asked + " was"}, d.why(asked)...)
		}
	}
	lines := slices.Concat(d.whyAsked(name), d.whyRefused(name), d.whoAsked(name), d.whereAsked(name))
	const most = 12
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more, see the report", more))
	}
	return lines
}

func (d *Document) whyAsked(name string) []string {
	var lines []string
	for _, c := range d.Required {
		switch {
		case c.Name != name:
		case c.byRepetition:
			lines = append(lines, c.Reason)
		default:
			lines = append(lines, places("used in", c.CallSites, c.syscall)...)
		}
	}
	for _, c := range d.Unasked {
		if c.Name == name {
			for _, call := range c.Calls {
				lines = append(lines, "needed without a check by "+call.text())
			}
		}
	}
	for _, c := range d.CapsetOnly {
		if c.Name == name {
			lines = append(lines, "asked for by capset, in its sets "+strings.Join(c.RequestedSets, ", "))
		}
	}
	return lines
}

func (d *Document) whyRefused(name string) []string {
	var lines []string
	for _, c := range d.Denied {
		if c.Name != name {
			continue
		}
		lines = append(lines, places("refused in", c.CallSites, Syscall{})...)
		for _, o := range c.Outcomes {
			lines = append(lines, printable(o.Syscall)+" "+how(o))
		}
		if c.LSMRefused > 0 {
			lines = append(lines, "a security module refused it although it was held")
		}
	}
	return lines
}

// places are the system calls that asked in earnest; first is known to have.
func places(verb string, sites []CallSite, first Syscall) []string {
	var lines []string
	seen := []Syscall{}
	for _, s := range append([]Syscall{first}, each(sites, CallSite.syscall)...) {
		if s.Name == "" || slices.Contains(seen, s) {
			continue
		}
		seen = append(seen, s)
		asked := functions(sites, s)
		if len(asked) == 0 && s != first {
			continue // only advisory ones
		}
		call := printable(s.Name)
		if s.unknown() {
			call = "an unknown system call"
		}
		lines = append(lines, verb+" "+call+inParens(asked))
	}
	return lines
}

// mostAskers is how many programs are named.
const mostAskers = 20

// whoAsked are the programs of the tree that did.
func (d *Document) whoAsked(name string) []string {
	var lines []string
	var more uint64
	for _, p := range d.Programs {
		if !slices.Contains(p.Needs, name) && !slices.Contains(p.Refused, name) {
			continue
		}
		line := "by " + printable(p.Path)
		if p.Path == "" {
			line = "by a program not known"
		}
		switch {
		case slices.Contains(lines, line):
		case len(lines) < mostAskers:
			lines = append(lines, line)
		default:
			more = audit.Sum(more, p.standsFor())
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("by %s more", count(more, "program", "programs")))
	}
	return lines
}

// whereAsked are the reports of a union that say so.
func (d *Document) whereAsked(name string) []string {
	if d.Merged == nil {
		return nil
	}
	var lines []string
	for _, p := range d.Merged.Capabilities {
		if p.Name != name {
			continue
		}
		for _, r := range []struct {
			label string
			Reports
		}{
			{"required in", p.Required},
			{"asked for by capset in", p.CapsetOnly},
			{"refused in", p.Denied},
		} {
			if r.Count > 0 {
				lines = append(lines,
					r.label+" "+count(r.Count, "report", "reports")+inParens(named(r.Reports)))
			}
		}
	}
	return lines
}
