package unwind

// ruleKind is where a caller's register is.
type ruleKind byte

const (
	asItWas ruleKind = iota
	undefined
	atOffset        // in memory, from the frame's address
	isOffset        // the frame's address and an offset
	inRegister      // in another one
	atExpression    // in memory, where that says
	isExpression    // what that says
	registerOffset  // of the frame's address alone: a register and an offset
	frameExpression // of the frame's address alone: what that says
)

type rule struct {
	kind       ruleKind
	register   uint64
	offset     int64
	expression []byte
}

// row are the rules at one address.
type row struct {
	frame  rule // where the frame's address is: the stack pointer in the caller
	rules  [len(Registers{})]rule
	signed bool // arm64: the return address is
}

// maxInstructions are bytes of one function's instructions that are looked at.
const maxInstructions = 1 << 16

// maxRemembered is how many rows are put aside at a time: compilers do with one.
const maxRemembered = 8

// DW_CFA, DWARF 5, 7.24, and what GNU and Arm add.
const (
	cfaAdvance, cfaOffset, cfaRestore = 0x40, 0x80, 0xc0

	cfaNop             = 0x00
	cfaSetLoc          = 0x01
	cfaAdvance1        = 0x02
	cfaAdvance2        = 0x03
	cfaAdvance4        = 0x04
	cfaOffsetExtended  = 0x05
	cfaRestoreExtended = 0x06
	cfaUndefined       = 0x07
	cfaSameValue       = 0x08
	cfaRegister        = 0x09
	cfaRemember        = 0x0a
	cfaRestoreState    = 0x0b
	cfaDefCFA          = 0x0c
	cfaDefRegister     = 0x0d
	cfaDefOffset       = 0x0e
	cfaDefExpression   = 0x0f
	cfaExpression      = 0x10
	cfaOffsetSigned    = 0x11
	cfaDefSigned       = 0x12
	cfaDefOffsetSigned = 0x13
	cfaValOffset       = 0x14
	cfaValOffsetSigned = 0x15
	cfaValExpression   = 0x16
	cfaNegateSigned    = 0x2d
	cfaArgsSize        = 0x2e
)

// program runs the instructions that make up a row.
type program struct {
	reader
	entry      *functionEntry
	row, first row
	remembered []row
	location   uint64
}

// rowAt are the rules at an address of the function.
func (e *functionEntry) rowAt(address uint64) (row, bool) {
	if len(e.commonEntry.instructions)+len(e.instructions) > maxInstructions {
		return row{}, false
	}
	p := program{reader: reader{data: e.commonEntry.instructions}, entry: e, location: e.begin}
	for p.at < uint64(len(p.data)) && !p.failed {
		p.step()
	}
	p.first = p.row
	p.data, p.at = e.instructions, 0
	for p.at < uint64(len(p.data)) && !p.failed && p.location <= address {
		p.step() // what goes on to another address changes no rule
	}
	return p.row, !p.failed
}

// to sets the rule of a register. Those that are not unwound, such as vectors, are left out.
func (p *program) to(register uint64, r rule) {
	if register < uint64(len(p.row.rules)) {
		p.row.rules[register] = r
	}
}

func (p *program) restore(register uint64) {
	if register < uint64(len(p.row.rules)) {
		p.row.rules[register] = p.first.rules[register]
	}
}

func (p *program) advance(n uint64) { p.location += n * p.entry.codeAlign }

func (p *program) factored(n int64) int64 { return n * p.entry.dataAlign }

func (p *program) step() {
	op := p.uint(1)
	switch low := op & 0x3f; op & 0xc0 {
	case cfaAdvance:
		p.advance(low)
		return
	case cfaOffset:
		p.to(low, rule{kind: atOffset, offset: p.factored(int64(p.uleb()))})
		return
	case cfaRestore:
		p.restore(low)
		return
	}
	if !p.moves(op) && !p.setsFrame(op) && !p.setsRegister(op) {
		p.failed = true
	}
}

// moves runs those that are about addresses and rows.
func (p *program) moves(op uint64) bool {
	switch op {
	case cfaNop:
	case cfaArgsSize:
		p.uleb()
	case cfaSetLoc:
		// written as an address of the function is, which nobody does
		p.failed = true
	case cfaAdvance1:
		p.advance(p.uint(1))
	case cfaAdvance2:
		p.advance(p.uint(2))
	case cfaAdvance4:
		p.advance(p.uint(4))
	case cfaNegateSigned:
		p.row.signed = !p.row.signed
	case cfaRemember:
		if len(p.remembered) == maxRemembered {
			p.failed = true
			return true
		}
		p.remembered = append(p.remembered, p.row)
	case cfaRestoreState:
		last := len(p.remembered) - 1
		if last < 0 {
			p.failed = true
			return true
		}
		p.row, p.remembered = p.remembered[last], p.remembered[:last]
	default:
		return false
	}
	return true
}

