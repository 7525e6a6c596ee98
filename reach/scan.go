package reach

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"unicode"
)

const maxSites = 6 << 20 // direct ways that are noted, of all objects

// reachAll finds all code that can be reached.
func (p *program) reachAll() {
	for _, o := range p.objects {
		p.enterObject(o)
	}
	for more := true; more; more = p.lookUp() {
		for p.follow(); p.readTables(); {
			p.follow()
		}
	}
}

// follow looks at all that was found, and at what is found by that.
func (p *program) follow() {
	for len(p.work)+len(p.holdings) > 0 {
		p.yield()
		if n := len(p.work) - 1; n >= 0 {
			at := p.work[n]
			p.work = p.work[:n]
			p.scan(at)
			continue
		}
		held := p.holdings // all that was found does not return, or does
		p.holdings = nil
		for _, h := range held {
			p.settleHolding(h)
			if p.cost > maxFollowed {
				p.forgetBodies()
			}
		}
	}
}

// enterObject takes what the dynamic linker calls in an object, and what its data holds.
func (p *program) enterObject(o *object) {
	if o.begins {
		p.take(o, o.entry)
		for _, name := range ownStages {
			p.takeExport(o, name)
		}
	}
	for _, address := range o.initial {
		p.take(o, address)
	}
	p.waitForTables(o)
	for _, name := range o.copied {
		for _, other := range p.objects {
			p.takeExport(other, name)
		}
	}
	if o.fixed {
		p.takeWords(o)
	}
	for _, f := range o.functions {
		if f.golang { // its linker leaves out what is not reached
			p.reach(o, f.start)
		}
	}
}

// ownStages are functions that musl's dynamic linker finds in itself by their names, to go on with what
// it has relocated: _dlstart_c() and __dls2(), ldso/dynlink.c, 1.1 to 1.2.
var ownStages = names("__dls2", "__dls2b", "__dls3")

// takeWords takes what looks like the address of a function, or of a path, in the data
// of an object that lies where it was linked to, and so has no relocations.
func (p *program) takeWords(o *object) {
	for i := range o.segments {
		s := &o.segments[i]
		if s.executable && !o.plain {
			continue
		}
		for n := -s.start & 7; n+8 <= uint64(len(s.data)); n += 8 {
			if v := binary.LittleEndian.Uint64(s.data[n:]); p.mayBegin(o, v) || !o.isCode(v) {
				p.take(o, v)
			}
		}
	}
}

// mayBegin tells whether a function can begin at an address: where one does, in code that no table
// knows, or in a procedure linkage table, which unwinding takes for one function. A program that lies
// where it was linked to has the addresses there for those of other objects' functions.
func (p *program) mayBegin(o *object, address uint64) bool {
	if !o.isCode(address) {
		return false
	}
	n := o.at(address)
	return n < 0 || o.functions[n].start == address || o.functions[n].guessed || p.stub(o, address) != ""
}

// take notes that an address is held by data.
func (p *program) take(o *object, address uint64) { p.takeBy(o, address, 0) }

const maxTakers = 16

// takeBy notes that an address is held by something.
func (p *program) takeBy(o *object, address uint64, by place) {
	if !o.isCode(address) {
		p.noteName(o, address, 0)
		p.refer(o, address)
		return
	}
	if address%p.from.alignment != 0 {
		return
	}
	at := o.place(address)
	if stub := p.stub(o, address); stub != "" {
		p.takeSymbol(stub)
		return
	}
	if n := o.at(address); (n < 0 || o.functions[n].guessed) && !p.plausible(o, address) {
		return // tables of constants among the code
	}
	p.taken[at] = true
	if takers := p.takers[at]; len(takers) < maxTakers {
		p.takers[at] = append(takers, by)
	} else {
		takers[0] = 0
	}
	p.reach(o, address)
}

// plausible tells whether what no table calls a function can be one: whether there
// are instructions up to the first that goes away.
func (p *program) plausible(o *object, address uint64) bool {
	code := o.bytesAt(address)
	for len(code) > 0 {
		i := p.from.decode(code, address)
		if i.op == opBad || i.leaves() && !o.isCode(i.target()) {
			return false
		}
		if i.ends() {
			return true
		}
		code, address = code[min(int(i.size), len(code)):], i.next()
	}
	return false
}

func (p *program) takeSlot(o *object, s slot, by place) {
	if s.name != "" {
		p.takeSymbol(s.name)
	} else {
		p.takeBy(o, s.address, by)
	}
}

