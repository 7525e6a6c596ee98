package reach

import (
	"cmp"
	"debug/elf"
	"slices"
	"sort"

	"github.com/cap-audit/cap-audit/unwind"
)

const maxFunctions = 1 << 20

// function is a range of code that is read as one.
type function struct {
	start, end uint64
	name       string
	guessed    bool // no table has it
	golang     bool // Go's table has it
}

// findFunctions takes the ranges from what unwinds the stack, which stripped
// files have, too, from Go's table, from symbols, and else from what is called.
func (o *object) findFunctions(f *unwind.File) {
	o.functions = make([]function, 0, f.CountFramed()+len(o.symbols))
	for start, size := range f.Framed() {
		if len(o.functions) == maxFunctions {
			break
		}
		o.functions = append(o.functions, function{start: start, end: start + size})
	}
	for g := range f.GoFunctions() {
		if len(o.functions) == 2*maxFunctions {
			break
		}
		o.functions = append(o.functions, function{start: g.Start, end: g.End, name: g.Name, golang: true})
	}
	for _, s := range o.symbols {
		if o.isCode(s.address) {
			o.functions = append(o.functions, function{start: s.address, end: s.address + s.size,
				name: s.name})
		}
	}
	o.orderFunctions()
	if !o.fromCompiler() {
		o.findCalled()
		o.orderFunctions()
	}
}

// fromCompiler tells whether the ranges cover nearly all of the code.
func (o *object) fromCompiler() bool {
	var code, covered uint64
	for i := range o.segments {
		if s := &o.segments[i]; s.executable {
			code += uint64(len(s.data))
		}
	}
	for _, f := range o.functions {
		covered += f.end - f.start
	}
	return covered > code/100*90
}

// orderFunctions sorts them, takes what overlaps together, and gives a name to each.
func (o *object) orderFunctions() {
	slices.SortStableFunc(o.functions, func(a, b function) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	list := o.functions[:0]
	for _, f := range o.functions {
		s := o.segmentAt(f.start)
		if s == nil || !s.executable {
			continue
		}
		f.end = min(max(f.end, f.start), s.end())
		if n := len(list); n > 0 && (f.start < list[n-1].end || f.start == list[n-1].start) {
			last := &list[n-1]
			last.end = max(last.end, f.end)
			last.golang = last.golang || f.golang
			if last.name == "" && last.start == f.start {
				last.name = f.name
			}
			continue
		}
		list = append(list, f)
	}
	for n := range list { // without a size: to the next
		if list[n].end > list[n].start {
			continue
		}
		end := o.segmentAt(list[n].start).end()
		if n+1 < len(list) {
			end = min(end, list[n+1].start)
		}
		list[n].end = end
	}
	o.functions = list[:min(len(list), maxFunctions)]
}

// at is the index of the function with an address, -1 for none.
func (o *object) at(address uint64) int {
	n := sort.Search(len(o.functions), func(n int) bool { return o.functions[n].start > address }) - 1
	if n >= 0 && address < o.functions[n].end {
		return n
	}
	return -1
}

// add makes a function of code that no table names, up to the next that one does.
func (o *object) add(address uint64) int {
	s := o.segmentAt(address)
	n := sort.Search(len(o.functions), func(n int) bool { return o.functions[n].start > address })
	end := s.end()
	if n < len(o.functions) {
		end = min(end, o.functions[n].start)
	}
	o.functions = slices.Insert(o.functions, n, function{start: address, end: end, guessed: true})
	return n
}

// findCalled makes functions of the targets of all calls that code seems to have.
func (o *object) findCalled() {
	if o.machine != elf.EM_X86_64 {
		return
	}
	var found []function
	for i := range o.segments {
		s := &o.segments[i]
		if !s.executable {
			continue
		}
		for n := 0; n+5 <= len(s.data); n++ {
			if s.data[n] != 0xe8 {
				continue
			}
			target := s.start + uint64(n) + 5 + distance(s.data[n+1:])
			if t := o.segmentAt(target); t != nil && t.executable && o.at(target) < 0 &&
				len(found) < maxFunctions {
				found = append(found, function{start: target, end: target, guessed: true})
			}
		}
	}
	o.functions = append(o.functions, found...)
}