// setsFrame runs those that are about the frame's address.
func (p *program) setsFrame(op uint64) bool {
	f := &p.row.frame
	switch op {
	case cfaDefCFA:
		*f = rule{kind: registerOffset, register: p.uleb(), offset: int64(p.uleb())}
	case cfaDefSigned:
		*f = rule{kind: registerOffset, register: p.uleb(), offset: p.factored(p.sleb())}
	case cfaDefRegister:
		f.register = p.uleb()
	case cfaDefOffset:
		f.offset = int64(p.uleb())
	case cfaDefOffsetSigned:
		f.offset = p.factored(p.sleb())
	case cfaDefExpression:
		*f = rule{kind: frameExpression, expression: p.block()}
	default:
		return false
	}
	return true
}

// setsRegister runs those that are about one register.
func (p *program) setsRegister(op uint64) bool {
	if op < cfaOffsetExtended || op > cfaValExpression {
		return false
	}
	register := p.uleb()
	switch op {
	case cfaOffsetExtended:
		p.to(register, rule{kind: atOffset, offset: p.factored(int64(p.uleb()))})
	case cfaOffsetSigned:
		p.to(register, rule{kind: atOffset, offset: p.factored(p.sleb())})
	case cfaValOffset:
		p.to(register, rule{kind: isOffset, offset: p.factored(int64(p.uleb()))})
	case cfaValOffsetSigned:
		p.to(register, rule{kind: isOffset, offset: p.factored(p.sleb())})
	case cfaRegister:
		p.to(register, rule{kind: inRegister, register: p.uleb()})
	case cfaExpression:
		p.to(register, rule{kind: atExpression, expression: p.block()})
	case cfaValExpression:
		p.to(register, rule{kind: isExpression, expression: p.block()})
	case cfaUndefined:
		p.to(register, rule{kind: undefined})
	case cfaSameValue:
		p.to(register, rule{kind: asItWas})
	case cfaRestoreExtended:
		p.restore(register)
	default:
		return false
	}
	return true
}

// byRules takes the caller's registers from where .eh_frame says that they are.
func (w *walker) byRules(f *File, address uint64) (found bool, end End) {
	t := f.readFrames()
	if t == nil {
		return false, NoRule
	}
	entry, ok := t.find(address)
	switch {
	case !ok || entry.ra >= uint64(w.registers):
		return false, NoRule
	case entry.begin == f.Entry: // its rules are those of any function of C
		return true, w.ends()
	}
	r, ok := entry.rowAt(address)
	if !ok {
		return false, NoRule
	}
	frame, ok := w.frameAddress(r.frame)
	if !ok {
		return true, NoRule
	}
	was := *w
	for i := range w.registers {
		value, known := was.value(i, r.rules[i], frame)
		w.regs[i], w.known = value, w.known&^(1<<i)
		if known {
			w.known |= 1 << i
		}
	}
	if r.rules[w.sp].kind == asItWas {
		w.regs[w.sp], w.known = frame, w.known|1<<w.sp
	}
	switch {
	case r.rules[entry.ra].kind == undefined:
		return true, w.ends()
	case w.known>>entry.ra&1 == 0:
		return true, Cut
	}
	back := w.regs[entry.ra]
	if r.signed || entry.ra != uint64(w.pc) {
		back = w.strip(back)
	}
	w.regs[w.pc], w.known = back, w.known|1<<w.pc
	w.called = !entry.signal
	return true, Whole
}

func (w *walker) frameAddress(r rule) (uint64, bool) {
	switch r.kind {
	case registerOffset:
		if r.register >= uint64(w.registers) || w.known>>r.register&1 == 0 {
			return 0, false
		}
		return w.regs[r.register] + uint64(r.offset), true
	case frameExpression:
		return w.evaluate(r.expression)
	}
	return 0, false
}

// value is what register i was in the caller.
func (w *walker) value(i int, r rule, frame uint64) (uint64, bool) {
	switch r.kind {
	case asItWas:
		return w.regs[i], w.known>>i&1 != 0
	case atOffset:
		return w.read(frame + uint64(r.offset))
	case isOffset:
		return frame + uint64(r.offset), true
	case inRegister:
		if r.register < uint64(w.registers) {
			return w.regs[r.register], w.known>>r.register&1 != 0
		}
	case atExpression:
		if at, ok := w.evaluate(r.expression, frame); ok {
			return w.read(at)
		}
	case isExpression:
		return w.evaluate(r.expression, frame)
	}
	return 0, false
}
