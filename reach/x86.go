package reach

import (
	"encoding/binary"
)

// Registers of x86-64 by number.
const (
	rax register = iota
	rcx
	rdx
	rbx
	rsp
	rbp
	rsi
	rdi
	r8
	r9
	r10
	r11
	xmm0 register = 16 // and 15 more
)

var x86 = convention{
	decode:           decodeX86,
	reads:            readsX86,
	operand:          operandX86,
	limit:            limitX86,
	compare:          compareX86,
	number:           rax,
	arguments:        [6]register{rdi, rsi, rdx, r10, r8, r9},
	result:           rax,
	lostInSystemCall: bit(rax) | bit(rcx) | bit(r11),
	lostInCall: bit(rax) | bit(rcx) | bit(rdx) | bit(rsi) | bit(rdi) | bit(r8) | bit(r9) | bit(r10) |
		bit(r11) | 0xffff0000,
	stack:     rsp,
	frame:     rbp,
	vectors:   true,
	pushed:    8,
	alignment: 1,
}

// x86Reader reads one instruction. golang.org/x/arch does not know VEX and EVEX
// prefixes, which C libraries are full of; what is needed here is the length of
// all instructions, and the meaning of few.
type x86Reader struct {
	code []byte
	at   int
	bad  bool

	operand16, address32, repeat, repeatNot bool

	rex      byte
	modrm    byte
	sib      byte
	reg, rm  register // rm is none for memory
	base     register // of memory, none for absolute
	indexed  bool
	relative bool // to the next instruction
	segment  bool
	memory   bool // there is such an operand
	index    register
	op       byte // with the table that it is from
	table    opcodes
	disp     int64
	stores   bool // an opOther writes to its operand, if that is memory
}

func (x *x86Reader) byte() byte {
	if x.at >= len(x.code) {
		x.bad = true
		return 0
	}
	b := x.code[x.at]
	x.at++
	return b
}

