package reach

import "slices"

const maxSteps = 1000 // instructions that are looked at for one value

// state is a value that is looked for, before an instruction.
type state struct {
	n int32
	l location
}

// traced is a value that was looked for before.
type traced struct {
	in place
	n  int32
	l  location
}

// tracer looks for one value in one function.
type tracer struct {
	*program
	body *body
	// seen are instructions together with an index in locations.
	seen      map[uint64]bool
	locations []location
	work      []state
	value     value
}

// trace finds what a location can hold before an instruction.
func (p *program) trace(b *body, n int32, l location) value {
	key := traced{b.object.place(b.start), n, l}
	if v, ok := p.traces[key]; ok {
		return v
	}
	v := p.traceAnew(b, n, l)
	if len(p.traces) > 1<<16 {
		p.traces = map[traced]value{}
	}
	p.traces[key] = v
	return v
}

func (p *program) traceAnew(b *body, n int32, l location) value {
	t := &p.tracer // what it had room for serves the next value, too
	if t.seen == nil {
		*t = tracer{program: p, seen: map[uint64]bool{}}
	}
	clear(t.seen)
	t.body, t.locations, t.work, t.value = b, t.locations[:0], t.work[:0], value{}
	if l.kind == inMemory {
		t.at(state{n, l}, l.reg, int64(l.offset))
	} else {
		t.before(n, l)
	}
	for len(t.work) > 0 && !t.value.any {
		s := t.work[len(t.work)-1]
		t.work = t.work[:len(t.work)-1]
		if len(t.seen) > maxSteps {
			t.value.any = true
			break
		}
		t.step(s)
	}
	return t.value
}

// before goes on with what comes before an instruction.
func (t *tracer) before(n int32, l location) {
	b := t.body
	if l.kind == inRegister && l.reg == zeroRegister {
		t.value.add(l, constant{})
		return
	}
	if b.blind && len(b.before(n)) > 0 {
		t.value.any = true
		return
	}
	found := false
	if t.goesOn(b, n) {
		t.along(n-1, l, ifZeroStays)
		found = true
	}
	for _, from := range b.before(n) {
		t.along(from, l, ifZeroGoes)
		found = true
	}
	address := b.address(n)
	at := b.object.place(address)
	if n == 0 || t.taken[at] || len(t.inbound[at]) > 0 {
		if l.kind == inStack && l.offset < 0 {
			t.value.any = true // left over from nobody knows what
			return
		}
		t.value.wait(address, l)
		found = true
	}
	if !found {
		t.value.any = true
	}
}

// along goes on with an instruction, unless it is a branch that is taken this way only
// if the location is zero.
func (t *tracer) along(n int32, l location, ifZero int64) {
	b := t.body
	if branch := &b.code[n]; n > 0 && branch.op == opBranch && branch.value == ifZero &&
		l.kind == inRegister && b.code[n-1].op == opTest && b.code[n-1].src == l.reg &&
		len(b.before(n)) == 0 && len(t.inbound[b.object.place(branch.address)]) == 0 {
		t.value.add(l, constant{})
		return
	}
	t.push(n, l)
}

func (t *tracer) push(n int32, l location) {
	k := slices.Index(t.locations, l)
	if k < 0 {
		k = len(t.locations)
		t.locations = append(t.locations, l)
	}
	if key := uint64(n)<<32 | uint64(k); !t.seen[key] {
		t.seen[key] = true
		t.work = append(t.work, state{n, l})
	}
}

// callee is what a call leads to, if it says so: a symbol, or without a name an address in the same object.
func (p *program) callee(o *object, i *instruction) (s slot, ok bool) {
	switch i.op {
	case opCall:
		return slot{name: p.stub(o, i.target()), address: i.target()}, true
	case opCallSlot:
		s, ok = o.slots[uint64(i.imm)]
	}
	return s, ok
}

// noReturn tells whether a call does not come back.
func (p *program) noReturn(b *body, i *instruction) bool {
	s, ok := p.callee(b.object, i)
	if s.name != "" {
		return p.endlessSymbol(s.name)
	}
	return ok && p.endless[b.object.place(s.address)]
}

