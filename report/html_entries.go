package report

import (
	"fmt"
	"slices"
	"strings"
)

// htmlSection is a list of entries below a heading.
type htmlSection struct {
	ID, Heading, Says string
	Entries           []htmlEntry
}

// htmlEntry is what there is to say of a capability, or of a repetition; Of is the capability's name where
// links lead to it.
type htmlEntry struct {
	Of, Title string
	Badges    []string
	Text      string
	Lines     []fact
	Sites     []CallSite
}

// add adds a line, unless there is nothing to say.
func (e *htmlEntry) add(name, value string) {
	if value != "" {
		e.Lines = append(e.Lines, fact{name, value})
	}
}

func (d *Document) htmlSections() []htmlSection {
	all := []htmlSection{
		{"needed", "Needed", "", slices.Concat(each(d.Required, d.neededEntry),
			each(d.Unasked, d.unaskedEntry), each(d.CapsetOnly, d.capsetEntry))},
		{"refused", "Refused each time", "", each(d.Denied, d.refusedEntry)},
		{"possible", "Possible", "Not needed in this run. What can ask for it:",
			d.possibleEntries(d.Possible)},
		{"files", "Depends on files", "Not needed in this run. What can ask for it, by whose files it meets:",
			d.possibleEntries(d.OnFiles)},
		{"proof", "Proof by repetition", d.proofSkipped(), d.proofEntries()},
		{"not-needed", "Asked for, and not needed",
			"The kernel asked only to choose between two ways of going on, or on its own behalf.",
			each(d.advisory(), advisoryEntry)},
		{"nested", "Used only in nested user namespaces",
			"Whoever makes a user namespace holds every capability in it.",
			each(d.unneeded(d.Nested), nestedEntry)},
		{"held", "Held, never used", "", d.heldEntries()},
	}
	return slices.DeleteFunc(all, func(s htmlSection) bool {
		return len(s.Entries) == 0 && (s.ID != "proof" || s.Says == "")
	})
}

// anchors are the capabilities that links lead to, each at its first entry.
func anchors(sections []htmlSection) map[string]bool {
	there := map[string]bool{}
	for _, s := range sections {
		for i := range s.Entries {
			e := &s.Entries[i]
			if there[e.Of] {
				e.Of = ""
			}
			there[e.Of] = e.Of != ""
		}
	}
	return there
}

func (d *Document) neededEntry(c Capability) htmlEntry {
	e := htmlEntry{Of: c.Name, Title: numbered(c.Name, c.Number), Sites: c.CallSites}
	if !slices.Contains(d.Recommended, c.Name) {
		e.Badges = append(e.Badges, "not recommended")
	}
	same := func(p Capability) bool { return p.Number == c.Number }
	if d.Initialization != nil && slices.ContainsFunc(*d.Initialization, same) {
		e.Badges = append(e.Badges, "before the drop")
	}
	if d.Operational != nil && slices.ContainsFunc(*d.Operational, same) {
		e.Badges = append(e.Badges, "after the drop")
	}
	if !c.byRepetition {
		e.add("Checks", fmt.Sprintf("%d granted, %d denied", c.Checks.Granted, c.Checks.Denied))
	}
	e.add("Reason", printable(c.Reason))
	if c.FirstSeconds != nil && c.LastSeconds != nil {
		e.add("When", "first after "+inSeconds(*c.FirstSeconds)+", last after "+inSeconds(*c.LastSeconds))
	}
	e.add("Granted, yet the call failed", strings.Join(each(c.FailedAnyway, ended), ", "))
	d.addProof(&e, c.Name)
	return e
}

// addProof says what becomes of the program without it, and how to do without.
func (d *Document) addProof(e *htmlEntry, name string) {
	if trial := d.Proof.trialWithout(name); trial != nil {
		e.add("Without it", strings.Join(append([]string{trial.words()},
			each(trial.Evidence, func(e Evidence) string { return printable(e.Text) })...), "; "))
	}
	e.add("Instead", printable(d.instead(name)))
}

