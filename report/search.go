package report

import (
	"slices"
	"strings"
)

// search shows the repetitions by which the set was found without tracing.
func (t *text) search(p *Proof) {
	t.repeated("With all that root has here ("+count(len(p.Verification.Capabilities), "capability",
		"capabilities")+"): ", p.Verification)
	var spare []string
	for i := range p.Minimization {
		trial := &p.Minimization[i]
		if *trial.Verdict == notNeeded {
			spare = append(spare, *trial.Without)
			continue
		}
		t.line("  %s: %s", *trial.Without, trial.words())
		t.facts(trial)
	}
	if len(spare) > 0 {
		t.labelled("  ", "Not needed, one by one:", strings.Join(spare, ", "))
	}
	for i := range p.Growth {
		t.repeated("With these alone ("+orNone(p.Growth[i].Capabilities)+"): ", &p.Growth[i])
	}
	if p.Minimal != nil {
		t.repeated("With these alone ("+orNone(p.Minimal.Capabilities)+"): ", p.Minimal)
	}
}

// found says how sure a set is that was found so.
func (p *Proof) found() string {
	const verified = "Verified: run again with just this set, the program behaved the same"
	var back []string
	for _, trial := range p.Minimization {
		if *trial.Verdict == notNeeded && slices.Contains(p.final().Capabilities, *trial.Without) {
			back = append(back, *trial.Without)
		}
	}
	switch {
	case len(back) > 0:
		return verified + ". Of those that it could do without one by one, it could not do without all: " +
			strings.Join(back, ", ") + " is in the set for that."
	case len(p.final().Capabilities) > 0:
		return verified + ", and without any one of it, it did not."
	}
	return verified + "."
}

// Untraced: no check was watched, in one run of a union at least.
func (d *Document) Untraced() bool { return d.untraced }
