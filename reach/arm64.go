package reach

import (
	"encoding/binary"
	"math/bits"
)

// sp is register 31 where it is not the zero register, as decoding tells.
const sp register = 31

var arm64 = convention{
	decode:           decodeARM64,
	number:           8,
	arguments:        [6]register{0, 1, 2, 3, 4, 5},
	result:           0,
	lostInSystemCall: bit(0),
	lostInCall:       1<<19 - 1 | bit(30),
	stack:            sp,
	frame:            29,
	twoSteps:         true,
	alignment:        4,
}

// word is an instruction of arm64.
type word uint32

func (w word) field(low, size uint) uint32 { return uint32(w) >> low & (1<<size - 1) }

// signed is a field, sign extended.
func (w word) signed(low, size uint) int64 {
	return int64(uint64(w.field(low, size))<<(64-size)) >> (64 - size)
}

// register is the number in a field; the zero register for 31.
func (w word) register(low uint) register {
	if r := register(w.field(low, 5)); r != 31 {
		return r
	}
	return zeroRegister
}

// base is likewise, the stack pointer for 31.
func (w word) base(low uint) register { return register(w.field(low, 5)) }

func (w word) is(mask, value uint32) bool { return uint32(w)&mask == value }

func decodeARM64(code []byte, address uint64) instruction {
	i := instructionAt(address)
	i.size = 4
	if len(code) < 4 {
		i.size, i.op = uint8(max(len(code), 1)), opBad
		return i
	}
	w := word(binary.LittleEndian.Uint32(code))
	switch w.field(25, 4) {
	case 0, 1, 2, 3:
		i.op = opBad
	case 0b1010, 0b1011:
		w.branch(&i)
	case 0b1000, 0b1001:
		w.immediate(&i)
	case 0b0100, 0b0110, 0b1100, 0b1110:
		w.memory(&i)
	case 0b0101, 0b1101:
		w.registers(&i)
	default: // vectors: those that write to a general register among them
		i.clobber(w.register(0))
	}
	return i
}

func (i *instruction) clobber(r register) {
	if r < 31 {
		i.clobbers |= bit(r)
	}
}

func (w word) branch(i *instruction) {
	to := func(low, size uint) int64 { return int64(i.address) + w.signed(low, size)*4 }
	switch {
	case w.is(0xfc000000, 0x14000000):
		i.op, i.imm = opJump, to(0, 26)
	case w.is(0xfc000000, 0x94000000):
		i.op, i.imm = opCall, to(0, 26)
	case w.is(0xff000000, 0x54000000), w.is(0x7e000000, 0x34000000):
		i.op, i.imm = opBranch, to(5, 19)
	case w.is(0x7e000000, 0x36000000):
		i.op, i.imm = opBranch, to(5, 14)
	case w.is(0xfe000000, 0xd6000000):
		switch i.src = w.base(5); w.field(21, 3) {
		case 0:
			i.op = opJumpAny
		case 1:
			i.op = opCallAny
		case 2:
			i.op = opReturn
		default:
			i.op = opBad
		}
	case w.is(0xffe0001f, 0xd4000001):
		i.op = opSystemCall
	case w.is(0xff000000, 0xd4000000):
		i.op = opTrap
	case w.is(0xffe00000, 0xd5200000): // mrs
		i.clobber(w.register(0))
	case w.is(0xff000000, 0xd5000000): // hints, barriers, msr
	default:
		i.op = opBad
	}
}

