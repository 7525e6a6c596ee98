package reach

import "slices"

const maxValues = 64 // of one argument

// constant is a number, or an address in an object.
type constant struct {
	number int64
	in     *object
	// own: the process's own ID, whatever it is.
	own bool
	// loaded is the size of what is read at the offset number from a pointer that is
	// not known; 0 for anything else.
	loaded uint8
}

// plain: it is a number.
func (c constant) plain() bool { return c.in == nil && !c.own && c.loaded == 0 }

// value is what an argument can be.
type value struct {
	any       bool
	constants []constant
	// open are what it is made of at the entries of the function: to be looked
	// for where this is called.
	open []unresolved
}

// unresolved is a value that depends on who calls.
type unresolved struct {
	entry uint64
	where location
}

// location is where a value is looked for, and what is done with it on the way
// from there.
type location struct {
	kind   locationKind
	reg    register
	offset int32
	steps  [3]step
	count  uint8
	// size is that of the load, 0 for a register.
	size uint8
	// part is where in a vector it is.
	part uint8
	// number: of a system call, or flags of a thread. One that is put into memory
	// is a constant there, whatever is called between.
	number bool
	// follow: what pointers point to is looked for in callers, too.
	follow bool
}

type locationKind uint8

const (
	inRegister locationKind = iota
	inStack                 // offset, from where the stack stood at the beginning
	inMemory                // at what the register points to, and offset
)

// pointed is the register of a location in memory that a variable points to: see
// the sites that write to the variable.
const pointed register = 0xfd

// step is an operation with a constant.
type step struct {
	op  operation
	imm int64
}

func (l location) then(op operation, imm int64) (location, bool) {
	if int(l.count) == len(l.steps) {
		return l, false
	}
	// the operation closest to the start is done first: it is put in front
	copy(l.steps[1:], l.steps[:l.count])
	l.steps[0] = step{op, imm}
	l.count++
	return l, true
}

// finish does the steps on a constant.
func (l location) finish(c constant) (constant, bool) {
	for _, s := range l.steps[:l.count] {
		if c.own || c.loaded != 0 || c.in != nil && s.op != opOffset {
			return c, false
		}
		switch s.op {
		case opOffset:
			c.number += s.imm
		case opOr:
			c.number |= s.imm
		case opAnd:
			c.number &= s.imm
		}
	}
	return c, true
}

func (v *value) add(l location, c constant) {
	c, ok := l.finish(c)
	if !ok {
		v.any = true
		return
	}
	if !slices.Contains(v.constants, c) {
		v.constants = append(v.constants, c)
	}
	if len(v.constants) > maxValues {
		v.any = true
	}
}

func (v *value) either(l location, a, b int64) {
	v.add(l, constant{number: a})
	v.add(l, constant{number: b})
}

func (v *value) wait(entry uint64, l location) {
	if l.kind == inMemory && !l.follow {
		v.loaded(l)
		return
	}
	o := unresolved{entry, l}
	if !slices.Contains(v.open, o) {
		v.open = append(v.open, o)
	}
	if len(v.open) > 8 {
		v.any = true
	}
}

// join takes both.
func (v *value) join(other value) {
	v.any = v.any || other.any
	for _, c := range other.constants {
		v.add(location{}, c)
	}
	for _, o := range other.open {
		v.wait(o.entry, o.where)
	}
}

// loaded notes what is read from memory that is not known.
func (v *value) loaded(l location) {
	if l.count > 0 && !(l.count == 1 && l.size == 2) {
		v.any = true
		return
	}
	v.add(location{}, constant{number: int64(l.offset), loaded: l.size})
	if l.size == 0 {
		v.any = true
	}
}

// unknown tells whether it can be what is not found.
func (v *value) unknown() bool {
	return v.any || slices.ContainsFunc(v.constants, func(c constant) bool { return c.loaded != 0 })
}
