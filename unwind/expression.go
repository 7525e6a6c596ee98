package unwind

// maxOperands is how many values an expression can have at a time.
const maxOperands = 32

// Operations of expressions in .eh_frame, of DWARF 5, 7.7.1: no jumps, so that each ends.
const (
	opDeref     = 0x06
	opConst1u   = 0x08
	opConst1s   = 0x09
	opConst2u   = 0x0a
	opConst2s   = 0x0b
	opConst4u   = 0x0c
	opConst4s   = 0x0d
	opConst8u   = 0x0e
	opConst8s   = 0x0f
	opConstU    = 0x10
	opConstS    = 0x11
	opDup       = 0x12
	opDrop      = 0x13
	opOver      = 0x14
	opSwap      = 0x16
	opAnd       = 0x1a
	opMinus     = 0x1c
	opMul       = 0x1e
	opNeg       = 0x1f
	opNot       = 0x20
	opOr        = 0x21
	opPlus      = 0x22
	opPlusConst = 0x23
	opShl       = 0x24
	opShr       = 0x25
	opXor       = 0x27
	opEq        = 0x29
	opGe        = 0x2a
	opGt        = 0x2b
	opLe        = 0x2c
	opLt        = 0x2d
	opNe        = 0x2e
	opLit0      = 0x30
	opLit31     = 0x4f
	opBaseReg0  = 0x70
	opBaseReg31 = 0x8f
	opBaseReg   = 0x92
	opNop       = 0x96
)

// expression is one that is being evaluated.
type expression struct {
	reader
	w        *walker
	operands []uint64
}

// evaluate gives an expression's value. Those of registers begin with the frame's address.
func (w *walker) evaluate(code []byte, operands ...uint64) (uint64, bool) {
	e := expression{reader: reader{data: code}, w: w, operands: operands}
	for e.at < uint64(len(e.data)) && !e.failed {
		e.step(e.uint(1))
	}
	if e.failed || len(e.operands) == 0 {
		return 0, false
	}
	return e.operands[len(e.operands)-1], true
}

func (e *expression) push(value uint64) {
	if len(e.operands) == maxOperands {
		e.failed = true
		return
	}
	e.operands = append(e.operands, value)
}

func (e *expression) pop() uint64 {
	last := len(e.operands) - 1
	if last < 0 {
		e.failed = true
		return 0
	}
	value := e.operands[last]
	e.operands = e.operands[:last]
	return value
}

func (e *expression) register(n uint64, offset int64) {
	if n >= uint64(e.w.registers) || e.w.known>>n&1 == 0 {
		e.failed = true
		return
	}
	e.push(e.w.regs[n] + uint64(offset))
}

func (e *expression) step(op uint64) {
	switch {
	case op >= opLit0 && op <= opLit31:
		e.push(op - opLit0)
	case op >= opBaseReg0 && op <= opBaseReg31:
		e.register(op-opBaseReg0, e.sleb())
	case op == opBaseReg:
		e.register(e.uleb(), e.sleb())
	case op >= opConst1u && op <= opConstS:
		e.push(e.constant(op))
	case op >= opAnd && op <= opNe && op != opNeg && op != opNot && op != opPlusConst:
		top := e.pop()
		e.push(e.both(op, e.pop(), top))
	default:
		e.other(op)
	}
}

func (e *expression) constant(op uint64) uint64 {
	switch op {
	case opConstU:
		return e.uleb()
	case opConstS:
		return uint64(e.sleb())
	}
	size := uint64(1) << ((op - opConst1u) / 2)
	if op%2 == 1 { // each size without a sign, then with one
		return uint64(e.int(size))
	}
	return e.uint(size)
}

// both is an operation with two operands.
func (e *expression) both(op, a, b uint64) uint64 {
	truth := func(holds bool) uint64 {
		if holds {
			return 1
		}
		return 0
	}
	switch op {
	case opAnd:
		return a & b
	case opMinus:
		return a - b
	case opMul:
		return a * b
	case opOr:
		return a | b
	case opPlus:
		return a + b
	case opShl:
		return a << b
	case opShr:
		return a >> b
	case opXor:
		return a ^ b
	case opEq:
		return truth(a == b)
	case opGe:
		return truth(int64(a) >= int64(b))
	case opGt:
		return truth(int64(a) > int64(b))
	case opLe:
		return truth(int64(a) <= int64(b))
	case opLt:
		return truth(int64(a) < int64(b))
	case opNe:
		return truth(a != b)
	}
	e.failed = true
	return 0
}

func (e *expression) other(op uint64) {
	switch op {
	case opNop:
	case opDeref:
		value, ok := e.w.read(e.pop())
		e.failed = e.failed || !ok
		e.push(value)
	case opDup:
		value := e.pop()
		e.push(value)
		e.push(value)
	case opDrop:
		e.pop()
	case opOver:
		top, below := e.pop(), e.pop()
		e.push(below)
		e.push(top)
		e.push(below)
	case opSwap:
		top, below := e.pop(), e.pop()
		e.push(top)
		e.push(below)
	case opNeg:
		e.push(-e.pop())
	case opNot:
		e.push(^e.pop())
	case opPlusConst:
		e.push(e.pop() + e.uleb())
	default:
		e.failed = true
	}
}
