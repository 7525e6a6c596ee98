package tracer

import (
	"fmt"
	"maps"
	"slices"
)

// What follows is a small interpreter of BPF code. It finds out which maps and variables a
// program reads and writes. It follows pointers to them, not values: through
// registers, spills to the stack, branches, loops and calls of subprograms, to
// what a helper or an instruction does with them. Subprograms count for whoever
// calls them, so that nothing depends on what a compiler keeps as a call.

// place is something a register can point to.
type place struct {
	kind   placeKind
	name   string
	offset int // from the beginning of a variable or a frame; a number's value; or unknown
}

type placeKind int

const (
	number    placeKind = iota // none at all
	mapItself                  // what helpers are called with
	row                        // what a lookup returned
	variable
	constant // without a name outside of the C code: what new rows begin with
	frame    // the stack of the function
)

const unknown = -1 << 20

// value is what a register can hold, on one way or another to where it is.
type value map[place]bool

func numbered(n int) value { return value{place{kind: number, offset: n}: true} }

func union(a, b value) value {
	out := value{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// plus is the sum. Of numbers it is unknown, so that a loop that counts ends here, too.
func (v value) plus(w value) value {
	out := value{}
	for p := range v {
		for q := range w {
			out[p.plus(q)] = true
		}
	}
	return out
}

func (p place) plus(q place) place {
	if p.kind == number {
		p, q = q, p
	}
	switch {
	case p.kind == mapItself || p.kind == row: // which matter as a whole
		return p
	case p.kind == number || q.kind != number || p.offset == unknown || q.offset == unknown:
		p.offset = unknown
	default:
		p.offset += q.offset
	}
	if p.offset < -512 || p.offset > 4096 { // beyond every stack and variable
		p.offset = unknown
	}
	return p
}

func (v value) isAddress() bool {
	for p := range v {
		if p.kind != number {
			return true
		}
	}
	return false
}

// access is one thing that a program does to a map or a variable.
type access struct {
	name   string
	offset int // into a variable
	write  bool
}

// memory is what an instruction finds: r0 to r10, and pointers on the stack.
type memory struct {
	registers [11]value
	stack     map[int]value
}

func (m *memory) clone() *memory {
	return &memory{registers: m.registers, stack: maps.Clone(m.stack)}
}

// join adds what else may be the case. It reports whether that is anything new.
func (m *memory) join(other *memory) bool {
	grown := false
	for i := range m.registers {
		both := union(m.registers[i], other.registers[i])
		grown = grown || len(both) > len(m.registers[i])
		m.registers[i] = both
	}
	for at, v := range other.stack {
		both := union(m.stack[at], v)
		grown = grown || len(both) > len(m.stack[at])
		m.stack[at] = both
	}
	return grown
}

// helper says what a helper does with its arguments, by number from 1.
type helper struct {
	name       string
	reads      []int // it reads what these point to
	writes     []int
	updates    bool // rows of the map in r1: adds, sets or removes one
	initial    int  // the same, if this has what a new row begins with
	returnsRow bool // of that map
}

// Those that the kernel half calls (uapi/linux/bpf.h).
var helpers = map[int32]helper{
	1:   {name: "map_lookup_elem", reads: []int{2}, returnsRow: true},
	2:   {name: "map_update_elem", reads: []int{2, 3}, updates: true},
	3:   {name: "map_delete_elem", reads: []int{2}, updates: true},
	5:   {name: "ktime_get_ns"},
	7:   {name: "get_prandom_u32"},
	16:  {name: "get_current_comm", writes: []int{1}},
	80:  {name: "get_current_cgroup_id"},
	67:  {name: "get_stack", writes: []int{2}},
	106: {name: "strtoul", reads: []int{1}, writes: []int{4}},
	109: {name: "send_signal"},
	112: {name: "probe_read_user", writes: []int{1}},
	113: {name: "probe_read_kernel", writes: []int{1}},
	114: {name: "probe_read_user_str", writes: []int{1}},
	115: {name: "probe_read_kernel_str", writes: []int{1}},
	118: {name: "jiffies64"},
	123: {name: "get_current_ancestor_cgroup_id"},
	127: {name: "seq_write", reads: []int{2}},
	131: {name: "ringbuf_reserve", returnsRow: true},
	132: {name: "ringbuf_submit", writes: []int{1}},
	156: {name: "task_storage_get", reads: []int{3}, initial: 3, returnsRow: true},
	158: {name: "get_current_task_btf"},
	165: {name: "snprintf", writes: []int{1}, reads: []int{3, 4}},
	175: {name: "task_pt_regs"},
	180: {name: "find_vma", reads: []int{4}},
	181: {name: "loop", reads: []int{3}},
}

// flow follows one program.
type flow struct {
	accesses map[access]bool
	results  map[string]value // of functions, by their names and arguments
}

func (f *flow) touch(v value, write bool) {
	for p := range v {
		if p.kind == row || p.kind == variable {
			f.accesses[access{p.name, p.offset, write}] = true
		}
	}
}

// run follows a function from its first instruction with what r1 to r5 hold,
// until nothing new turns up. It returns what r0 can hold in the end.
func (f *flow) run(fn *function, arguments [5]value) (value, error) {
	call := fmt.Sprint(fn.name, arguments)
	if result, known := f.results[call]; known {
		return result, nil
	}
	result := value{}
	start := &memory{stack: map[int]value{}}
	copy(start.registers[1:], arguments[:])
	start.registers[10] = value{place{kind: frame}: true}
	before := map[int]*memory{0: start}
	for todo := []int{0}; len(todo) > 0; {
		pc := todo[0]
		todo = todo[1:]
		if pc < 0 || pc >= len(fn.code) {
			return nil, fmt.Errorf("%s jumps to %d, out of %d instructions", fn.name, pc, len(fn.code))
		}
		m := before[pc].clone()
		next, err := f.step(fn, pc, m)
		if err != nil {
			return nil, fmt.Errorf("%s, instruction %d: %w", fn.name, pc, err)
		}
		if len(next) == 0 {
			result = union(result, m.registers[0])
		}
		for _, to := range next {
			if before[to] == nil {
				before[to] = m.clone()
			} else if !before[to].join(m) {
				continue
			}
			if !slices.Contains(todo, to) {
				todo = append(todo, to)
			}
		}
	}
	f.results[call] = result
	return result, nil
}

// Fields of an instruction's first byte (Documentation/bpf/standardization/instruction-set.rst).
const (
	classLD, classLDX, classST, classSTX       = 0, 1, 2, 3
	classALU, classJMP, classJMP32, classALU64 = 4, 5, 6, 7

	sizeMask, sizeDouble = 0x18, 0x18
	modeMask, modeAtomic = 0xe0, 0xc0
	codeMask             = 0xf0
	fromRegister         = 0x08
	codeAdd, codeMov     = 0x00, 0xb0
	codeJA               = 0x00
	codeCall, codeExit   = 0x80, 0x90
)

// step does one instruction. It returns where that can lead, nowhere at an exit.
func (f *flow) step(fn *function, pc int, m *memory) ([]int, error) {
	in := fn.code[pc]
	r := &m.registers
	next := []int{pc + 1}
	switch in.op & 7 {
	case classLD:
		r[in.dst] = in.address
		if in.callee != nil { // called by the kernel, with what the caller has not
			none := numbered(unknown)
			if _, err := f.run(in.callee, [5]value{none, none, none, none, none}); err != nil {
				return nil, err
			}
		}
		next[0]++ // the second half of it
	case classLDX:
		at := r[in.src].plus(numbered(in.offset))
		f.touch(at, false)
		r[in.dst] = m.load(at, in.op)
	case classST, classSTX:
		at, what := r[in.dst].plus(numbered(in.offset)), numbered(unknown)
		if in.op&7 == classSTX && in.op&modeMask != modeAtomic { // which work on numbers
			what = r[in.src]
		}
		f.touch(at, true)
		m.store(at, what)
	case classALU, classALU64:
		r[in.dst] = in.calculate(r[in.dst], r[in.src])
	case classJMP, classJMP32:
		return f.jump(fn, pc, m)
	}
	return next, nil
}

func (f *flow) jump(fn *function, pc int, m *memory) ([]int, error) {
	in := fn.code[pc]
	switch code := in.op & codeMask; {
	case code == codeExit:
		return nil, nil
	case code == codeCall:
		return []int{pc + 1}, f.call(in, m)
	case code == codeJA && in.op&7 == classJMP32:
		return []int{pc + 1 + int(in.immediate)}, nil
	case code == codeJA:
		return []int{pc + 1 + in.offset}, nil
	}
	return []int{pc + 1, pc + 1 + in.offset}, nil
}

// call does what a helper or a subprogram does.
func (f *flow) call(in instruction, m *memory) (err error) {
	var arguments [5]value
	copy(arguments[:], m.registers[1:])
	for i := range 5 {
		m.registers[1+i] = numbered(unknown)
	}
	if in.kfunc != "" { // they know no map or variable of ours but what they are given
		for _, v := range arguments {
			f.touch(v, true)
		}
		m.registers[0] = numbered(unknown)
		return nil
	}
	if in.callee == nil {
		m.registers[0], err = f.help(in.immediate, arguments)
		return err
	}
	for i, v := range arguments { // the caller's stack is not looked at from below
		arguments[i] = maps.Clone(v)
		maps.DeleteFunc(arguments[i], func(p place, _ bool) bool { return p.kind == frame })
	}
	m.registers[0], err = f.run(in.callee, arguments)
	return err
}

func (f *flow) help(number int32, arguments [5]value) (value, error) {
	h, known := helpers[number]
	if !known {
		return nil, fmt.Errorf("it calls helper %d (uapi/linux/bpf.h): say in helpers what that does", number)
	}
	for _, i := range h.reads {
		f.touch(arguments[i-1], false)
	}
	for _, i := range h.writes {
		f.touch(arguments[i-1], true)
	}
	result := numbered(unknown) // 0 for no row
	for p := range arguments[0] {
		if p.kind != mapItself {
			continue
		}
		if h.updates || h.initial != 0 && arguments[h.initial-1].isAddress() {
			f.accesses[access{name: p.name, write: true}] = true
		}
		if h.returnsRow {
			result[place{kind: row, name: p.name}] = true
		}
	}
	return result, nil
}

// calculate is what dst holds after arithmetic.
func (in instruction) calculate(dst, src value) value {
	if in.op&fromRegister == 0 {
		src = numbered(int(in.immediate))
	} else if in.op&7 == classALU { // no address has but 32 bits
		src = numbered(unknown)
	}
	switch in.op & codeMask {
	case codeMov:
		return src
	case codeAdd:
		return dst.plus(src)
	}
	return numbered(unknown)
}

// load is what was spilled to the stack there, if that is where.
func (m *memory) load(from value, op byte) value {
	out := numbered(unknown)
	for p := range from {
		if p.kind == frame && op&sizeMask == sizeDouble {
			out = union(out, m.stack[p.offset])
		}
	}
	return out
}

func (m *memory) store(to, what value) {
	for p := range to {
		if p.kind == frame && len(to) == 1 {
			m.stack[p.offset] = what
		} else if p.kind == frame {
			m.stack[p.offset] = union(m.stack[p.offset], what)
		}
	}
}