// isFunction tells whether a slot holds the address of one.
func (p *program) isFunction(o *object, s slot) bool {
	if s.name == "" {
		return o.isCode(s.address)
	}
	return slices.ContainsFunc(p.definitions(s.name), func(at place) bool {
		return p.object(at).isCode(at.address())
	})
}

func (p *program) takeSymbol(name string) {
	for _, at := range p.definitions(name) {
		p.takeDefined(p.object(at), at.address())
	}
}

func (p *program) takeExports(o *object) {
	for _, name := range slices.Sorted(maps.Keys(o.exports)) {
		p.takeExport(o, name)
	}
}

func (p *program) takeExport(o *object, name string) {
	for _, address := range o.exports[name] {
		p.takeDefined(o, address)
	}
}

// takeDefined takes a function, or refers to data.
func (p *program) takeDefined(o *object, address uint64) {
	if o.isCode(address) {
		p.take(o, address)
	} else {
		p.refer(o, address)
	}
}

// reach puts the function with an address on the list.
func (p *program) reach(o *object, address uint64) {
	if !o.isCode(address) {
		return
	}
	n := o.at(address)
	if n < 0 {
		n = o.add(address)
	} else if f := o.functions[n]; f.start != address && !p.onBoundary(o, address) {
		// the range begins earlier than the function, as that of __restore_rt for
		// those who unwind
		delete(p.bodies, o.place(f.start))
		o.functions[n].end = address
		n = o.add(address)
	}
	at := o.place(o.functions[n].start)
	if !p.scanned[at] {
		p.scanned[at] = true
		p.work = append(p.work, at)
	}
}

// onBoundary tells whether an instruction of a function begins at an address.
func (p *program) onBoundary(o *object, address uint64) bool {
	b := p.body(o, address)
	return b == nil || b.index(address) >= 0
}

// connect notes a direct way.
func (p *program) connect(o *object, from, to uint64, jump bool) {
	if name := p.stub(o, to); name != "" {
		p.connectSymbol(o, from, name, jump)
		return
	}
	if o.isCode(to) {
		p.note(o.place(to), site{at: o.place(from), jump: jump})
		p.reach(o, to)
	}
}

func (p *program) connectSlot(o *object, from uint64, s slot, jump bool) {
	if s.name != "" {
		p.connectSymbol(o, from, s.name, jump)
	} else {
		p.connect(o, from, s.address, jump)
	}
}

func (p *program) connectSymbol(o *object, from uint64, name string, jump bool) {
	for _, at := range p.definitions(name) {
		if target := p.object(at); target.isCode(at.address()) {
			p.note(at, site{at: o.place(from), jump: jump})
			p.reach(target, at.address())
		}
	}
}

func (p *program) note(to place, from site) {
	if p.sites == maxSites {
		p.taken[to] = true
		return
	}
	p.sites++
	p.inbound[to] = append(p.inbound[to], from)
}

// stub is the name of the symbol that a piece of a procedure linkage table
// jumps to, "" for other code.
func (p *program) stub(o *object, address uint64) string {
	pages := pages{sticky: p.from.twoSteps}
	code := o.bytesAt(address)
	for range 5 {
		i := p.from.decode(code, address)
		pages.see(&i)
		switch i.op {
		case opJumpSlot:
			return o.slots[uint64(i.imm)].name
		case opJumpAny:
			return o.slots[pages.loaded[i.src&31]].name
		case opOther:
			if i.size == 1 || i.clobbers != 0 || i.writesMemory != 0 {
				return ""
			}
		case opAddress, opLoad, opOffset:
			if !p.from.twoSteps {
				return ""
			}
		default:
			return ""
		}
		code, address = code[min(int(i.size), len(code)):], i.next()
	}
	return ""
}

// scan reads a function for where it leads.
func (p *program) scan(at place) {
	o := p.object(at)
	n := o.at(at.address())
	if n < 0 {
		return
	}
	f := o.functions[n]
	s := scanner{program: p, object: o, function: f, endless: true, pages: pages{sticky: p.from.twoSteps}}
	s.readOn()
	for s.falls() && s.join(n) {
		s.readOn()
	}
	s.finish(at)
}

