package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// Proof is what repeating the run with fewer capabilities showed.
type Proof struct {
	// Skipped says why no run was repeated, null if runs were.
	Skipped      *string `json:"skipped"`
	Verification *Trial  `json:"verification"`
	// Minimization has a run for each capability left out.
	Minimization []Trial `json:"minimization"`
	// Minimal is the run without any of those that alone were not needed, null
	// when there were none.
	Minimal *Trial `json:"minimal"`
	// Added are the refusals that made the recommended set grow, Growth the runs
	// that met them.
	Added  []Evidence `json:"added"`
	Growth []Trial    `json:"growth"`
	// LeftBehind are those of Added that are asked for only where an earlier run
	// has left something behind.
	LeftBehind []string `json:"left_behind"`
}

// Trial is one repetition.
type Trial struct {
	Capabilities []string `json:"capabilities"`
	Without      *string  `json:"without"`
	Behaved      bool     `json:"behaved"`
	// Verdict on the capability left out, null where none in particular was.
	Verdict  *string    `json:"verdict"`
	Evidence []Evidence `json:"evidence"`
	// AnotherWay: it came to the same output although a call failed.
	AnotherWay bool `json:"another_way"`
}

// The verdicts of Trial. Another run may need what this one did not.
const (
	needed    = "needed"
	notNeeded = "not_needed_in_this_run"
	notTried  = "not_tried"
	givesUp   = "gives_privileges_up"
	notAsked  = "not_asked_again"
)

// Evidence is one fact about a repetition.
type Evidence struct {
	Kind       string  `json:"kind"`
	Capability *string `json:"capability"`
	Syscall    *string `json:"syscall"`
	// ReturnName is the errno of the system call, null if it did not fail.
	ReturnName *string `json:"return_name"`
	Text       string  `json:"text"`
}

func proof(p *audit.Proof) *Proof {
	if p == nil {
		return nil
	}
	d := &Proof{
		Verification: trial(p.Verification),
		Minimization: each(p.Trials, func(t audit.Trial) Trial { return *trial(&t) }),
		Minimal:      trial(p.Minimal),
		Added:        each(p.Added, evidence),
		Growth:       each(p.Growth, func(t audit.Trial) Trial { return *trial(&t) }),
		LeftBehind:   each(p.LeftBehind, capng.Name),
	}
	if p.Skipped != "" {
		d.Skipped = &p.Skipped
	}
	return d
}

// verified is null where nothing was repeated.
func verified(p *audit.Proof) *bool {
	if p == nil || p.Verification == nil {
		return nil
	}
	return &p.Verification.Behaved
}

func trial(t *audit.Trial) *Trial {
	if t == nil {
		return nil
	}
	d := &Trial{Capabilities: capng.Names(t.Set), Behaved: t.Behaved, Evidence: each(t.Evidence, evidence),
		AnotherWay: t.AnotherWay}
	if t.Without >= 0 {
		name, verdict := capng.Name(t.Without), needed
		switch {
		case !t.Tried():
			verdict = notTried
		case t.GivesUp:
			verdict = givesUp
		case t.NotAsked:
			verdict = notAsked
		case t.Behaved:
			verdict = notNeeded
		}
		d.Without, d.Verdict = &name, &verdict
	}
	return d
}

func evidence(e audit.Evidence) Evidence {
	d := Evidence{Kind: e.Kind, Text: valid(e.Text)}
	if e.Kind == "failed" {
		syscall, ret := valid(e.Syscall.Name), errnoName(-e.Return)
		d.Syscall, d.ReturnName = &syscall, &ret
		d.Text = fmt.Sprintf("%s failed with -%s: there the kernel asks for no capability, but compares sets",
			syscall, ret)
	}
	if e.Capability >= 0 {
		name, syscall := capng.Name(e.Capability), valid(e.Syscall.Name)
		d.Capability, d.Syscall = &name, &syscall
		d.Text = fmt.Sprintf("%s was refused in %s, which went on all the same", name, syscall)
		switch {
		case e.Kind == "not_asked":
			d.Text = fmt.Sprintf("%s was granted in %s before, and not asked for again", name, syscall)
		case e.Return < 0:
			ret := errnoName(-e.Return)
			d.ReturnName = &ret
			d.Text = fmt.Sprintf("%s was refused in %s, which failed with -%s", name, syscall, ret)
			if e.Alike {
				d.Text += ", as it had before"
			}
		}
	}
	return d
}

