package audit

// State is what a run shows of a capability.
type State string

// The states, from the least to the most.
const (
	Absent      State = "absent"  // never asked for, or only in ways that need no grant
	RefusedEach State = "refused" // asked for, and refused each time
	Needed      State = "needed"  // in the recommended set
)

func (s State) rank() int {
	switch s {
	case Needed:
		return 2
	case RefusedEach:
		return 1
	}
	return 0
}

// Change is a capability that two runs do not agree in.
type Change struct {
	Number  int
	Was, Is State
}

// Diff lists what a later run asks for and an earlier one did not, and the
// reverse, each by number.
func Diff(earlier, later *Findings) (came, went []Change) {
	was, is := states(earlier), states(later)
	for n := range capabilities {
		change := Change{n, was[n], is[n]}
		switch {
		case is[n].rank() > was[n].rank():
			came = append(came, change)
		case is[n].rank() < was[n].rank():
			went = append(went, change)
		}
	}
	return came, went
}

func states(f *Findings) (list [capabilities]State) {
	needed := f.Recommended()
	for n := range list {
		list[n] = Absent
		if needed>>n&1 == 1 {
			list[n] = Needed
		}
	}
	for _, d := range f.Denied {
		if list[d.Number] == Absent {
			list[d.Number] = RefusedEach
		}
	}
	return list
}
