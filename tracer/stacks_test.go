package tracer

import "testing"

// What is kept has a bound, and what is beyond that is told.
func TestStacksBounded(t *testing.T) {
	r := newStackReader(0)
	for id := range 2 * mostLists {
		m := mappingOf(true, "program")
		set(&m.list, id)
		r.list(m)
	}
	if len(r.lists) != mostLists || len(r.order) != mostLists || r.lists[2*mostLists-1] == nil {
		t.Errorf("%d lists of mappings are kept, wanted the last %d", len(r.lists), mostLists)
	}
	for range mostStacks + 3 {
		s := kernelStack{}
		set(&s.list, 2*mostLists-1)
		r.unwind(&s)
	}
	if len(r.stacks[0]) != mostStacks || r.lost != 3 {
		t.Errorf("%d stacks are kept and %d lost, wanted %d and 3", len(r.stacks[0]), r.lost, mostStacks)
	}
	r = newStackReader(0)
	r.spent = mostUnwinding + 1
	r.unwind(&kernelStack{})
	if r.lost != 1 {
		t.Error("a stack was looked at when the time for that was over")
	}
}

// A process whose mappings nobody knows, and that has ended, says so.
func TestStackOfNobody(t *testing.T) {
	r := newStackReader(0)
	r.unwind(&kernelStack{})
	if got := r.stacks[0]; len(got) != 1 || got[0].Ended == "" || len(got[0].Frames) != 0 {
		t.Errorf("of a process that has ended there is %+v", got)
	}
}