// proof shows what the repetitions proved.
func (t *text) proof() {
	p := t.d.Proof
	if p == nil {
		return
	}
	t.heading("PROOF BY REPETITION:")
	if p.Skipped != nil {
		t.prose("  ", "The run was not repeated: "+printable(*p.Skipped)+".")
		return
	}
	if t.d.untraced {
		t.search(p)
		return
	}
	for i := range p.Growth {
		t.repeated("With less ("+orNone(p.Growth[i].Capabilities)+"): ", &p.Growth[i])
	}
	with := "With all that was used (" + orNone(p.Verification.Capabilities) + "): "
	if p.final() == p.Verification { // which RECOMMENDATIONS names
		with = "With the recommended set: "
	}
	t.repeated(with, p.Verification)
	for i := range p.Minimization {
		trial := &p.Minimization[i]
		t.labelled("  ", *trial.Without+":", trial.words())
		t.facts(trial)
	}
	if p.Minimal != nil {
		news := *p.Minimal
		news.Evidence = slices.DeleteFunc(slices.Clone(news.Evidence), p.told)
		t.repeated("With these alone ("+orNone(p.Minimal.Capabilities)+"): ", &news)
	}
}

// told: a run without one of them showed that, too.
func (p *Proof) told(e Evidence) bool {
	return slices.ContainsFunc(p.Minimization, func(t Trial) bool {
		return slices.ContainsFunc(t.Evidence, func(known Evidence) bool { return known.Text == e.Text })
	})
}

// trialWithout is the run with a capability left out, nil for none.
func (p *Proof) trialWithout(name string) *Trial {
	if p == nil {
		return nil
	}
	for i := range p.Minimization {
		if *p.Minimization[i].Without == name {
			return &p.Minimization[i]
		}
	}
	return nil
}

// words say what became of the capability left out.
func (t *Trial) words() string {
	words := strings.ReplaceAll(*t.Verdict, "_", " ")
	switch {
	case *t.Verdict == givesUp:
		return "kept: the program gives privileges up with it, and could not"
	case *t.Verdict == notAsked:
		return "kept: not asked for again, and so not tried"
	case *t.Verdict != notNeeded:
	case t.AnotherWay:
		words += ": it went on another way"
	case len(t.evaded()) > 0:
		words += ": refused in " + strings.Join(t.evaded(), ", ") + ", and it went on without"
	case slices.ContainsFunc(t.Evidence, func(e Evidence) bool { return e.Capability != nil }):
		words += ": refused, and it went on without"
	}
	return words
}

// goneOn: the call went on, though it was refused the capability that the trial is about.
func (t *Trial) goneOn(e Evidence) bool {
	return t.Behaved && t.Without != nil && e.Capability != nil && *e.Capability == *t.Without &&
		e.Syscall != nil && e.ReturnName == nil && e.Kind != "not_asked"
}

// evaded are the calls that all evidence is about that they went on, nil where some is of
// something else.
func (t *Trial) evaded() []string {
	var calls []string
	for _, e := range t.Evidence {
		if !t.goneOn(e) {
			return nil
		}
		calls = append(calls, printable(*e.Syscall))
	}
	return calls
}

func (t *text) repeated(with string, trial *Trial) {
	t.prose("  ", with+trial.result()+".")
	t.facts(trial)
}

// result is what became of a repetition, in a clause.
func (t *Trial) result() string {
	switch {
	case t.Verdict != nil:
		return t.words()
	case !t.tried():
		return "not tried"
	case t.Behaved:
		return "the program behaved the same"
	}
	return "the program did not behave the same"
}

func (t *Trial) tried() bool {
	return !slices.ContainsFunc(t.Evidence, func(e Evidence) bool {
		return e.Kind == "interrupted" || e.Kind == "spoilt"
	})
}

