package reach

const allGeneral = 1<<16 - 1

// readsX86 are the registers of which an instruction may leave the value, or a part, in another
// place. What is compared, or an address of memory, stays where it was.
func readsX86(code []byte, address uint64) uint32 {
	var x x86Reader
	var i instruction
	x.read(code, address, &i)
	if x.bad || i.op == opSystemCall || x.table == vector {
		return allGeneral
	}
	var reads uint32
	if i.src < 16 && i.op != opTest {
		reads = bit(i.src)
	}
	switch x.table {
	case oneByte:
		return reads | x.reads()&allGeneral
	case twoByte:
		return reads | x.readsEscaped()&allGeneral
	}
	return reads | (bit(x.rm)|bit(x.reg))&allGeneral
}

// reads are those of the opcodes of one byte.
func (x *x86Reader) reads() uint32 {
	op := x.op
	switch {
	case op >= 0x38 && op < 0x40, op == 0x84, op == 0x85, op >= 0x50 && op < 0x70, op >= 0xb0 && op < 0xc0:
		return 0
	case op >= 0x80 && op < 0x84:
		if x.modrm>>3&7 == 7 {
			return 0
		}
		return bit(x.rm)
	case op == 0x88, op == 0x89:
		return bit(x.reg)
	case op == 0x8b, op == 0x8a, op == 0x63, op == 0xc0, op == 0xc1, op >= 0xd0 && op < 0xd4, op == 0xf6,
		op == 0xf7, op == 0xfe, op == 0xff, op == 0x69, op == 0x6b:
		return bit(x.rm)
	case op == 0xc6, op == 0xc7, op == 0x8f:
		return 0
	case op == 0x8d:
		return bit(x.base) | bit(x.index)
	case op > 0x90 && op < 0x98:
		return bit(rax) | bit(register(op&7|x.rex&1<<3))
	case op == 0xaa, op == 0xab, op == 0xa2, op == 0xa3:
		return bit(rax)
	}
	return bit(x.rm) | bit(x.reg)
}

// readsEscaped are those of the opcodes that begin with 0x0f.
func (x *x86Reader) readsEscaped() uint32 {
	op := x.op
	switch {
	case op == 0x2a, op == 0x6e, op == 0xc4, op >= 0xb6 && op < 0xb8, op >= 0xbe && op < 0xc0, op == 0xaf:
		return bit(x.rm)
	case op >= 0x10 && op < 0x18, op >= 0x28 && op < 0x30, op >= 0x51 && op < 0x80, op == 0xc2, op == 0xc5,
		op == 0xc6, op >= 0xd0: // vectors
		return 0
	case op >= 0x18 && op < 0x20, op == 0x0d, op >= 0x80 && op < 0xa0, op == 0xa2, op == 0x0b, op == 0x05:
		return 0
	case op == 0xc7:
		return bit(rbx) | bit(rcx) | bit(x.rm)
	}
	return bit(x.rm) | bit(x.reg)
}