func (d *Document) unaskedEntry(c Unasked) htmlEntry {
	e := htmlEntry{Of: c.Name, Title: numbered(c.Name, c.Number), Badges: []string{"without a check"}}
	e.add("Reason", printable(c.Reason))
	e.add("Used by", strings.Join(each(c.Calls, UnaskedCall.text), "; "))
	d.addProof(&e, c.Name)
	return e
}

func (d *Document) capsetEntry(c CapsetOnly) htmlEntry {
	e := htmlEntry{Of: c.Name, Title: numbered(c.Name, c.Number),
		Badges: []string{"only asked for by capset"}}
	e.add("Sets", strings.Join(c.RequestedSets, ", "))
	d.addProof(&e, c.Name)
	return e
}

func (d *Document) refusedEntry(c Denied) htmlEntry {
	e := htmlEntry{Title: numbered(c.Name, c.Number), Sites: c.CallSites}
	e.add("Checks", fmt.Sprintf("%d denied", c.NotGrantedChecks))
	if c.LSMRefused > 0 {
		e.add("By a security module", fmt.Sprint(c.LSMRefused))
	}
	e.add("Outcomes"+ofSample(c.LookedAt, c.NotGrantedChecks), strings.Join(each(c.Outcomes, ended), ", "))
	e.add("Assessment", c.said().assessment)
	return e
}

func (d *Document) possibleEntries(list []Possible) []htmlEntry {
	if d.everything {
		return nil
	}
	return each(list, func(c Possible) htmlEntry {
		e := htmlEntry{Of: c.Name, Title: numbered(c.Name, c.Number), Text: printable(d.operations(c))}
		if n := uint64(len(c.Operations)) + c.Others; n > mostOperations {
			e.Text += "; " + count(n, "operation", "operations") + " in all"
		}
		return e
	})
}

func advisoryEntry(u Unneeded) htmlEntry {
	e := htmlEntry{Title: numbered(u.Name, u.Number), Sites: u.CallSites}
	changes, itself := consequences(u.CallSites)
	e.add("If refused", changes)
	if itself {
		e.add("Grant", noGrantHelps)
	}
	return e
}

func nestedEntry(u Unneeded) htmlEntry {
	return htmlEntry{Title: numbered(u.Name, u.Number), Sites: u.CallSites}
}

// heldEntries say what what ran before holds in vain.
func (d *Document) heldEntries() []htmlEntry {
	if d.Held == nil || len(d.Held.Unused) == 0 {
		return nil
	}
	e := htmlEntry{Title: "By what was running"}
	e.add("Permitted", orNone(d.Held.Permitted))
	e.add("Bounding set", orNone(d.Held.Bounding))
	e.add("Not used in this run", orNone(d.Held.Unused))
	e.add("Ruled out, so remove", strings.Join(d.Held.Removal, ", "))
	return []htmlEntry{e}
}

func (d *Document) proofSkipped() string {
	if d.Proof == nil || d.Proof.Skipped == nil {
		return ""
	}
	return "The run was not repeated: " + printable(*d.Proof.Skipped) + "."
}

// proofEntries are the repetitions, in the order that they have in the text.
func (d *Document) proofEntries() []htmlEntry {
	p := d.Proof
	if p == nil || p.Verification == nil {
		return nil
	}
	var list []htmlEntry
	add := func(title string, trial *Trial) {
		e := htmlEntry{Title: title}
		e.add("With", orNone(trial.Capabilities))
		e.add("Result", trial.result())
		for _, evidence := range trial.Evidence {
			e.add("Evidence", printable(evidence.Text))
		}
		list = append(list, e)
	}
	for i := range p.Growth {
		add("With less", &p.Growth[i])
	}
	with := "With all that was used"
	if p.final() == p.Verification {
		with = "With the recommended set"
	}
	add(with, p.Verification)
	for i := range p.Minimization {
		add("Without "+*p.Minimization[i].Without, &p.Minimization[i])
	}
	if p.Minimal != nil {
		add("With these alone", p.Minimal)
	}
	return list
}