// readOn reads what has not been read of the function.
func (s *scanner) readOn() {
	start := s.function.start + uint64(s.read)
	code := s.object.bytesAt(start)
	code = code[:min(uint64(len(code)), s.function.end-start)]
	for len(code) > 0 {
		i := s.from.decode(code, s.function.start+uint64(s.read))
		s.see(&i)
		if i.op == opBad && s.function.guessed {
			break
		}
		s.padding = i.ends() || s.padding && i.op == opOther
		s.last = i
		code = code[min(int(i.size), len(code)):]
		s.read += int(i.size)
	}
}

// falls tells whether the function goes on to what follows it.
func (s *scanner) falls() bool {
	return !s.padding && !s.last.calls() && s.last.size > 0
}

// join makes one function of this and the next, which unwinding tells apart alone.
func (s *scanner) join(n int) bool {
	o := s.object
	if s.last.next() != s.function.end || !o.isCode(s.function.end) {
		return false
	}
	if o.at(s.function.end) < 0 { // nothing is told of what follows
		o.add(s.function.end)
	}
	next := o.functions[n+1]
	at := o.place(next.start)
	delete(s.bodies, at)
	delete(s.bodies, o.place(s.function.start))
	o.functions[n].end = next.end
	o.functions = slices.Delete(o.functions, n+1, n+2)
	s.function.end = next.end
	if s.scanned[at] && !slices.Contains(s.work, at) { // it was read by itself
		s.read = int(next.end - s.function.start)
		s.padding = true
		return false
	}
	s.scanned[at] = true
	return true
}

// scanner is what is remembered while a function is read from its beginning.
type scanner struct {
	*program
	object   *object
	function function
	read     int
	last     instruction
	pages    pages
	tables   []uint64 // addresses that are taken in it, of data
	switches bool     // it jumps to what it computes
	held     []holding
	calledBy uint32 // registers
	endless  bool
	padding  bool // nothing but that since it went away
}

func (s *scanner) inside(address uint64) bool {
	return address >= s.function.start && address < s.function.end
}

func (s *scanner) see(i *instruction) {
	o := s.object
	switch i.op {
	case opCall, opJump, opBranch:
		if !s.inside(i.target()) || i.op == opCall {
			s.connect(o, i.address, i.target(), i.op != opCall)
			if i.op != opCall {
				s.endless = false
			}
		}
	case opCallSlot, opJumpSlot:
		s.slot(i)
	case opCallAny, opJumpAny:
		s.calledBy |= bit(i.src)
		s.indirect[o.order] = append(s.indirect[o.order], o.place(i.address))
		if i.op == opJumpAny {
			s.switches, s.endless = true, false
			s.tables = append(s.tables, uint64(i.imm))
		}
	case opReturn, opBad:
		s.endless = false
	case opSystemCall:
		s.gates = append(s.gates, o.place(i.address))
	case opOr:
		s.wake(i.imm | 1)
	case opConst:
		s.wake(i.imm)
		s.number(uint64(i.imm), i)
		s.distance(i)
	case opOffset:
		if o.fixed {
			s.takeDistances(uint64(i.imm))
		}
	case opOther:
		s.load(uint64(i.value))
	case opPush, opStoreConst:
		s.load(uint64(i.value))
		if i.op == opStoreConst && i.base == none {
			s.note(o.place(uint64(i.imm)), site{at: o.place(i.address), jump: true})
		}
		s.wake(i.value)
		s.number(uint64(i.value), i)
	}
	for _, address := range s.pages.see(i) {
		switch i.op {
		case opLoad:
			s.loadInto(address, i)
		case opStore: // of a variable: see pointed
			s.refer(o, address)
			if i.src < 32 {
				s.note(o.place(address), site{at: o.place(i.address), jump: true})
			}
		default:
			s.address(address, i)
		}
	}
}

// wake looks for EPOLLWAKEUP among other events of epoll; alone, it is another flag
// of many programs.
func (s *scanner) wake(value int64) {
	const wakeup, others = 1 << 29, 0xc0003fff
	if value&wakeup != 0 && value&others != 0 && uint64(uint32(value))&^(wakeup|others) == 0 {
		s.object.wakes = true
	}
}

func (s *scanner) hold(i *instruction, function slot) {
	s.held = append(s.held, holding{s.object.place(i.address), i.dst, function})
}