func (p *program) endlessSymbol(name string) bool {
	places := p.definitions(name)
	for _, at := range places {
		if !p.endless[at] {
			return false
		}
	}
	return len(places) > 0
}

// step looks at one instruction for a location.
func (t *tracer) step(s state) {
	i := &t.body.code[s.n]
	switch s.l.kind {
	case inRegister:
		t.register(s, i)
	case inStack:
		t.stack(s, i)
	case inMemory:
		t.memory(s, i)
	}
}

// lost tells whether a call or a system call changes a register.
func (t *tracer) lost(i *instruction, r register) bool {
	switch i.op {
	case opCall, opCallSlot, opCallAny:
		if t.body.object.goProgram {
			return r != t.from.stack
		}
		return t.from.lostInCall&bit(r) != 0
	case opSystemCall:
		return t.from.lostInSystemCall&bit(r) != 0
	}
	return false
}

func (t *tracer) register(s state, i *instruction) {
	r, l := s.l.reg, s.l
	if t.lost(i, r) {
		if r == t.from.result && t.own(i, s.n) {
			t.value.add(l, constant{own: true})
			return
		}
		t.value.any = true
		return
	}
	if !i.writes(r) {
		t.before(s.n, l)
		return
	}
	if i.op == opLoad && i.second == r && i.dst != r {
		other := *i
		other.imm += int64(i.writesMemory)
		t.load(s, &other)
		return
	}
	if i.dst != r {
		t.value.any = true
		return
	}
	t.assigned(s, i)
}

// assigned goes on with what an instruction puts into the register that is looked for.
func (t *tracer) assigned(s state, i *instruction) {
	r, l := s.l.reg, s.l
	switch i.op {
	case opConst:
		t.value.add(l, constant{number: i.imm})
	case opMask:
		t.value.either(l, 0, -1)
	case opFlag:
		t.value.either(l, 0, 1)
	case opAddress:
		t.value.add(l, constant{number: i.imm, in: t.body.object})
	case opEither:
		l.reg = i.base
		t.before(s.n, l)
		l.reg = i.src
		t.before(s.n, l)
	case opMaybeMove:
		t.before(s.n, l)
		fallthrough
	case opMove:
		l.reg = i.src
		t.before(s.n, l)
	case opOffset, opOr, opAnd:
		l.reg = i.src
		if l, ok := l.then(i.op, i.imm); ok && i.src != t.from.stack {
			t.before(s.n, l)
			return
		}
		t.value.any = true
	case opLowByte:
		if l, ok := l.then(opOr, i.imm); ok {
			if l, ok = l.then(opAnd, ^0xff); ok {
				l.reg = i.src
				t.before(s.n, l)
				return
			}
		}
		t.value.any = true
	case opOrMemory: // flags of a thread: what matters is which bits there are
		if !l.number {
			t.value.any = true
			return
		}
		t.at(s, i.base, i.imm)
		t.before(s.n, l)
	case opInto, opInterleave:
		t.gathered(s, i)
	case opLoad:
		if t.isVector(r) && (i.base != none || i.narrow) {
			t.value.any = true
			return
		}
		t.load(s, i)
	case opPop:
		t.at(s, t.from.stack, 0)
	default:
		t.value.any = true
	}
}

// gathered goes on with the part of a vector that is looked for.
func (t *tracer) gathered(s state, i *instruction) {
	l, part := s.l, int64(s.l.part)
	switch {
	case part%4 != 0 || i.op == opInto && part > 0 && part < i.imm:
		t.value.any = true
		return
	case i.op == opInto && part > 0:
		t.value.add(l, constant{})
		return
	case i.op == opInto || part/i.imm%2 == 0:
		l.reg = i.src
	default:
		l.reg = i.second
	}
	if i.op == opInterleave {
		l.part = uint8(part/i.imm/2*i.imm + part%i.imm)
	}
	t.before(s.n, l)
}

