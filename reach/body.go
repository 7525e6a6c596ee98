package reach

import (
	"slices"
	"sort"
)

const (
	maxBody   = 1 << 16 // instructions of a function that is looked at backwards
	maxBodies = 1 << 19 // instructions of those that are kept
)

// body is a function whose instructions are looked at backwards.
type body struct {
	object *object
	start  uint64
	code   []instruction
	// jumps are the instructions that jump to another of the function, in the order of where they lead,
	// first is where those that lead to an instruction begin there, nil where there are none.
	jumps, first []int32
	// dead is padding that nothing leads to.
	dead map[int32]bool
	// depth is where the stack pointer stands before an instruction, seen from
	// the function's beginning; unknownDepth if that cannot be said.
	depth []int32
	// frame is the depth that the frame pointer has, likewise.
	frame int32
	// escaped is the lowest part of the stack whose address is taken.
	escaped int32
	// blind: it jumps by tables that are not read, so who jumps to a place is not known.
	blind bool
}

const (
	unknownDepth int32 = 1 << 30
	nothingTaken int32 = 1<<30 - 1
)

// room is what serves to read one body after the other.
type room struct {
	code    []instruction
	ways    []edge
	waiting []int32
}

// body is the function with an address, nil if it cannot be looked at.
func (p *program) body(o *object, address uint64) *body {
	n := o.at(address)
	if n < 0 {
		return nil
	}
	f := o.functions[n]
	at := o.place(f.start)
	if b, ok := p.bodies[at]; ok {
		return b
	}
	if p.cost > maxBodies {
		p.forgetBodies()
	}
	b := p.readBody(o, f)
	p.bodies[at] = b
	if b != nil {
		p.cost += len(b.code)
	}
	return b
}

// bodyAt is the function with a place, and the index of the instruction there; -1 if it cannot be looked at.
func (p *program) bodyAt(at place) (b *body, n int32) {
	if b = p.body(p.object(at), at.address()); b == nil {
		return nil, -1
	}
	return b, b.index(at.address())
}

func (p *program) forgetBodies() { p.bodies, p.cost = map[place]*body{}, 0 }

func (p *program) readBody(o *object, f function) *body {
	b := &body{object: o, start: f.start, escaped: nothingTaken}
	code := o.bytesAt(f.start)
	code = code[:min(uint64(len(code)), f.end-f.start)]
	r := &p.room
	r.code = r.code[:0]
	for address := f.start; len(code) > 0; {
		if len(r.code) == maxBody {
			return nil
		}
		i := p.from.decode(code, address)
		r.code = append(r.code, i)
		code, address = code[min(int(i.size), len(code)):], i.next()
	}
	b.code = slices.Clone(r.code)
	r.ways = b.connect(p.from, r.ways[:0])
	p.findPadding(b)
	r.waiting = b.followStack(p.from, r.waiting[:0])
	return b
}

// index is that of the instruction at an address, -1 for none.
func (b *body) index(address uint64) int32 {
	n := sort.Search(len(b.code), func(n int) bool { return b.code[n].address >= address })
	if n < len(b.code) && b.code[n].address == address {
		return int32(n)
	}
	return -1
}

// address is that of an instruction, or of what follows the last.
func (b *body) address(n int32) uint64 {
	if int(n) == len(b.code) {
		return b.code[n-1].next()
	}
	return b.code[n].address
}

// before are the instructions that jump to one.
func (b *body) before(n int32) []int32 {
	if b.first == nil {
		return nil
	}
	return b.jumps[b.first[n]:b.first[n+1]]
}

// keep takes the jumps in.
func (b *body) keep(ways []edge) {
	if len(ways) == 0 {
		return
	}
	b.jumps, b.first = make([]int32, len(ways)), make([]int32, len(b.code)+3)
	for _, w := range ways {
		b.first[w.to+1]++
	}
	for n := 1; n < len(b.first); n++ {
		b.first[n] += b.first[n-1]
	}
	for n := len(ways) - 1; n >= 0; n-- { // from the last on, each before those that lead there, too
		w := ways[n]
		b.first[w.to+1]--
		b.jumps[b.first[w.to+1]] = w.from
	}
	b.first = b.first[1:]
}

// connect finds what jumps where. It appends to the ways that there is room for.
func (b *body) connect(from *convention, ways []edge) []edge {
	var switches []int32
	var tables []uint64
	pages := pages{sticky: from.twoSteps}
	for n := range b.code {
		i := &b.code[n]
		if to := b.jumpsTo(i); to >= 0 {
			ways = append(ways, edge{int32(n), to})
		}
		if i.op == opJumpAny || i.op == opJumpSlot && b.object.slots[uint64(i.imm)].name == "" {
			switches = append(switches, int32(n))
			tables = append(tables, uint64(i.imm))
		}
		tables = append(tables, pages.see(i)...)
		if i.op == opConst && b.object.fixed {
			tables = append(tables, uint64(i.imm))
		}
	}
	if len(switches) > 0 {
		b.blind = from.twoSteps // which has tables of bytes
		ways = b.switched(ways, switches, tables)
	}
	b.keep(ways)
	return ways
}