// number looks at one that may be an address.
func (s *scanner) number(value uint64, i *instruction) {
	if !s.object.fixed || value < s.object.segments[0].start {
		return
	}
	if s.mayBegin(s.object, value) {
		if i.op == opConst {
			s.hold(i, slot{address: value})
		} else {
			s.takeBy(s.object, value, s.object.place(i.address))
		}
	} else if !s.object.isCode(value) {
		s.takeDistances(value)
		s.noteName(s.object, value, i.address)
		s.tables = append(s.tables, value)
	}
}

// distance looks at a constant of eight bytes that four would do for: in code that lies anywhere, that is
// how far something is from the global offset table, as the medium and the large code model have it.
func (s *scanner) distance(i *instruction) {
	const movabs = 10 // bytes, of x86-64
	o := s.object
	if i.size < movabs || int64(int32(i.imm)) != i.imm || o.fixed || o.global == 0 {
		return
	}
	at := o.global + uint64(i.imm)
	s.load(at)
	if s.mayBegin(o, at) {
		s.take(o, at)
	} else if o.segmentAt(at) != nil && !o.isCode(at) {
		s.address(at, i)
	}
}

// address looks at one that code computes.
func (s *scanner) address(value uint64, i *instruction) {
	switch {
	case s.object.isCode(value):
		if !s.inside(value) || value == s.function.start {
			s.hold(i, slot{address: value})
		}
		s.tables = append(s.tables, value)
	default:
		if s.object.isOffsets(value) { // nobody tells what is read there
			s.takeOffsets()
		}
		s.name(value, i)
		s.takeDistances(value)
		s.noteName(s.object, value, i.address)
		s.tables = append(s.tables, value)
	}
}

// takeDistances takes the functions of a table that holds, in four bytes, how far each is from the
// table, or from the entry itself.
func (s *scanner) takeDistances(table uint64) {
	o := s.object
	for _, fromEntry := range []uint64{0, 1} {
		b := o.bytesAt(table)
		for n := uint64(0); n+4 <= uint64(len(b)); n += 4 {
			target := table + n*fromEntry + distance(b[n:])
			k := o.at(target)
			if k < 0 || o.functions[k].start != target || o.functions[k].guessed {
				break
			}
			s.take(o, target)
		}
	}
}

func (s *scanner) takeOffsets() {
	o := s.object
	for _, at := range slices.Sorted(maps.Keys(o.slots)) {
		if o.inOffsets(at) {
			s.takeSlot(o, o.slots[at], 0)
		}
	}
	o.bases = nil // done
	o.named = 0
}

// loadInto looks at a word that a register is loaded with.
func (s *scanner) loadInto(at uint64, i *instruction) {
	switch slot, ok := s.object.slots[at]; {
	case !ok:
		s.refer(s.object, at)
	case s.isFunction(s.object, slot):
		s.hold(i, slot)
	default:
		s.takeSlot(s.object, slot, 0)
	}
}

// load looks at a word that code loads: who knows where it is called.
func (s *scanner) load(at uint64) {
	if slot, ok := s.object.slots[at]; ok {
		s.takeSlot(s.object, slot, 0)
	} else {
		s.refer(s.object, at)
	}
}

// slot is a call or a jump through a word that the dynamic linker fills in.
func (s *scanner) slot(i *instruction) {
	o := s.object
	if i.op == opJumpSlot {
		s.endless = false
	}
	if slot, ok := o.slots[uint64(i.imm)]; ok {
		s.connectSlot(o, i.address, slot, i.op == opJumpSlot)
		return
	}
	s.refer(o, uint64(i.imm))
	s.indirect[o.order] = append(s.indirect[o.order], o.place(i.address))
	if i.op == opJumpSlot {
		s.switches = true
	}
}

// finish does what takes the whole function.
func (s *scanner) finish(at place) {
	s.sort()
	if s.switches {
		var targets []uint64
		for _, table := range s.tables {
			targets = s.object.jumpTable(targets[:0], table)
			s.cases(targets)
		}
	}
	if s.falls() {
		s.endless = false
		if next := s.last.next(); s.object.isCode(next) {
			s.note(s.object.place(next), site{at: s.object.place(s.last.address), jump: true, falls: true})
			s.reach(s.object, next)
		}
	}
	if s.endless {
		s.program.endless[at] = true
	}
}

