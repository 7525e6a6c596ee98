package report

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Place is where a policy stands. File is its path as from the directory that the audit was called in, ""
// where it is no file; Line is that of its list, and Lines are those of the capabilities in it.
type Place struct {
	File  string
	Line  int
	Lines map[string]int
}

// Locate says where the policy is that the document was judged by.
func (d *Document) Locate(p Place) { d.Policy.place = p }

// line is that of a capability, or where it would stand.
func (p Place) line(name string) int {
	if line := p.Lines[name]; line > 0 {
		return line
	}
	return max(p.Line, 1)
}

// level is how much a remark matters. Each consumer has words for these.
type level int

const (
	levelError level = iota // the run does not fit, or nobody knows whether it does
	levelNote
)

// rule is a kind of remark: what it says, and what to do about it.
type rule struct {
	id         string
	level      level
	says, help string
}

// The kinds. Their names stay: consumers keep what they know of a remark by them.
var (
	ruleNotAllowed = rule{"not-allowed", levelError,
		"A capability was needed that the policy does not allow.",
		"If the program is meant to need it, allow it in the policy; else find out what came to ask for it."}
	ruleRefused = rule{"refused", levelError,
		"A capability that the policy allows was refused each time.",
		"Give it to the program, with its unit, its container or its file; or take it out of the policy."}
	ruleUnused = rule{"unused", levelError,
		"A capability that the policy allows was not used.",
		"If the run did all that the program is for, take it out of the policy."}
	ruleIncomplete = rule{"incomplete", levelError,
		"It is not known whether the run fits the policy.",
		"The text report says under COMPLETENESS what is missing: audit again without that."}
	ruleRuledOut = rule{"ruled-out", levelNote,
		"The policy allows a capability that no code of the programs asks for.",
		"Take it out of the policy, unless it is for other programs as well."}
	rulePossible = rule{"possible", levelNote,
		"The code can ask for capabilities that the policy does not allow.",
		"The run did not need them: exercise what can, and audit again."}

	rules = []rule{ruleNotAllowed, ruleRefused, ruleUnused, ruleIncomplete, ruleRuledOut, rulePossible}
)

// remark is what --check has to say of a line of the policy: a title, and printable lines.
type remark struct {
	rule
	capability string // "" where it is about none in particular
	line       int
	title      string
	more       []string
}

// remarks are all of them: the violations, and after these what else there is to say.
func (d *Document) remarks() []remark {
	p := d.Policy
	kinds := map[string]rule{"+": ruleNotAllowed, "!": ruleRefused, "-": ruleUnused}
	var list []remark
	for _, v := range d.Violations() {
		list = append(list, remark{kinds[v.Mark], v.Capability, p.place.line(v.Capability),
			v.Capability + ": " + v.What, append(v.Why, v.Advice)})
	}
	if p.Unsure != nil {
		list = append(list, remark{ruleIncomplete, "", p.place.line(""),
			"not known whether the run fits", []string{printable(*p.Unsure)}})
	}
	ruledOut, possible := p.noted()
	for _, name := range ruledOut {
		list = append(list, remark{ruleRuledOut, name, p.place.line(name),
			name + ": allowed, and no code of the programs that ran asks for it", nil})
	}
	if len(possible) > 0 {
		list = append(list, remark{rulePossible, "", p.place.line(""),
			"not allowed, and the code can ask for it: " + strings.Join(possible, ", "),
			[]string{"the run did not need it: exercise it, or leave it"}})
	}
	return list
}

// fingerprint is the same for the same remark on another run of the same subject, wherever its line is
// by then.
func (d *Document) fingerprint(r remark) string {
	return fmt.Sprintf("%.16x", sha256.Sum256([]byte(strings.Join([]string{d.subject(), r.id, r.capability},
		"\x00"))))
}
