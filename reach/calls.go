package reach

import (
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
)

const (
	maxClimb    = 8       // functions from a system call to where its arguments come from
	maxContexts = 1 << 12 // of a system call instruction
)

// call is a system call that code can make.
type call struct {
	// name is "" where the number is not known.
	name      string
	arguments [6]value
	gate      place
	// by is where the last of what is known comes from.
	by place
	// fromOutside: of what is not known the caller is not known, either.
	fromOutside bool
	// wakes: the object of by has a constant with EPOLLWAKEUP.
	wakes bool
}

// wanted are the values of a call that are looked for, from where on.
type wanted struct {
	body   *body
	n      int32
	number value
	values [6]value
	asked  [6]bool
	level  int
	// shut: callers are not known, or were not looked at.
	shut bool
}

// climber follows one system call instruction up through the callers.
type climber struct {
	*program
	gate  place
	work  []wanted
	seen  map[string]bool
	calls []call
	spent int
}

// allCalls are those of all gates.
func (p *program) allCalls() iter.Seq[*call] {
	var all [][]call
	for _, gate := range p.gates {
		all = append(all, p.callsOf(gate))
	}
	return func(yield func(*call) bool) {
		for _, calls := range all {
			for n := range calls {
				if !yield(&calls[n]) {
					return
				}
			}
		}
	}
}

// callsOf are the calls that a system call instruction can make.
func (p *program) callsOf(gate place) []call {
	b, n := p.bodyAt(gate)
	c := &climber{program: p, gate: gate, seen: map[string]bool{}}
	if n < 0 || b.code[n].imm == otherGate {
		return []call{c.unknown(gate)}
	}
	w := wanted{body: b, n: n}
	w.number = p.trace(b, n, location{reg: p.from.number, number: true, follow: true})
	if !p.forAllThreads(&w) {
		c.ask(&w)
	}
	c.work = append(c.work, w)
	for len(c.work) > 0 {
		w := c.work[len(c.work)-1]
		c.work = c.work[:len(c.work)-1]
		c.climb(w)
	}
	return c.calls
}

// forAllThreads is for Go's way of changing identity: it leaves the system call in
// memory for all threads to make. Its number is the first argument of a function.
func (p *program) forAllThreads(w *wanted) bool {
	o := w.body.object
	n := o.at(w.body.start)
	if !o.goProgram || !w.number.unknown() || o.functions[n].name != "runtime.runPerThreadSyscall" &&
		o.functions[n].name != goAllThreads {
		return false
	}
	for _, f := range o.functions {
		if f.name != goAllThreads {
			continue
		}
		if b := p.body(o, f.start); b != nil {
			l := location{reg: goFirstArgument}
			*w = wanted{body: b, number: value{open: []unresolved{{b.start, l}}}, values: anything(),
				level: w.level}
			return true
		}
	}
	*w = wanted{body: w.body, n: w.n} // nobody leaves one
	return true
}

const (
	goAllThreads    = "syscall.runtime_doAllThreadsSyscall"
	goFirstArgument = register(0) // rax, and x0 on arm64
)

func anything() (values [6]value) {
	for n := range values {
		values[n].any = true
	}
	return values
}

func (c *climber) unknown(by place) call {
	return call{gate: c.gate, by: by, arguments: anything(), fromOutside: true}
}

// ask traces the arguments that matter, of the gate itself.
func (c *climber) ask(w *wanted) {
	w.asked = c.needed(w.number)
	for n := range w.asked {
		if !w.asked[n] {
			w.values[n].any = true
			continue
		}
		l := location{reg: c.from.arguments[n]}
		if k := w.number.constants; len(k) == 1 {
			name := c.from.names[int(k[0].number)]
			if at, ok := pointedTo[name]; ok && at == n {
				l.kind, l.size, l.follow = inMemory, 4, true
			}
			// the C library's own threads: flags are constants, though it tries
			// two ways to pass them
			if name == "clone" || name == "clone3" {
				l.number, l.follow = true, true
			}
		}
		w.values[n] = c.trace(w.body, w.n, l)
	}
}

// pointedTo are the system calls of which what an argument points to matters.
var pointedTo = map[string]int{"clone3": cloneFlags, "epoll_ctl": wakeEvents}

// needed are the arguments that matter for what a number can be.
func (c *climber) needed(number value) (asked [6]bool) {
	if len(number.open) > 0 && !number.any {
		return [6]bool{true, true, true, true, true, true}
	}
	for _, k := range number.constants {
		for n := range asked {
			asked[n] = asked[n] || argumentsOf()[c.from.names[int(k.number)]]&(1<<n) != 0
		}
	}
	return asked
}

// climb settles what is known at one place, or looks at the callers.
func (c *climber) climb(w wanted) {
	c.spent++
	entries := w.entries()
	if len(entries) == 0 {
		c.settle(w)
		return
	}
	if w.level == maxClimb || c.spent > maxContexts {
		c.settle(w.closed())
		return
	}
	for _, entry := range entries {
		at := w.body.object.place(entry)
		sites := c.inbound[at]
		if c.taken[at] || len(sites) == 0 && (w.body.object.isCode(entry) || len(w.number.open) == 0) {
			c.settleTaken(w, entry)
		} // a number where a variable points to that nothing is written to: there is no such call
		for _, s := range sites {
			c.caller(w, entry, s)
		}
	}
}

