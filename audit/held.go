package audit

// Held is what the processes of what ran before the audit hold, all of them together.
type Held struct {
	Permitted, Bounding uint64
}

// HeldUnused are the capabilities that they hold, or can get by executing a program, and that
// are not recommended. Candidates are those of them that no code was found to ask for.
func (f *Findings) HeldUnused() (unused, candidates uint64) {
	if f.Held == nil {
		return 0, 0
	}
	unused = (f.Held.Permitted | f.Held.Bounding) &^ f.Recommended()
	if r := f.Reach(); r != nil {
		candidates = unused & r.RuledOut
	}
	return unused, candidates
}