// signed reads n bytes, sign extended.
func (x *x86Reader) signed(n int) int64 {
	if n <= 0 {
		return 0
	}
	if x.at+n > len(x.code) {
		x.bad = true
		return 0
	}
	b := x.code[x.at : x.at+n]
	x.at += n
	switch n {
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case 8:
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// wide is the size of an immediate that follows the operand's.
func (x *x86Reader) wide() int {
	if x.operand16 {
		return 2
	}
	return 4
}

// small is the register that an operand of one byte is a part of: without a REX
// prefix 4 to 7 are ah to bh.
func (x *x86Reader) small(r register) register {
	if x.rex == 0 && r >= 4 && r < 8 {
		return r & 3
	}
	return r
}

// byteOr is likewise for opcodes of which the lowest bit tells the size.
func (x *x86Reader) byteOr(r register, op byte) register {
	if op&1 == 0 {
		return x.small(r)
	}
	return r
}

// width is how many bytes a store writes, at most.
func (x *x86Reader) width() uint8 {
	if x.rex&8 != 0 {
		return 8
	}
	return 4
}

// fits tells of an operand in memory that it is at base + disp, which an instruction can say.
func (x *x86Reader) fits() bool { return !x.indexed && !x.segment && !x.address32 }

func (x *x86Reader) load(i *instruction, to register) {
	i.op, i.dst, i.base, i.imm = opLoad, to, x.base, x.disp
}

func (x *x86Reader) store(i *instruction, from register) {
	i.op, i.src, i.base, i.imm = opStore, from, x.base, x.disp
}

// otherGate marks a system call whose numbers are i386's.
const otherGate = 0x80

// operands reads the ModRM byte and what belongs to it.
func (x *x86Reader) operands() {
	m := x.byte()
	x.modrm = m
	x.reg = register(m>>3&7 | x.rex&4<<1)
	mod, low := m>>6, m&7
	if mod == 3 {
		x.rm = register(low | x.rex&1<<3)
		return
	}
	x.rm, x.base, x.memory = none, register(low|x.rex&1<<3), true
	if low == 4 {
		sib := x.byte()
		x.sib = sib
		x.base = register(sib&7 | x.rex&1<<3)
		x.indexed = sib>>3&7 != 4 || x.rex&2 != 0
		if x.indexed {
			x.index = register(sib>>3&7 | x.rex&2<<2)
		}
		if sib&7 == 5 && mod == 0 {
			x.base, x.disp = none, x.signed(4)
		}
	} else if low == 5 && mod == 0 {
		x.base, x.relative, x.disp = none, true, x.signed(4)
	}
	switch mod {
	case 1:
		x.disp = x.signed(1)
	case 2:
		x.disp = x.signed(4)
	}
}

// opcodes are a table of them.
type opcodes uint8

const (
	oneByte opcodes = iota
	twoByte
	threeByte
	vector // VEX and EVEX
)

// decodeX86 is most of what an analysis does: nothing in it is copied that need not be.
func decodeX86(code []byte, address uint64) (i instruction) {
	var x x86Reader
	x.read(code, address, &i)
	return i
}

// read reads one into i, which is empty, as is x.
func (x *x86Reader) read(code []byte, address uint64, i *instruction) {
	x.code = code[:min(len(code), 15)]
	x.rm, x.base, x.reg, x.index = none, none, none, none
	i.address, i.dst, i.src, i.base, i.second = address, none, none, none, none
	x.decode(i)
	if x.bad || x.at == 0 {
		*i = instructionAt(address)
		i.op, i.size = opBad, 1
		return
	}
	i.size = uint8(x.at)
	if (i.op == opStore || i.op == opStoreConst) && i.writesMemory == 0 {
		i.writesMemory = x.width()
	}
	if x.stores && x.rm == none && i.op == opOther && !x.relative {
		i.base, i.imm, i.writesMemory = x.base, x.disp, 64
		if x.indexed {
			i.writesMemory = everything
		}
	}
	if x.relative && i.base == none {
		switch i.op {
		case opAddress, opLoad, opStore, opStoreConst, opCallSlot, opJumpSlot:
			i.imm += int64(i.next())
		}
	}
	switch i.op {
	case opCall, opJump, opBranch:
		i.imm += int64(i.next())
	case opOther, opPush:
		x.takesIn(i)
	}
}

// takesIn notes the memory at a known address that an instruction reads in another way than opLoad.
func (x *x86Reader) takesIn(i *instruction) {
	if !x.memory || x.base != none || x.indexed || x.segment || i.src == none && i.op == opPush {
		return
	}
	i.value = x.disp
	if x.relative {
		i.value += int64(i.next())
	}
}

func (x *x86Reader) decode(i *instruction) {
	op := x.byte()
	for ; !x.bad; op = x.byte() {
		switch op {
		case 0x66:
			x.operand16 = true
		case 0x67:
			x.address32 = true
		case 0xf2:
			x.repeatNot = true
		case 0xf3:
			x.repeat = true
		case 0x64, 0x65:
			x.segment = true
		case 0xf0, 0x2e, 0x36, 0x3e, 0x26:
		default:
			if op&0xf0 != 0x40 {
				x.opcode(i, op)
				return
			}
			x.rex = op
			op = x.byte()
			if op&0xf0 == 0x40 { // a second one counts alone, as the processor has it
				x.at--
				x.rex = 0
				continue
			}
			x.opcode(i, op)
			return
		}
	}
}

// opcode decodes the instructions of one byte.
func (x *x86Reader) opcode(i *instruction, op byte) {
	x.op = op
	switch {
	case op == 0x0f:
		x.twoBytes(i)
	case op < 0x40:
		x.arithmetic(i, op)
	case op >= 0x50 && op < 0x58:
		i.op, i.src = opPush, register(op&7|x.rex&1<<3)
	case op >= 0x58 && op < 0x60:
		i.op, i.dst = opPop, register(op&7|x.rex&1<<3)
	case op >= 0x70 && op < 0x80:
		i.op, i.imm, i.value = opBranch, x.signed(1), ifZero(op)
	case op >= 0x80 && op < 0x84:
		x.group1(i, op)
	case op >= 0xb0 && op < 0xc0:
		x.moveConst(i, op)
	case op == 0x62:
		x.evex(i)
	case op == 0xc4 || op == 0xc5:
		x.vex(i, op)
	case op == 0xf6 || op == 0xf7:
		x.group3(i, op)
	case op == 0xff || op == 0xfe:
		x.group5(i, op)
	case op >= 0xd8 && op < 0xe0: // floating point; fnstsw ax
		x.operands()
		i.clobbers = bit(rax)
	case op >= 0x84 && op < 0x90 || op == 0xc6 || op == 0xc7 || op == 0x63:
		x.moves(i, op)
	case op == 0x69 || op == 0x6b:
		x.operands()
		if op == 0x69 {
			x.signed(x.wide())
		} else {
			x.signed(1)
		}
		i.clobbers = bit(x.reg)
	case op == 0xc0 || op == 0xc1 || op >= 0xd0 && op < 0xd4:
		x.operands()
		if op < 0xd0 {
			x.signed(1)
		}
		i.clobbers = bit(x.byteOr(x.rm, op))
		x.stores = true
	default:
		x.plain(i, op)
	}
}

// ifZero is the value of a branch with that opcode.
func ifZero(op byte) int64 {
	switch op & 15 {
	case 4:
		return ifZeroGoes
	case 5:
		return ifZeroStays
	}
	return 0
}

// plain are those without a ModRM byte.
func (x *x86Reader) plain(i *instruction, op byte) {
	switch op {
	case 0x68:
		i.op, i.value = opPush, x.signed(x.wide())
	case 0x6a:
		i.op, i.value = opPush, x.signed(1)
	case 0x90:
		if x.rex&1 != 0 {
			i.clobbers = bit(rax) | bit(r8)
		}
	case 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97:
		i.clobbers = bit(rax) | bit(register(op&7|x.rex&1<<3))
	case 0x98:
		i.clobbers = bit(rax)
	case 0x99:
		i.clobbers = bit(rdx)
	case 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xf4, 0xf5, 0xf8, 0xf9, 0xfc, 0xfd, 0xcc:
		x.plainOthers(i, op)
	case 0xa0, 0xa1, 0xa2, 0xa3:
		if x.address32 {
			x.signed(4)
		} else {
			x.signed(8)
		}
		i.clobbers = bit(rax)
	case 0xa8:
		x.signed(1)
	case 0xcd:
		if x.signed(1) != -0x80 {
			x.bad = true
		} else { // another way into the kernel: number and arguments as for i386
			i.op, i.clobbers, i.imm = opSystemCall, bit(rax), otherGate
		}
	case 0xa9:
		x.signed(x.wide())
	case 0xa4, 0xa5, 0xa6, 0xa7:
		i.clobbers, i.base, i.writesMemory = bit(rcx)|bit(rsi)|bit(rdi), rdi, everything
	case 0xaa, 0xab, 0xae, 0xaf:
		i.clobbers, i.base, i.writesMemory = bit(rcx)|bit(rdi), rdi, everything
	case 0xac, 0xad:
		i.clobbers = bit(rsi) | bit(rax) | bit(rcx)
	case 0xc2:
		i.op = opReturn
		x.signed(2)
	case 0xc3:
		i.op = opReturn
	case 0xc9:
		i.clobbers = bit(rsp) | bit(rbp)
	case 0xe0, 0xe1, 0xe2, 0xe3:
		i.op, i.imm, i.clobbers = opBranch, x.signed(1), bit(rcx)
	case 0xe8:
		i.op, i.imm = opCall, x.signed(4)
	case 0xe9:
		i.op, i.imm = opJump, x.signed(4)
	case 0xeb:
		i.op, i.imm = opJump, x.signed(1)
	default: // what compilers do not write, input and output among it
		x.bad = true
	}
}

func (x *x86Reader) plainOthers(i *instruction, op byte) {
	switch op {
	case 0x9c: // pushf and popf move the stack pointer
		i.op, i.imm = opStack, -8
	case 0x9d:
		i.op, i.imm = opStack, 8
	case 0xf4, 0xcc:
		i.op = opTrap
	case 0x9f, 0x9e:
		i.clobbers = bit(rax)
	}
}

// moveConst is mov of an immediate into a register.
func (x *x86Reader) moveConst(i *instruction, op byte) {
	r := register(op&7 | x.rex&1<<3)
	switch {
	case op < 0xb8:
		imm := x.signed(1) & 0xff
		if i.clobbers = bit(x.small(r)); x.small(r) == r {
			i.op, i.dst, i.src, i.imm, i.clobbers = opLowByte, r, r, imm, 0
		}
	case x.rex&8 != 0:
		i.op, i.dst, i.imm = opConst, r, x.signed(8)
	case x.operand16:
		x.signed(2)
		i.clobbers = bit(r)
	default:
		i.op, i.dst, i.imm = opConst, r, int64(uint32(x.signed(4)))
	}
}

// arithmetic are the eight operations of opcodes below 0x40.
func (x *x86Reader) arithmetic(i *instruction, op byte) {
	kind, form := op>>3, op&7
	const or, sbb, sub, xor, cmp = 1, 3, 5, 6, 7
	switch form {
	case 6, 7:
		x.bad = true
		return
	case 4, 5: // the accumulator and an immediate
		n := 1
		if form == 5 {
			n = x.wide()
		}
		x.immediate(i, kind, rax, x.signed(n), form == 5 && !x.operand16)
		return
	}
	x.operands()
	if kind == cmp {
		return
	}
	dst, src := x.rm, x.reg
	x.stores = form < 2
	if form >= 2 {
		dst, src = x.reg, x.rm
	}
	if (kind == xor || kind == sub) && dst == src && form&1 == 1 && !x.operand16 {
		i.op, i.dst, i.imm = opConst, dst, 0
		return
	}
	if form&1 == 0 {
		i.clobbers = bit(x.small(dst))
		return
	}
	if kind == sbb && dst == src && dst != none && !x.operand16 {
		i.op, i.dst = opMask, dst
		return
	}
	i.clobbers = bit(dst)
	if kind == or && form == 3 && src == none && x.base != none && !x.indexed && !x.segment && !x.operand16 {
		i.op, i.dst, i.src, i.base, i.imm = opOrMemory, dst, dst, x.base, x.disp
	}
}

// immediate is an operation with an immediate on a register.
func (x *x86Reader) immediate(i *instruction, kind byte, r register, imm int64, whole bool) {
	if kind == 7 || r == none {
		return
	}
	i.clobbers = bit(r)
	if !whole {
		return
	}
	if r == rsp && (kind == 0 || kind == 5) {
		if kind == 5 {
			imm = -imm
		}
		i.op, i.imm, i.clobbers = opStack, imm, 0
		return
	}
	i.dst, i.src = r, r
	switch kind {
	case 0:
		i.op, i.imm = opOffset, imm
	case 5:
		i.op, i.imm = opOffset, -imm
	case 1:
		i.op, i.imm = opOr, imm
		if imm == -1 {
			i.op, i.imm = opConst, -1
		}
	case 4:
		i.op, i.imm = opAnd, imm
		if imm == 0 {
			i.op = opConst
		}
	default:
		i.dst, i.src = none, none
	}
}

// group1 are the eight operations with an immediate.
func (x *x86Reader) group1(i *instruction, op byte) {
	x.operands()
	n := 1
	if op == 0x81 {
		n = x.wide()
	}
	imm := x.signed(n)
	kind := x.modrm >> 3 & 7
	x.stores = kind != 7
	if x.rm == none {
		return
	}
	if op&1 == 0 {
		if kind != 7 {
			i.clobbers = bit(x.small(x.rm))
		}
		return
	}
	x.immediate(i, kind, x.rm, imm, !x.operand16)
}

// group3 are test, not, neg, mul, div.
func (x *x86Reader) group3(i *instruction, op byte) {
	x.operands()
	switch kind := x.modrm >> 3 & 7; {
	case kind < 2:
		if op == 0xf6 {
			x.signed(1)
		} else {
			x.signed(x.wide())
		}
	case kind < 4:
		i.clobbers = bit(x.byteOr(x.rm, op))
		x.stores = true
	default:
		i.clobbers = bit(rax) | bit(rdx)
	}
}

// group5 are inc, dec, call, jmp, push.
func (x *x86Reader) group5(i *instruction, op byte) {
	x.operands()
	kind := x.modrm >> 3 & 7
	if kind < 2 {
		i.clobbers = bit(x.byteOr(x.rm, op))
		x.stores = true
		return
	}
	if op == 0xfe {
		x.bad = true
		return
	}
	fixed := x.rm == none && x.base == none && !x.indexed && !x.segment
	switch kind {
	case 2, 3:
		i.op = opCallAny
		if fixed {
			i.op, i.imm = opCallSlot, x.disp
		} else {
			i.base, i.src, i.imm = x.base, x.rm, x.disp
		}
	case 4, 5:
		i.op = opJumpAny
		i.imm, i.src = x.disp, x.rm
		if fixed {
			i.op = opJumpSlot
		}
	case 6:
		i.op, i.src = opPush, x.rm
		switch {
		case x.rm != none:
		case x.base != none && x.fits():
			i.src, i.base, i.imm = fromMemory, x.base, x.disp
		default:
			i.src = unknownRegister
		}
	default:
		x.bad = true
	}
}

// unknownRegister is the source of what cannot be followed, fromMemory that of a push of what is at base
// + imm.
const unknownRegister, fromMemory register = 0xfe, 0xfc

// moves are mov, lea, xchg, test, pop and movsxd.
func (x *x86Reader) moves(i *instruction, op byte) {
	x.operands()
	x.stores = op == 0x86 || op == 0x87 || !x.fits() && (op == 0x88 || op == 0x89 || op == 0xc6 || op == 0xc7)
	switch op {
	case 0x84:
	case 0x85:
		if x.rm == x.reg && x.rex&8 != 0 {
			i.op, i.src = opTest, x.reg
		}
	case 0x86:
		i.clobbers = bit(x.small(x.reg)) | bit(x.small(x.rm))
	case 0x87:
		i.clobbers = bit(x.reg) | bit(x.rm)
	case 0x88: // a byte
		if x.rm != none {
			i.clobbers = bit(x.small(x.rm))
		} else if x.fits() {
			x.store(i, unknownRegister)
		}
	case 0x89:
		x.move(i, x.rm, x.reg)
	case 0x8a:
		i.clobbers = bit(x.small(x.reg))
	case 0x8b, 0x63:
		switch {
		case x.operand16:
			i.clobbers = bit(x.reg)
		case x.rm != none:
			i.op, i.dst, i.src = opMove, x.reg, x.rm
			if x.reg == rsp {
				i.op, i.dst = opStackFrom, none
			}
		case x.fits():
			x.load(i, x.reg)
		default:
			i.clobbers = bit(x.reg)
		}
	case 0x8c:
		i.clobbers = bit(x.rm)
	case 0x8d:
		x.lea(i)
	case 0x8f:
		i.op, i.dst = opPop, x.rm
	case 0xc6:
		x.signed(1)
		i.clobbers = bit(x.small(x.rm))
		if x.rm == none && x.fits() {
			x.store(i, unknownRegister)
		}
	case 0xc7:
		x.storeConst(i)
	}
}

func (x *x86Reader) storeConst(i *instruction) {
	imm := x.signed(x.wide())
	switch {
	case x.operand16:
		i.clobbers = bit(x.rm)
		if x.rm == none && x.fits() {
			x.store(i, unknownRegister)
		}
	case x.rm != none:
		i.op, i.dst, i.imm = opConst, x.rm, imm
	case x.fits():
		i.op, i.base, i.imm, i.value = opStoreConst, x.base, x.disp, imm
	}
}

func (x *x86Reader) move(i *instruction, to, from register) {
	switch {
	case x.operand16 && to != none:
		i.clobbers = bit(to)
	case to == rsp:
		i.op, i.src = opStackFrom, from
	case to != none:
		i.op, i.dst, i.src = opMove, to, from
	case x.fits() && x.operand16:
		x.store(i, unknownRegister)
	case x.fits():
		x.store(i, from)
	}
}

func (x *x86Reader) lea(i *instruction) {
	switch {
	case !x.fits() || x.rm != none:
		i.clobbers = bit(x.reg)
	case x.base == none:
		i.op, i.dst, i.imm = opAddress, x.reg, x.disp
	case x.reg == rsp && x.base == rsp:
		i.op, i.imm = opStack, x.disp
	case x.reg == rsp:
		i.op, i.src, i.imm = opStackFrom, x.base, x.disp
	default:
		i.op, i.dst, i.src, i.imm = opOffset, x.reg, x.base, x.disp
	}
}