// entries are those at which something is open.
func (w *wanted) entries() []uint64 {
	set := map[uint64]bool{}
	for _, o := range w.number.open {
		set[o.entry] = true
	}
	for _, v := range w.values {
		if !v.any {
			for _, o := range v.open {
				set[o.entry] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// closed has anything for what is open.
func (w wanted) closed() wanted {
	shut := func(v value) value {
		for _, o := range v.open {
			if o.where.kind == inMemory {
				v.loaded(o.where)
			} else {
				v.any, w.shut = true, true
			}
		}
		v.open = nil
		return v
	}
	w.number = shut(w.number)
	for n := range w.values {
		w.values[n] = shut(w.values[n])
	}
	return w
}

// caller looks for what is open at an entry where a site comes from.
func (c *climber) caller(w wanted, entry uint64, s site) {
	c.yield()
	b, n := c.bodyAt(s.at)
	if n < 0 {
		c.settle(w.closed())
		return
	}
	if s.falls {
		n++
	}
	up := wanted{body: b, n: n, level: w.level + 1, asked: w.asked}
	up.number = c.lift(w.number, entry, s, b, n)
	if c.forAllThreads(&up) {
		c.push(up, b.object.place(up.body.start))
		return
	}
	for k, v := range w.values {
		if v.any {
			up.values[k] = v
		} else {
			up.values[k] = c.lift(v, entry, s, b, n)
		}
	}
	if len(w.number.open) > 0 && len(up.number.open) == 0 { // now it is known which matter
		up.asked = c.needed(up.number)
		for k, asked := range up.asked {
			if !asked {
				up.values[k] = value{any: true}
			}
		}
	}
	c.push(up, s.at)
}

// push has a place looked at, once for what is looked for there.
func (c *climber) push(w wanted, at place) {
	if key := w.key(at); !c.seen[key] {
		c.seen[key] = true
		c.work = append(c.work, w)
	}
}

// key tells apart what is looked for at a place.
func (w *wanted) key(at place) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(at))
	for _, v := range append(w.values[:], w.number) {
		if v.any {
			b = append(b, 'a')
			continue
		}
		for _, k := range v.constants {
			b = binary.LittleEndian.AppendUint64(append(b, 'c'), uint64(k.number))
		}
		for _, o := range v.open {
			b = fmt.Appendf(b, "%v", o)
		}
		b = append(b, '.')
	}
	return string(b)
}

// lift is a value seen from a caller.
func (c *climber) lift(v value, entry uint64, s site, b *body, n int32) value {
	if len(v.open) == 0 || v.any {
		return v
	}
	result := value{constants: slices.Clone(v.constants)}
	for _, o := range v.open {
		if o.entry != entry {
			continue
		}
		l := o.where
		if l.reg == pointed {
			l.reg = b.code[n].src // no site that falls writes a variable
			if b.code[n].op == opStoreConst {
				result.add(l, constant{number: b.code[n].value})
				continue
			}
		}
		if l.kind == inStack {
			depth := b.depth[n]
			if depth == unknownDepth {
				result.any = true
				continue
			}
			if !s.jump { // the return address lies between
				depth -= c.from.pushed
			}
			l.offset += depth
		}
		result.join(c.trace(b, n, l))
	}
	if len(result.constants) == 0 && len(result.open) == 0 {
		result.any = true
	}
	return result
}

// settleTaken is for an entry that unknown callers can have.
func (c *climber) settleTaken(w wanted, entry uint64) {
	if len(w.number.open) == 0 {
		c.settle(w.closed())
		return
	}
	// A function that makes the system call it is told to, and whose address is
	// taken, as libcap has it: numbers are constants where they are passed.
	for _, o := range w.number.open {
		if o.entry == entry {
			c.indirectly(w, o)
		}
	}
}

// indirectly settles a number that computed calls pass on.
func (c *climber) indirectly(w wanted, o unresolved) {
	if o.where.kind == inMemory && c.handedOver(w, o) {
		return
	}
	if o.where.kind != inRegister || c.exported(w.body, o.entry) {
		c.settle(w.closed())
		return
	}
	for _, at := range c.indirect[w.body.object.order] {
		if b, n := c.bodyAt(at); n >= 0 {
			v := c.trace(b, n, o.where)
			if v.any || len(v.constants) == 0 || !v.constants[0].plain() {
				continue
			}
			up := w.closed()
			up.number, up.body, up.n = value{constants: v.constants}, b, n
			for k := range up.values {
				up.values[k] = c.lift(w.values[k], o.entry, site{at: at}, b, n)
			}
			c.settle(up.closed())
		}
	}
}

// exported tells whether other objects know a function by name.
func (c *climber) exported(b *body, address uint64) bool {
	for _, s := range b.object.symbols {
		if s.address == address && slices.Contains(b.object.exports[s.name], address) {
			return true
		}
	}
	return false
}

// settle notes a call with what is known of it.
func (c *climber) settle(w wanted) {
	by := w.body.object.place(w.body.address(w.n))
	if w.number.any || len(w.number.open) > 0 {
		c.calls = append(c.calls, c.unknown(by))
	}
	for _, k := range w.number.constants {
		name, ok := c.from.names[int(k.number)]
		if k.loaded != 0 {
			c.calls = append(c.calls, c.unknown(by))
			continue
		}
		if !ok || !k.plain() {
			continue // the kernel has no such call
		}
		c.calls = append(c.calls, call{name: name, arguments: w.values, gate: c.gate, by: by,
			fromOutside: w.shut, wakes: w.body.object.wakes})
	}
}