// facts are those that its headline does not tell.
func (t *text) facts(trial *Trial) {
	if trial.Without != nil && *trial.Verdict == notNeeded && len(trial.evaded()) > 0 {
		return
	}
	for _, e := range trial.Evidence {
		t.labelled("    ", "Evidence:", printable(e.Text)+".")
	}
}

// grown says what was added to the observed set and why, "" for nothing.
func (d *Document) grown() string {
	var list []string
	if d.Proof != nil {
		for _, e := range d.Proof.Added {
			if slices.Contains(d.Recommended, *e.Capability) {
				list = append(list, *e.Capability+", for "+printable(*e.Syscall))
			}
		}
	}
	if list == nil {
		return ""
	}
	text := "Added, since only a repetition came to need it: " + strings.Join(list, "; ") + "."
	if left := d.Proof.LeftBehind; len(left) > 0 {
		text += " Needed only where an earlier run has left something behind: " +
			strings.Join(left, ", ") + ". Clean up before, and see."
	}
	return text
}

// final is the run that the recommended set rests on, nil for none.
func (p *Proof) final() *Trial {
	switch {
	case p == nil || p.Verification == nil || !p.Verification.Behaved:
		return nil
	case p.Minimal != nil && p.Minimal.Behaved:
		return p.Minimal
	}
	return p.Verification
}

// failing are the calls that failed in the final run and had not before, in a
// sentence, "" for none. That what it did without was refused goes without saying.
func (d *Document) failing() string {
	final := d.Proof.final()
	if final == nil {
		return ""
	}
	spare := minus(d.Proof.Verification.Capabilities, final.Capabilities)
	var list []string
	for _, e := range final.Evidence {
		if e.Kind == "refused" && slices.Contains(spare, orEmpty(e.Capability)) {
			continue
		}
		if said := printable(e.Text); e.ReturnName != nil && !slices.Contains(list, said) {
			list = append(list, said)
		}
	}
	if list == nil {
		return ""
	}
	return "Proven, and yet new in that run: " + strings.Join(list, "; ") + "."
}

// kept are those of the set that the repetitions did not come to ask for again.
func (d *Document) kept() []string {
	var list []string
	for _, t := range d.Proof.Minimization {
		if *t.Verdict == notAsked && slices.Contains(d.Recommended, *t.Without) {
			list = append(list, *t.Without)
		}
	}
	return list
}

// proven says for the recommendations how sure the set is, "" if it was not tried.
func (d *Document) proven() string {
	said := d.sure()
	if said == "" || d.untraced || !d.Proof.Verification.Behaved || len(d.kept()) == 0 {
		return said
	}
	return said + " Not asked for again, and so not proven: " + strings.Join(d.kept(), ", ") + "."
}

// sure is that of the set as a whole.
func (d *Document) sure() string {
	p := d.Proof
	switch {
	case p == nil || p.Verification == nil || !p.Verification.tried():
		return ""
	case d.untraced:
		return p.found()
	case !p.Verification.Behaved:
		return "Run again with just what was used, it did not behave the same (see PROOF BY REPETITION): " +
			"that is not enough, or it does not do the same twice."
	case p.Minimal != nil && p.Minimal.Behaved:
		spare := minus(p.Verification.Capabilities, p.Minimal.Capabilities)
		return justThis + ". What it used or asked to hold besides, it did without: " + orNone(spare) + "."
	case p.Minimal != nil && p.Minimal.tried():
		var spare []string
		for _, trial := range p.Minimization {
			if *trial.Verdict == notNeeded {
				spare = append(spare, *trial.Without)
			}
		}
		return justThis + ". Any one of these could be left out, but not all: " +
			strings.Join(spare, ", ") + "."
	case len(p.Minimization) > 0 && !slices.ContainsFunc(p.Minimization,
		func(t Trial) bool { return t.Behaved || !t.tried() }):
		return justThis + ". With any one of it left out, it did not."
	}
	return justThis + "."
}

const justThis = "Proven: run again with just this set, it behaved the same"