func (w word) immediate(i *instruction) {
	dst, src := w.base(0), w.base(5)
	switch {
	case w.is(0x9f000000, 0x90000000):
		page := int64(w.signed(5, 19)<<2|int64(w.field(29, 2))) << 12
		i.op, i.dst, i.imm = opAddress, w.register(0), int64(i.address&^0xfff)+page
	case w.is(0x9f000000, 0x10000000):
		i.op, i.dst = opAddress, w.register(0)
		i.imm = int64(i.address) + (w.signed(5, 19)<<2 | int64(w.field(29, 2)))
	case w.is(0x1f800000, 0x11000000):
		w.add(i, dst, src)
	case w.is(0x7f800000, 0x52800000):
		i.op, i.dst, i.imm = opConst, w.register(0), int64(w.field(5, 16))<<(w.field(21, 2)*16)
	case w.is(0x7f800000, 0x12800000):
		i.op, i.dst, i.imm = opConst, w.register(0), ^(int64(w.field(5, 16)) << (w.field(21, 2) * 16))
		if w.field(31, 1) == 0 {
			i.imm = int64(uint32(i.imm))
		}
	case w.is(0x7f800000, 0x72800000): // movk, onto zeros as compilers have it
		i.op, i.dst, i.src = opOr, w.register(0), w.register(0)
		i.imm = int64(w.field(5, 16)) << (w.field(21, 2) * 16)
	case w.is(0x1f800000, 0x12000000):
		w.logical(i)
	default:
		i.clobber(w.register(0))
	}
	if i.dst == zeroRegister {
		i.op, i.dst = opOther, none
	}
}

// add is add and sub of an immediate.
func (w word) add(i *instruction, dst, src register) {
	imm := int64(w.field(10, 12)) << (w.field(22, 1) * 12)
	if w.field(30, 1) != 0 {
		imm = -imm
	}
	switch {
	case w.field(29, 1) != 0: // sets flags: 31 is the zero register
		i.clobber(dst)
	case dst == sp && src == sp:
		i.op, i.imm = opStack, imm
	case dst == sp:
		i.op, i.src, i.imm = opStackFrom, src, imm
	case imm == 0:
		i.op, i.dst, i.src = opMove, dst, src
	default:
		i.op, i.dst, i.src, i.imm = opOffset, dst, src, imm
	}
}

// logical are and, orr, eor of an immediate.
func (w word) logical(i *instruction) {
	imm, ok := w.bitmask()
	dst, src := w.base(0), w.register(5)
	switch kind := w.field(29, 2); {
	case dst == sp && kind != 3:
		i.clobbers = bit(sp)
	case !ok || kind >= 2:
		i.clobber(dst)
	case kind == 1 && src == zeroRegister:
		i.op, i.dst, i.imm = opConst, dst, imm
	case kind == 1:
		i.op, i.dst, i.src, i.imm = opOr, dst, src, imm
	default:
		i.op, i.dst, i.src, i.imm = opAnd, dst, src, imm
	}
}

// bitmask is the immediate of logical operations: ones, rotated and repeated.
func (w word) bitmask() (int64, bool) {
	n, rotate, ones := w.field(22, 1), w.field(16, 6), w.field(10, 6)
	length := bits.Len32(n<<6|^ones&0x3f) - 1
	if length < 1 {
		return 0, false
	}
	size := uint(1) << length
	mask := uint32(size - 1)
	rotate, ones = rotate&mask, ones&mask
	if ones == mask {
		return 0, false
	}
	pattern := uint64(1)<<(ones+1) - 1
	element := pattern >> rotate
	if rotate != 0 {
		element |= pattern << (size - uint(rotate))
	}
	if size < 64 {
		element &= 1<<size - 1
	}
	for ; size < 64; size *= 2 {
		element |= element << size
	}
	if w.field(31, 1) == 0 {
		element &= 0xffffffff
	}
	return int64(element), true
}

func (w word) registers(i *instruction) {
	switch {
	case w.is(0x7fe0ffe0, 0x2a0003e0): // orr with the zero register
		i.op, i.dst, i.src = opMove, w.register(0), w.register(16)
	case w.is(0x7fe00c00, 0x1a800000): // csel
		i.op, i.dst, i.src, i.base = opEither, w.register(0), w.register(5), w.register(16)
	default:
		i.clobber(w.register(0))
	}
	if i.dst == zeroRegister {
		i.op, i.dst = opOther, none
	}
}