// switched appends the ways by tables.
func (b *body) switched(ways []edge, switches []int32, tables []uint64) []edge {
	seen := map[int32]bool{}
	var targets []uint64
	for _, table := range tables {
		targets = b.object.jumpTable(targets[:0], table)
		if b.object.isCode(table) { // computed jumps to labels
			targets = append(targets, table)
		}
		for _, target := range targets {
			to := b.index(target)
			if to < 0 || seen[to] {
				continue
			}
			seen[to] = true
			for _, n := range switches {
				ways = append(ways, edge{n, to})
			}
		}
	}
	return ways
}

// followStack finds the depth of the stack in order of addresses: a place that
// is jumped to has that of the first jump, which may come from further down.
//
// The depths that wait are those of places that are jumped to; it appends to what there is room for.
func (b *body) followStack(from *convention, waiting []int32) []int32 {
	b.depth = make([]int32, len(b.code)+1)
	b.frame = unknownDepth
	for range b.code {
		waiting = append(waiting, unknownDepth)
	}
	var held [32]int32 // by a register, plus one; where it was put last
	for more := true; more; {
		more = false
		depth := int32(0)
		for n := range b.code {
			i := &b.code[n]
			if n > 0 && b.code[n-1].ends() {
				depth = unknownDepth
			}
			if depth == unknownDepth {
				depth = waiting[n]
			}
			b.depth[n] = depth
			if depth != unknownDepth {
				if to := b.jumpsTo(i); to >= 0 && waiting[to] == unknownDepth {
					waiting[to], more = depth, true
				}
			}
			if (i.op == opMove || i.op == opOffset) && i.src == from.stack && depth != unknownDepth &&
				i.dst < 32 {
				held[i.dst] = depth + int32(i.imm) + 1
			}
			if i.op == opStackFrom {
				if depth = unknownDepth; i.src < 32 && held[i.src] != 0 {
					depth = held[i.src] + int32(i.imm) - 1
				}
			}
			depth = after(i, depth, from)
		}
		b.depth[len(b.code)] = depth
	}
	for n := range b.code {
		b.seeStack(&b.code[n], b.depth[n], from)
	}
	return waiting
}

// jumpsTo is the index of where an instruction jumps to in the function, -1 for none.
func (b *body) jumpsTo(i *instruction) int32 {
	if i.op != opJump && i.op != opBranch {
		return -1
	}
	return b.index(i.target())
}

// after is the depth of the stack after an instruction.
func after(i *instruction, depth int32, from *convention) int32 {
	if depth == unknownDepth {
		return depth
	}
	switch i.op {
	case opPush:
		depth -= 8
	case opPop:
		depth += 8
	case opStack:
		depth += int32(i.imm)
	}
	if i.writes(from.stack) || depth > 1<<20 || depth < -1<<28 {
		return unknownDepth
	}
	return depth
}

// seeStack notes a frame pointer, and addresses on the stack that are taken. One at an unknown depth can
// lead to any place there.
func (b *body) seeStack(i *instruction, depth int32, from *convention) {
	var taken int32
	switch {
	case i.src == from.stack && i.dst != from.stack && i.op != opTest:
		taken = depth
	case i.src == from.frame && i.op == opOffset && b.frame != unknownDepth:
		taken = b.frame
	default:
		return
	}
	known := taken != unknownDepth
	if i.op == opOffset {
		taken += int32(i.imm)
	}
	switch {
	case !known:
		b.escaped = -1 << 30
	case i.src == from.stack && i.dst == from.frame && b.frame == unknownDepth:
		b.frame = taken
	default:
		b.escaped = min(b.escaped, taken)
	}
}

// onStack is the place on the stack that memory operands mean, seen from the
// function's beginning.
func (b *body) onStack(n int32, base register, offset int64, from *convention) (int32, bool) {
	if offset > 1<<20 || offset < -1<<20 {
		return 0, false
	}
	switch {
	case base == from.stack && b.depth[n] != unknownDepth:
		return b.depth[n] + int32(offset), true
	case base == from.frame && b.frame != unknownDepth:
		return b.frame + int32(offset), true
	}
	return 0, false
}

// findPadding finds what compilers put between the pieces of a function.
func (p *program) findPadding(b *body) {
	for n := range b.code {
		k := int32(n)
		if n == 0 || b.code[n].op != opOther || b.code[n].clobbers != 0 || p.goesOn(b, k) || p.entered(b, k) {
			continue
		}
		if b.dead == nil {
			b.dead = map[int32]bool{}
		}
		b.dead[k] = true
	}
}

// goesOn tells whether what stands before an instruction goes on to it.
func (p *program) goesOn(b *body, n int32) bool {
	return n > 0 && !b.code[n-1].ends() && !b.dead[n-1] && !p.noReturn(b, &b.code[n-1])
}

// entered tells whether an instruction is jumped to.
func (p *program) entered(b *body, n int32) bool {
	at := b.object.place(b.code[n].address)
	return len(b.before(n)) > 0 || p.taken[at] || len(p.inbound[at]) > 0
}