// cases takes those of a switch that are in another function, as rare ones are
// that compilers put elsewhere. A table has no size: what is read beyond its end
// is mostly in the midst of instructions.
func (s *scanner) cases(targets []uint64) {
	inside := 0
	for _, target := range targets {
		if s.inside(target) {
			inside++
		}
	}
	if inside*2 < len(targets) {
		return
	}
	for _, target := range targets {
		if s.inside(target) || s.object.at(target) < 0 {
			continue
		}
		if b := s.body(s.object, target); b != nil && b.index(target) < 0 {
			return
		}
		s.take(s.object, target)
	}
}

// jumpTable appends the addresses that a table of a switch holds to a list: offsets from its
// beginning, as compilers write it for code that can lie anywhere.
func (o *object) jumpTable(list []uint64, table uint64) []uint64 {
	s := o.segmentAt(table)
	if s == nil {
		return list
	}
	const most = 4096
	b := o.bytesAt(table)
	for n := 0; n+4 <= len(b) && n < most*4; n += 4 {
		target := table + distance(b[n:])
		if !o.isCode(target) {
			break
		}
		list = append(list, target)
	}
	for n := 0; n+8 <= len(b) && n < most*8; n += 8 {
		target := binary.LittleEndian.Uint64(b[n:])
		if !o.fixed { // of the large code model
			target += table
		}
		if !o.isCode(target) {
			break
		}
		list = append(list, target)
	}
	return list
}

// noteName notes a path that the kernel has its own rules for.
func (p *program) noteName(o *object, address, by uint64) {
	b := o.bytesAt(address)
	name := relativeToProc(b)
	for _, prefix := range specialDirectories {
		if bytes.HasPrefix(b, prefix) {
			name = pathIn(b)
		}
	}
	if _, ok := p.names[name]; !ok && name != "" && len(p.names) < 1<<14 {
		p.names[name] = o.place(by)
	}
}

// pathIn is the path that a text begins with. Texts of Go and Rust have no end.
func pathIn(b []byte) string {
	n := bytes.IndexFunc(b[:min(len(b), 256)], func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+%@:", r)
	})
	if n < 0 {
		return ""
	}
	return string(b[:n])
}

var specialDirectories = [][]byte{[]byte("/dev/"), []byte("/proc"), []byte("/sys/")}

// pages follows the halves of addresses that arm64 computes in two steps, and
// what is loaded from them.
type pages struct {
	// sticky: what a register held before counts, too, since it may be another
	// path that comes there.
	sticky bool
	known  uint32
	value  [32]uint64
	older  map[register][]uint64
	loaded [32]uint64
	found  []uint64
}

const maxOlder = 16

// see returns the addresses that an instruction computes, or loads from.
func (p *pages) see(i *instruction) []uint64 {
	p.found = p.found[:0]
	switch i.op {
	case opAddress:
		p.found = append(p.found, uint64(i.imm))
	case opOffset:
		p.add(i.src, i.imm)
	case opLoad, opStore:
		if i.base == none {
			p.found = append(p.found, uint64(i.imm))
		} else {
			p.add(i.base, i.imm)
		}
	}
	if i.op == opStore || i.op == opLoad {
		if i.op == opLoad {
			p.forget(bit(i.dst))
			p.loaded[i.dst&31] = 0
			if len(p.found) > 0 {
				p.loaded[i.dst&31] = p.found[0]
			}
		}
		return p.found
	}
	p.forget(i.clobbers)
	if i.dst != none {
		p.forget(bit(i.dst))
	}
	if len(p.found) > 0 {
		p.keep(i.dst, p.found[0])
	}
	return p.found
}

// add finds what a register with an offset can be.
func (p *pages) add(r register, offset int64) {
	if p.known&bit(r) != 0 {
		p.found = append(p.found, p.value[r&31]+uint64(offset))
	}
	for _, value := range p.older[r] {
		p.found = append(p.found, value+uint64(offset))
	}
}

func (p *pages) keep(r register, value uint64) {
	if r > 31 {
		return
	}
	p.known |= bit(r)
	p.value[r] = value
}

// forget notes that registers hold something else.
func (p *pages) forget(registers uint32) {
	registers &= p.known
	if registers == 0 {
		return
	}
	p.known &^= registers
	if !p.sticky {
		return
	}
	for r := register(0); r < 32; r++ {
		if registers&bit(r) == 0 || slices.Contains(p.older[r], p.value[r]) || len(p.older[r]) == maxOlder {
			continue
		}
		if p.older == nil {
			p.older = map[register][]uint64{}
		}
		p.older[r] = append(p.older[r], p.value[r])
	}
}
