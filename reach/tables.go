package reach

import (
	"cmp"
	"maps"
	"slices"
)

// Tables are data that nobody writes to once it is relocated: operations of a kind, options with
// what they do, virtual functions. One that no code names is read by nobody. Where a table ends is
// not told, and compilers name it by what lies before it as well, so that code which names an
// address may read all that follows.

// beforeNamed is how far before it: to where a structure begins of which a member is named.
const beforeNamed = 4096

// waitForTables puts off the words of an object's tables until they may be read.
func (p *program) waitForTables(o *object) {
	kept := o.relro[1] > o.relro[0] && !o.fixed && !o.goProgram
	waits := func(at uint64) bool {
		return kept && at >= o.relro[0] && at < o.relro[1] && (at < o.threads[0] || at >= o.threads[1])
	}
	words := o.pointers
	for _, at := range slices.Sorted(maps.Keys(o.slots)) { // the same findings from the same files
		if slot := o.slots[at]; slot.data {
			words = append(words, pointer{at: at, slot: slot})
		}
	}
	o.pointers = nil
	for _, word := range words {
		if waits(word.at) {
			o.tables = append(o.tables, word)
		} else {
			p.takeSlot(o, word.slot, 0)
		}
	}
	slices.SortStableFunc(o.tables, comparePointers)
}

func comparePointers(x, y pointer) int { return cmp.Compare(x.at, y.at) }

// refer notes that code or data names an address of data.
func (p *program) refer(o *object, address uint64) {
	if address+beforeNamed >= o.relro[0] && address < o.relro[1] && !o.inOffsets(address) {
		o.named = min(o.named, address)
	}
}

// readTables takes the words of tables that may be read, and tells whether there were any.
func (p *program) readTables() (more bool) {
	p.namings = slices.DeleteFunc(p.namings, func(n naming) bool {
		o := p.object(n.at)
		first, end, ok := p.bounded(n)
		if !ok {
			p.refer(o, n.address)
			return true
		}
		k, _ := slices.BinarySearchFunc(o.tables, pointer{at: first}, comparePointers)
		for ; k < len(o.tables) && o.tables[k].at < end; k++ {
			if word := &o.tables[k]; !word.taken {
				word.taken, more = true, true
				p.takeSlot(o, word.slot, 0)
			}
		}
		return false
	})
	for _, o := range p.objects {
		for n := len(o.tables) - 1; n >= 0 && o.tables[n].at+beforeNamed >= o.named; n = len(o.tables) - 1 {
			word := o.tables[n]
			o.tables = o.tables[:n]
			if !word.taken {
				p.takeSlot(o, word.slot, 0)
				more = true
			}
		}
	}
	return more
}

// referByOffsets refers to what a table of offsets from its own beginning leads to: LLVM makes them
// of tables of pointers (RelLookupTableConverter).
func (p *program) referByOffsets(o *object, table uint64) {
	const most = 1024
	if len(o.tables) == 0 {
		return
	}
	b := o.bytesAt(table)
	for n := 0; n+4 <= len(b) && n < most*4; n += 4 {
		target := table + distance(b[n:])
		if target >= o.relro[0] && target < o.relro[1] {
			p.refer(o, target)
		} else if o.segmentAt(target) == nil {
			return
		}
	}
}

// naming is code that puts the address of a table into a register.
type naming struct {
	at      place
	address uint64
}

const maxNear = 16 // instructions between what belongs together

// name looks at an address of data that code computes. What it reads there is looked at when it is
// known who else comes that way.
func (s *scanner) name(address uint64, i *instruction) {
	o := s.object
	if len(o.tables) == 0 || address < o.relro[0] || address >= o.relro[1] {
		s.refer(o, address)
		s.referByOffsets(o, address)
	} else if _, ok := s.indexes(o, i); ok && !o.inOffsets(address) {
		s.namings = append(s.namings, naming{o.place(i.address), address})
	} else {
		s.refer(o, address)
	}
}

// indexes finds where a word is loaded from the table whose address an instruction computes, and
// tells whether nothing else is done with that.
func (p *program) indexes(o *object, i *instruction) (at uint64, ok bool) {
	table := i.dst
	if p.from.operand == nil || i.op != opAddress {
		return 0, false
	}
	for n, next := 0, i.next(); n < maxNear; n++ {
		code := o.bytesAt(next)
		i := p.from.decode(code, next)
		m := p.from.operand(code, next)
		switch {
		case i.ends() || i.leaves() || i.calls():
			return 0, false
		case m.loads && m.base == table && m.index != none && m.index != table && at == 0:
			at = next
		case m.base == table || m.index == table || p.from.reads(code, next)&bit(table) != 0:
			return 0, false
		}
		if i.writes(table) {
			return at, at != 0
		}
		next = i.next()
	}
	return 0, false
}

// bounded finds which words of a table code can read that indexes it, if nobody comes there without
// a comparison of the index.
func (p *program) bounded(n naming) (first, end uint64, ok bool) {
	o := p.object(n.at)
	b, k := p.bodyAt(n.at)
	if k < 0 {
		return 0, 0, false
	}
	at, ok := p.indexes(o, &b.code[k])
	if k = b.index(at); !ok || k < 0 {
		return 0, 0, false
	}
	m := p.from.operand(o.bytesAt(at), at)
	for near := 0; near < maxNear && k > 1 && !p.entered(b, k); near++ {
		k--
		i := &b.code[k]
		if i.op == opBranch && !p.entered(b, k) {
			before := &b.code[k-1]
			if r, most := p.from.limit(o.bytesAt(before.address), o.bytesAt(i.address)); r == m.index {
				first = n.address + uint64(m.offset)
				return first, first + most*m.scale + 8, true
			}
		}
		extends := i.op == opMove && i.dst == i.src
		if i.writes(m.index) && !extends || i.ends() || i.calls() {
			break
		}
	}
	return 0, 0, false
}