// at goes on with memory at a register.
func (t *tracer) at(s state, base register, offset int64) {
	l := s.l
	if where, ok := t.body.onStack(s.n, base, offset, t.from); ok {
		l.kind, l.reg, l.offset = inStack, none, where
		t.before(s.n, l)
		return
	}
	if base == t.from.stack || offset > 1<<20 || offset < -1<<20 {
		t.value.any = true
		return
	}
	if where, ok := t.toStack(s.n, base); ok {
		l.kind, l.reg, l.offset = inStack, none, where+int32(offset)
		t.before(s.n, l)
		return
	}
	l.kind, l.reg, l.offset = inMemory, base, int32(offset)
	t.before(s.n, l)
}

// toStack is where on the stack a register points to, if it was made to closely
// before an instruction, and nothing is jumped to between.
func (t *tracer) toStack(n int32, r register) (int32, bool) {
	b, offset := t.body, int64(0)
	for range 64 {
		if n == 0 || len(b.before(n)) > 0 || b.code[n-1].ends() {
			return 0, false
		}
		n--
		i := &b.code[n]
		if t.lost(i, r) {
			return 0, false
		}
		if !i.writes(r) {
			continue
		}
		if i.dst != r || i.op != opMove && i.op != opOffset {
			return 0, false
		}
		if i.op == opOffset {
			offset += i.imm
		}
		if where, ok := b.onStack(n, i.src, offset, t.from); ok {
			return where, true
		}
		r = i.src
	}
	return 0, false
}

func (t *tracer) load(s state, i *instruction) {
	l := s.l
	l.size = 4
	if i.narrow {
		l.size = 2
		var ok bool
		if l, ok = l.then(opAnd, 0xffff); !ok {
			t.value.any = true
			return
		}
	}
	if i.base != none {
		entries := t.entries(s.n, i)
		for _, at := range entries {
			t.fixed(l, at)
		}
		if len(entries) == 0 {
			t.at(state{s.n, l}, i.base, i.imm)
		}
		return
	}
	t.fixed(l, uint64(i.imm)+uint64(l.part))
}

// fixed is memory at a known address.
func (t *tracer) fixed(l location, at uint64) {
	o := t.body.object
	if l.number && !o.constant(at) { // a variable: what it begins with, and what is written to it
		if len(t.inbound[o.place(at)]) > 0 {
			l.kind, l.reg, l.offset = inRegister, pointed, 0
			t.value.wait(at, l)
		}
	} else if !o.constant(at) || o.slots[at] != (slot{}) {
		t.value.any = true
		return
	}
	word, ok := o.half(at)
	if !ok && !(l.number && o.segmentAt(at) != nil) {
		t.value.any = true
		return
	}
	t.value.add(l, constant{number: int64(word)})
}

// isVector tells it of a register that holds sixteen bytes.
func (t *tracer) isVector(r register) bool { return t.from.vectors && r >= xmm0 && r < 32 }

// stack looks for what was put into a place on the stack.
func (t *tracer) stack(s state, i *instruction) {
	l, b := s.l, t.body
	switch i.op {
	case opPush:
		if d := b.depth[s.n]; d != unknownDepth && d-8 == l.offset {
			t.stored(s, i)
			return
		}
	case opStore, opStoreConst:
		where, ok := b.onStack(s.n, i.base, i.imm, t.from)
		if ok && i.second != none && where+int32(i.writesMemory) == l.offset {
			other := *i
			other.src = i.second
			t.stored(s, &other)
			return
		}
		if ok && where == l.offset && !t.isVector(i.src) {
			t.stored(s, i)
			return
		}
		if ok && t.isVector(i.src) && where <= l.offset && l.offset+4 <= where+int32(i.writesMemory) &&
			l.part == 0 {
			s.l.part = uint8(l.offset - where)
			t.stored(s, i)
			return
		}
		if ok && i.overlaps(int64(where), int64(l.offset)) {
			t.value.any = true // a part of it
			return
		}
		if !ok && b.escaped <= l.offset {
			t.value.any = true // perhaps by another way
			return
		}
	case opOther:
		where, ok := b.onStack(s.n, i.base, i.imm, t.from)
		if ok && i.overlaps(int64(where), int64(l.offset)) ||
			!ok && i.writesMemory > 0 && b.escaped <= l.offset {
			t.value.any = true
			return
		}
	case opCall, opCallSlot, opCallAny, opSystemCall:
		if b.escaped <= l.offset || t.returnsTwice(i) {
			t.value.any = true
			return
		}
	}
	t.before(s.n, l)
}

