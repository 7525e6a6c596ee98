package audit

import "fmt"

// Fit is how a run compares with the capabilities that a policy allows. Sets
// have bit n for capability number n.
type Fit struct {
	Allowed uint64
	// Outside was needed and is not allowed. What a successful capset asked for
	// counts: a program that asks may insist.
	Outside uint64
	// Refused is allowed, and was refused each time that the program came to
	// need it: the run was not given what the policy promises.
	Refused uint64
	// Unused is allowed, and the program neither used nor asked for it.
	Unused uint64
	// RuledOut is allowed, and no code that was found asks for it. Possible is not allowed,
	// and code can ask for it, though the run did not need it.
	RuledOut, Possible uint64
	// Unsure says why there may be more outside than was seen, "" if nothing
	// speaks for that.
	Unsure string
}

// Fit compares the run with an allowed set.
func (f *Findings) Fit(allowed uint64) Fit {
	needed := f.Recommended()
	used := needed | numbers(f.Required) | unaskedNumbers(f.Unasked)
	for _, c := range f.CapsetOnly {
		used |= 1 << c.Number
	}
	var refused uint64
	for _, d := range f.Denied {
		refused |= 1 << d.Number
	}
	// One that was refused after the program had put it into its own sets was
	// within its reach: refusing was the program's doing.
	refused &^= needed
	outside := needed &^ allowed
	for _, l := range f.Lessers() {
		if allowed>>l.Asked&1 == 1 {
			outside &^= 1 << l.Enough // the greater one does as well
		}
	}
	fit := Fit{
		Allowed: allowed,
		Outside: outside,
		Refused: allowed & refused,
		Unused:  allowed &^ used &^ refused,
		Unsure:  f.Unsure(),
	}
	if r := f.Reach(); r != nil {
		fit.RuledOut = fit.Unused & r.RuledOut
		if !r.Everything() {
			for _, c := range r.Possible {
				fit.Possible |= 1 << c.Number &^ allowed
			}
		}
	}
	return fit
}

// Unbegun says why what had started before the audit may need more to start, "" for all else. Of a
// union it is enough that one report has seen the start, if all are of one program.
func (f *Findings) Unbegun() string {
	late := f.Subject.Kind.Adopted() && !f.Subject.FromStart
	if m := f.Merged; m != nil && m.Late.Count > 0 {
		late = m.Late.Count == m.Reports || len(m.Applications) > 1
	}
	if late {
		return "its start was not seen"
	}
	return ""
}

// Unsure says why the program may have needed more than was recorded, "" if
// nothing speaks for that. What ran before the audit and after it is no gap:
// there the question was about that time.
func (f *Findings) Unsure() string {
	lost := f.Losses.Tasks | f.Losses.Checks | f.Losses.Rows | f.Losses.Unasked
	switch {
	case lost != 0:
		return "part of the run could not be recorded"
	case f.isBlind(BlindUnasked):
		return "what is granted without a check was not looked for; --outcomes all does that"
	case f.Subject.CutShort != "":
		return f.Subject.CutShort
	case f.TestFailed != "":
		return f.TestFailed
	case f.Interim:
		return "the audit went on when the report was made"
	case f.Merged != nil && f.Merged.Incomplete.Count > 0:
		return fmt.Sprintf("%d of the %d reports are not of complete recordings", f.Merged.Incomplete.Count,
			f.Merged.Reports)
	case f.Merged != nil, f.Subject.Kind.Adopted():
		return ""
	case !f.Application.Ended:
		return "the program had not ended when the report was made"
	case f.StillRunning > 0:
		return fmt.Sprintf("%d of its descendants ran on when the audit ended; --follow waits for them",
			f.StillRunning)
	}
	return ""
}
