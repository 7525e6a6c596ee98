package audit

import (
	"cmp"
	"slices"
)

// UnaskedCapability is one that system calls succeeded without, only since the
// caller holds so much. With the recommended set and without this one, the
// kernel would ask for it, and refuse.
type UnaskedCapability struct {
	Number int
	Calls  []UnaskedCall
	// AfterDrop: some of the calls came after the first process's drop.
	AfterDrop bool
}

// UnaskedCall counts such calls of one kind.
type UnaskedCall struct {
	Syscall Syscall
	Count   uint64
	// Concluded and ReadsMM: see Unasked.
	Concluded, ReadsMM bool
}

// unasked are the capabilities of the rows in which the caller, with no more
// than the set kept, would hold less than the other process.
func (a *analysis) unasked(kept uint64) []UnaskedCapability {
	caps := map[int]*UnaskedCapability{}
	for _, row := range a.o.Unasked {
		if !row.needed(kept) {
			continue
		}
		c := caps[row.Capability]
		if c == nil {
			c = &UnaskedCapability{Number: row.Capability}
			caps[row.Capability] = c
		}
		c.AfterDrop = c.AfterDrop || row.Phase == PhaseDropped
		c.add(UnaskedCall{row.Syscall, row.Count, row.Concluded, row.ReadsMM})
	}
	return sortedUnasked(caps)
}

// needed tells whether the kernel would ask if the caller had just this set.
func (u Unasked) needed(kept uint64) bool {
	return u.Held == 0 || u.Held&^kept != 0
}

func (c *UnaskedCapability) add(call UnaskedCall) {
	for i := range c.Calls {
		if known := &c.Calls[i]; known.Syscall == call.Syscall && known.Concluded == call.Concluded &&
			known.ReadsMM == call.ReadsMM {
			known.Count = Sum(known.Count, call.Count)
			return
		}
	}
	c.Calls = append(c.Calls, call)
}

// sortedUnasked has the most frequent calls first.
func sortedUnasked(caps map[int]*UnaskedCapability) []UnaskedCapability {
	var list []UnaskedCapability
	for _, c := range caps {
		slices.SortFunc(c.Calls, compareUnaskedCalls)
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b UnaskedCapability) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

func compareUnaskedCalls(a, b UnaskedCall) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), compareSyscalls(a.Syscall, b.Syscall),
		compareBools(a.Concluded, b.Concluded), compareBools(a.ReadsMM, b.ReadsMM))
}

func unaskedNumbers(list []UnaskedCapability) uint64 {
	var set uint64
	for _, c := range list {
		set |= 1 << c.Number
	}
	return set
}
