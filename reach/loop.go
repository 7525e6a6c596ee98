package reach

import "slices"

// loop is one through a table, by a register that holds the address of each entry in turn.
type loop struct {
	first, end, step uint64
}

// entries are the addresses that a load reads in a loop through a table: there are some only where all
// that writes to its register is the table's address, and the step to the next entry.
func (t *tracer) entries(n int32, load *instruction) (list []uint64) {
	l, ok := t.loop(n, load.base)
	if !ok || !t.body.object.constant(l.first) || (l.end-l.first)/l.step > maxValues {
		return nil
	}
	for at := l.first; at < l.end; at += l.step {
		list = append(list, at+uint64(load.imm))
	}
	return list
}

// loop finds what changes a register before a load: the address of the table, and a step, after which no
// way from the table's end leads there.
func (t *tracer) loop(load int32, r register) (l loop, ok bool) {
	b := t.body
	first, step := -1, -1
	for _, n := range t.writers(r) {
		i := &b.code[n]
		switch {
		case i.op == opAddress && first < 0:
			first, l.first = n, uint64(i.imm)
		case i.op == opOffset && i.src == r && i.imm > 0 && step < 0:
			step, l.step = n, uint64(i.imm)
		default:
			return l, false
		}
	}
	if t.from.compare == nil || first < 0 || step+2 >= len(b.code) || step < first {
		return l, false
	}
	one, other := t.from.compare(b.object.bytesAt(b.code[step+1].address))
	if one != r {
		one, other = other, one
	}
	writers := t.writers(other)
	if one != r || len(writers) != 1 {
		return l, false
	}
	i := &b.code[writers[0]]
	switch {
	case i.op == opAddress:
		l.end = uint64(i.imm)
	case i.op == opOffset && i.src == r && t.next(first, writers[0]):
		l.end = l.first + uint64(i.imm)
	default:
		return l, false
	}
	if l.end <= l.first || (l.end-l.first)%l.step != 0 || t.rejoined() {
		return l, false
	}
	branch := int32(step + 2)
	leaves, ok := b.ifEqual(branch)
	return l, ok && t.comesBy(load, int32(first), leaves) &&
		t.comesBy(branch, int32(writers[0]), edge{-1, -1})
}

// edge is a way from one instruction to the next.
type edge struct{ from, to int32 }

// ifEqual is the way that a branch goes if what was compared before it is equal.
func (b *body) ifEqual(branch int32) (e edge, ok bool) {
	i := &b.code[branch]
	switch {
	case i.op == opBranch && i.value == ifZeroGoes:
		e = edge{branch, b.jumpsTo(i)}
	case i.op == opBranch && i.value == ifZeroStays:
		e = edge{branch, branch + 1}
	default:
		return e, false
	}
	return e, true
}

// comesBy tells whether all ways to an instruction lead by another, and none after it by an edge.
func (t *tracer) comesBy(n, by int32, not edge) bool {
	b := t.body
	seen, work := map[int32]bool{n: true}, []int32{n}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		before := b.before(n)
		if t.goesOn(b, n) {
			before = append(slices.Clone(before), n-1)
		}
		if n == 0 || len(before) == 0 { // from callers, or nobody knows where from
			return false
		}
		for _, from := range before {
			if (edge{from, n}) == not {
				return false
			}
			if from != by && !seen[from] {
				seen[from] = true
				work = append(work, from)
			}
		}
	}
	return true
}

// rejoined tells whether others than those who call the function come into it, as a part of it that
// compilers put elsewhere does: registers may have been written there.
func (t *tracer) rejoined() bool {
	for n := 1; n < len(t.body.code); n++ {
		if at := t.body.object.place(t.body.code[n].address); t.taken[at] || len(t.inbound[at]) > 0 {
			return true
		}
	}
	return false
}

// writers are the instructions that change a register, but for those that give it back to the caller.
func (t *tracer) writers(r register) (list []int) {
	b := t.body
	for n := range b.code {
		i := &b.code[n]
		if t.lost(i, r) || i.writes(r) && !(i.op == opPop && b.returns(n)) {
			list = append(list, n)
		}
	}
	return list
}

// returns tells whether nothing comes after an instruction but the end of the function.
func (b *body) returns(n int) bool {
	for n < len(b.code) && b.code[n].op == opPop {
		n++
	}
	return n < len(b.code) && b.code[n].op == opReturn
}

// next tells whether one instruction comes after another by no way but in turn.
func (t *tracer) next(n, later int) bool {
	for n++; n <= later; n++ {
		if t.entered(t.body, int32(n)) || t.body.code[n-1].ends() || t.body.code[n-1].op == opBranch {
			return false
		}
	}
	return n == later+1
}
