package audit

import (
	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/reach"
)

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

// ObjectChange lists what a capability that both runs need was asked for in the later
// one alone, and in the earlier one alone.
type ObjectChange struct {
	Number     int
	Came, Went []objects.Object
}

// DiffObjects compares what the capabilities were asked for that both runs need, where
// both say. Where a run had more than it could keep, it is not known what it lacks.
func DiffObjects(earlier, later *Findings) (list []ObjectChange) {
	for _, n := range members(earlier.Recommended() & later.Recommended()) {
		was, is := earlier.objectsOf(n), later.objectsOf(n)
		if len(was.Seen) == 0 || len(is.Seen) == 0 {
			continue
		}
		change := ObjectChange{Number: n, Came: is.without(was), Went: was.without(is)}
		if len(change.Came)+len(change.Went) > 0 {
			list = append(list, change)
		}
	}
	return list
}

// objectsOf are those of all needs for one capability.
func (f *Findings) objectsOf(capability int) Objects {
	all := Objects{Others: f.Losses.Objects} // of whatever capability they were
	for _, c := range f.Required {
		for _, site := range c.CallSites {
			if c.Number == capability && site.Advisory == "" {
				all.Seen = append(all.Seen, site.Objects.Seen...)
				all.Others = Sum(all.Others, site.Objects.Others)
			}
		}
	}
	return all
}

// without are those that the other run does not have. A process has another number in each
// run, and a file can have had another owner.
func (o Objects) without(other Objects) (list []objects.Object) {
	if other.Others > 0 {
		return nil
	}
	known := map[objects.Object]bool{}
	for _, s := range other.Seen {
		known[s.Same()] = true
	}
	for _, s := range o.Seen {
		if !known[s.Same()] {
			known[s.Same()] = true
			list = append(list, s.Object)
		}
	}
	return list
}

// DiffReach lists what code can ask for in the later one and could not in the earlier one, and
// the reverse, where the code of both was looked at.
func DiffReach(earlier, later *Findings) (came, went []int) {
	before, after := earlier.Reach(), later.Reach()
	if before == nil || after == nil {
		return nil, nil
	}
	for n := range reach.Capabilities {
		was, is := before.classOf(n), after.classOf(n)
		switch {
		case was == ClassRuledOut && is == ClassPossible:
			came = append(came, n)
		case was == ClassPossible && is == ClassRuledOut:
			went = append(went, n)
		}
	}
	return came, went
}