// twice are functions that return again after what follows them has written to the stack: longjmp(3)
// brings that about, and the end of vfork(2)'s child.
var twice = names("setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp", "getcontext", "vfork", "__vfork")

func (t *tracer) returnsTwice(i *instruction) bool {
	o := t.body.object
	s, _ := t.callee(o, i)
	if n := o.at(s.address); i.op == opCall && s.name == "" && n >= 0 {
		s.name = o.functions[n].name
	}
	return slices.Contains(twice, s.name)
}

// stored goes on with what an instruction puts into memory.
func (t *tracer) stored(s state, i *instruction) {
	l := s.l
	switch {
	case i.op == opStoreConst || i.op == opPush && i.src == none:
		t.value.add(l, constant{number: i.value})
	case i.src == unknownRegister:
		t.value.any = true
	case i.src == fromMemory:
		t.load(s, i)
	default:
		l.kind, l.reg, l.offset = inRegister, i.src, 0
		t.before(s.n, l)
	}
}

// memory follows the register that points to it.
func (t *tracer) memory(s state, i *instruction) {
	l := s.l
	if i.op == opStore && i.second != none && i.base == l.reg &&
		i.imm+int64(i.writesMemory) == int64(l.offset) {
		other := *i
		other.src = i.second
		t.stored(s, &other)
		return
	}
	if (i.op == opStore || i.op == opStoreConst) && i.base == l.reg && i.imm == int64(l.offset) &&
		i.writesMemory < 16 {
		t.stored(s, i)
		return
	}
	switch i.op {
	case opStore, opStoreConst:
		if i.base == l.reg && i.overlaps(i.imm, int64(l.offset)) {
			t.value.any = true
			return
		}
	case opOther:
		if i.writesMemory > 0 && !l.number {
			t.value.loaded(l)
			return
		}
	case opCall, opCallSlot, opCallAny, opSystemCall:
		if !l.number || t.lost(i, l.reg) {
			t.value.loaded(l) // who knows what it does there
			return
		}
	}
	if !i.writes(l.reg) {
		t.before(s.n, l)
		return
	}
	if i.dst != l.reg {
		t.value.loaded(l)
		return
	}
	switch i.op {
	case opAddress:
		t.fixed(l, uint64(i.imm)+uint64(int64(l.offset)))
	case opMove, opOffset:
		offset := int64(l.offset)
		if i.op == opOffset {
			offset += i.imm
		}
		t.at(state{s.n, l}, i.src, offset)
	case opLoad:
		if l.number && i.base == none {
			l.reg = pointed
			t.value.wait(uint64(i.imm), l)
			return
		}
		t.value.loaded(l)
	default:
		t.value.loaded(l)
	}
}

// own tells whether an instruction returns the process's own ID.
func (t *tracer) own(i *instruction, n int32) bool {
	switch i.op {
	case opSystemCall:
		return n > 0 && t.ownNumber(&t.body.code[n-1])
	case opCall:
		s, _ := t.callee(t.body.object, i)
		if s.name == "" {
			return t.asksOwn(t.body.object, s.address)
		}
		places := t.definitions(s.name)
		return len(places) == 1 && t.asksOwn(t.object(places[0]), places[0].address())
	}
	return false
}

// asksOwn tells whether a function is getpid or gettid and no more.
func (t *tracer) asksOwn(o *object, address uint64) bool {
	b := t.program.body(o, address)
	if b == nil || len(b.code) > 6 {
		return false
	}
	for n := range b.code {
		if b.code[n].op == opSystemCall && n > 0 && t.ownNumber(&b.code[n-1]) {
			return true
		}
	}
	return false
}

func (t *tracer) ownNumber(i *instruction) bool {
	if i.op != opConst || i.dst != t.from.number {
		return false
	}
	name := t.from.names[int(i.imm)]
	return name == "getpid" || name == "gettid"
}
