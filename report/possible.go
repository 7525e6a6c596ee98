package report

import (
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/reach"
)

// Possible is a capability that is not recommended and that code can ask for, with what
// does: first what the run did not do. Others is how many operations are left out.
type Possible struct {
	Number     int                 `json:"number"`
	Name       string              `json:"name"`
	Operations []PossibleOperation `json:"operations"`
	Others     uint64              `json:"others"`
}

// PossibleOperation is an operation of a program. Made tells whether it made the system
// call, with whatever arguments; nil is not known.
type PossibleOperation struct {
	Operation
	Program string  `json:"program"`
	Made    *string `json:"made"`
}

// Coverage is which code was looked at. Others are programs that are left out, Untold
// reports of a union that say nothing of code.
type Coverage struct {
	Programs []CoveredProgram `json:"programs"`
	Others   uint64           `json:"others"`
	Untold   uint64           `json:"untold_reports"`
	// Mentions are the names in the script of what asks for capabilities.
	Mentions []Mention `json:"mentions"`
}

// Mention is a name in a script.
type Mention struct {
	Word         string   `json:"word"`
	Capabilities []string `json:"capabilities"`
}

func mention(word string) Mention {
	_, call, ofModule := strings.Cut(word, ".")
	if !ofModule {
		call = word
	}
	return Mention{valid(word), names(reach.Asks(call))}
}

// CoveredProgram is one program. Failed says why it was not looked at.
type CoveredProgram struct {
	Path          string   `json:"path"`
	Analysed      bool     `json:"analysed"`
	Failed        *string  `json:"failed"`
	Objects       []string `json:"objects"`
	Reachable     uint64   `json:"reachable_syscalls"`
	Made          *uint64  `json:"made_syscalls"`
	AnySystemCall bool     `json:"any_system_call"`
	Executes      bool     `json:"executes"`
	Loads         bool     `json:"loads"`
	Missing       []string `json:"missing"`
}

// foresee adds what the code can ask for, where that was looked at.
func (d *Document) foresee(r *audit.Reach, mentions []string) {
	if r == nil {
		return
	}
	d.Possible, d.OnFiles = each(r.Possible, possibleOf), each(r.OnFiles, possibleOf)
	d.RuledOut = capng.Names(r.RuledOut)
	d.Coverage = &Coverage{each(r.Programs, covered), r.Others, r.Untold, each(mentions, mention)}
	for i := range d.advice.Others {
		other := &d.advice.Others[i]
		for _, p := range r.Programs {
			if p.Path == other.Path && len(p.Objects) > 0 {
				other.Code = p.Objects[0]
			}
		}
	}
	if filter := &d.advice.Filter; filter.Bounded {
		filter.Unsure = append(filter.Unsure, d.otherCode()...)
	}
	d.everything = r.Everything()
	d.notKnown = max(reach.Capabilities-len(d.advice.Grant)-len(d.Possible)-len(d.OnFiles)-len(d.RuledOut), 0)
	if !d.everything && len(r.Possible) <= mostPossible {
		for _, c := range d.Possible { // not what no user can exercise
			if d.byProgram(c) || d.logsIn() {
				d.advice.Possible = append(d.advice.Possible, c.Number)
			}
		}
	}
}

func possibleOf(c audit.Reachable) Possible {
	return Possible{c.Number, capng.Name(c.Number), each(c.Operations, possibleOperation), c.Others}
}

func possibleOperation(o audit.Operation) PossibleOperation {
	return PossibleOperation{Operation{valid(o.Call), valid(o.Object), valid(o.Function), valid(o.Asks)},
		valid(o.Program), optional(string(o.Made))}
}

func covered(c audit.Coverage) CoveredProgram {
	return CoveredProgram{
		Path:          valid(c.Path),
		Analysed:      c.Failed == "",
		Failed:        optional(c.Failed),
		Objects:       each(c.Objects, valid),
		Reachable:     c.Reachable,
		Made:          c.Made,
		AnySystemCall: c.AnySystemCall,
		Executes:      c.Executes,
		Loads:         c.Loads,
		Missing:       each(c.Missing, valid),
	}
}

// reach is what a document says of code, nil for nothing.
func (r *reader) reach(d *earlier) *audit.Reach {
	if d.Coverage == nil || d.Possible == nil || d.OnFiles == nil || d.RuledOut == nil {
		return nil
	}
	seen := *r.set(&d.RuledOut)
	for _, c := range slices.Concat(d.Possible, d.OnFiles) {
		n := r.capability(c.Number, c.Name)
		if seen>>n&1 == 1 {
			r.fail("it contradicts itself: %s is of two classes", capng.Name(n))
		}
		seen |= 1 << n
	}
	return &audit.Reach{
		Possible: each(d.Possible, r.possible),
		OnFiles:  each(d.OnFiles, r.possible),
		RuledOut: *r.set(&d.RuledOut),
		Programs: each(d.Coverage.Programs, r.covered),
		Others:   d.Coverage.Others,
		Untold:   d.Coverage.Untold,
	}
}

func (r *reader) possible(c Possible) audit.Reachable {
	return audit.Reachable{
		Number:     r.capability(c.Number, c.Name),
		Operations: each(c.Operations, r.possibleOperation),
		Others:     c.Others,
	}
}

func (r *reader) possibleOperation(o PossibleOperation) audit.Operation {
	made := audit.Answer(orEmpty(o.Made))
	switch made {
	case "", audit.MadeNot, audit.MadeRefused, audit.MadeYes:
	default:
		r.fail("%s does not tell whether a call was made", quoted(*o.Made))
	}
	return audit.Operation{Call: r.path(o.Call), Object: r.path(o.Object), Function: r.path(o.Function),
		Asks: r.word(o.Asks), Program: r.path(o.Program), Made: made}
}

func (r *reader) covered(c CoveredProgram) audit.Coverage {
	return audit.Coverage{
		Path:          r.path(c.Path),
		Failed:        r.optional(c.Failed),
		Objects:       each(c.Objects, r.path),
		Reachable:     c.Reachable,
		Made:          c.Made,
		AnySystemCall: c.AnySystemCall,
		Executes:      c.Executes,
		Loads:         c.Loads,
		Missing:       each(c.Missing, r.path),
	}
}
