package report

import "strings"

// search shows the repetitions by which the set was found without tracing.
func (t *text) search(p *Proof) {
	t.repeated("With all that root has here ("+count(len(p.Verification.Capabilities), "capability",
		"capabilities")+"): ", p.Verification)
	spare := 0
	for i := range p.Minimization {
		trial := &p.Minimization[i]
		if *trial.Verdict == notNeeded {
			spare++
			continue
		}
		words := trial.words()
		if *trial.Verdict == needed && len(trial.Capabilities)+1 < len(p.Verification.Capabilities) {
			words = strings.ToLower(neededInPlace)
		}
		t.line("  %s: %s", *trial.Without, words)
		t.facts(trial)
	}
	if spare > 0 {
		t.line("  Each of the others (%s): not needed", count(spare, "capability", "capabilities"))
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
	if len(p.final().Capabilities) > 0 {
		return justThis + ". With any one of it left out, it did not."
	}
	return justThis + "."
}

// Untraced: no check was watched, in one run of a union at least.
func (d *Document) Untraced() bool { return d.untraced }
