package reach

// twoBytes decodes the instructions that begin with 0x0f.
func (x *x86Reader) twoBytes(i *instruction) {
	op := x.byte()
	x.op, x.table = op, twoByte
	switch {
	case op == 0x05:
		i.op = opSystemCall
	case op == 0x34: // sysenter: from 32-bit code alone
		i.clobbers = bit(rax)
	case op == 0x0b:
		i.op = opTrap
	case op == 0x38:
		x.threeBytes(i)
	case op == 0x3a:
		x.table = threeByte
		x.byte()
		x.operands()
		x.signed(1)
		i.clobbers = bit(x.rm) | bit(xmm0+x.reg) // pextr
		x.stores = true
	case op >= 0x80 && op < 0x90:
		i.op, i.imm, i.value = opBranch, x.signed(4), ifZero(op)
	case op >= 0xc8 && op < 0xd0:
		i.clobbers = bit(register(op&7 | x.rex&1<<3))
	case op == 0xa2:
		i.clobbers = bit(rax) | bit(rbx) | bit(rcx) | bit(rdx)
	case op >= 0x30 && op < 0x38:
		i.clobbers = bit(rax) | bit(rdx) | bit(rcx) | bit(rbx)
	case op == 0xa0 || op == 0xa8:
		i.op, i.src = opPush, unknownRegister
	case op == 0xa1 || op == 0xa9:
		i.op = opPop
	case op == 0x06 || op == 0x08 || op == 0x09 || op == 0x77 || op == 0xaa:
	case op == 0x07:
		i.op = opTrap
	case op == 0x04 || op == 0x0a || op == 0x0c || op == 0x0e || op == 0x24 || op == 0x26 || op == 0x27:
		x.bad = true
	default:
		x.operands()
		if immediateOf0f(op) {
			x.signed(1)
		}
		x.effect0f(i, op)
		x.stores = storesOf0f(op)
		x.vectors(i, op)
	}
}

// vectors follows what is put into memory eight or sixteen bytes at once: constants, and what compilers
// gather from several registers for fields of a structure that are next to each other.
func (x *x86Reader) vectors(i *instruction, op byte) {
	if i.op != opOther || op < 0x10 || op >= 0x18 && op < 0x28 || op >= 0x30 && op < 0x51 ||
		op >= 0x80 && op < 0xc2 || op == 0xc3 || op == 0xc7 || op == 0xd7 {
		return
	}
	r := xmm0 + x.reg
	simple := x.rm == none && x.fits()
	switch op {
	case 0x10, 0x28, 0x6f: // to a register
		i.clobbers |= bit(r)
		switch {
		case x.repeatNot, op == 0x10 && x.repeat: // a part of it
		case simple:
			x.load(i, r)
			i.clobbers = 0
		case x.rm != none && (op != 0x6f || x.operand16 || x.repeat):
			i.op, i.dst, i.src, i.clobbers = opMove, r, xmm0+x.rm, 0
		}
	case 0x11, 0x29, 0x7f, 0x13, 0x17, 0x2b, 0xe7, 0xd6: // to memory
		if simple && (op == 0x11 || op == 0x29 || op == 0x7f) && !x.repeatNot && (op != 0x11 || !x.repeat) {
			x.store(i, r)
			i.writesMemory = 16
		} else if simple && op == 0xd6 && x.operand16 {
			x.store(i, r)
			i.writesMemory = 8
		} else if x.rm != none {
			i.clobbers |= bit(xmm0 + x.rm)
		}
	case 0x62, 0x6c, 0x6e:
		i.clobbers |= bit(r)
		x.gather(i, op, r)
	case 0x57, 0xef: // xor
		i.clobbers |= bit(r)
		if x.rm == x.reg {
			i.op, i.dst, i.imm, i.clobbers = opConst, r, 0, 0
		}
	default:
		i.clobbers |= bit(r)
		if op >= 0x71 && op <= 0x73 && x.rm != none {
			i.clobbers |= bit(xmm0 + x.rm)
		}
	}
}

// gather is movd, movq, punpckldq and punpcklqdq of registers.
func (x *x86Reader) gather(i *instruction, op byte, r register) {
	if x.rm == none || !x.operand16 {
		return
	}
	i.dst, i.clobbers = r, 0
	if op == 0x6e {
		i.op, i.src, i.imm = opInto, x.rm, int64(x.width())
		return
	}
	i.op, i.src, i.second, i.imm = opInterleave, r, xmm0+x.rm, 4
	if op == 0x6c {
		i.imm = 8
	}
}

// storesOf0f tells whether an instruction can write to its operand in memory, with
// or without VEX.
func storesOf0f(op byte) bool {
	switch op {
	case 0x01, 0x11, 0x13, 0x17, 0x29, 0x2b, 0x7e, 0x7f, 0x91, 0xd6, 0xe7, 0xc3, 0xc7, 0xae, 0xb0, 0xb1, 0xc0,
		0xc1, 0xa4, 0xa5, 0xac, 0xad, 0xab, 0xb3, 0xbb, 0xba:
		return true
	}
	return op >= 0x90 && op < 0xa0
}

// immediateOf0f tells whether a byte follows the operands, with or without VEX.
func immediateOf0f(op byte) bool {
	switch op {
	case 0x0f, 0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6:
		return true
	}
	return false
}

// effect0f says which general registers change.
func (x *x86Reader) effect0f(i *instruction, op byte) {
	switch {
	case op >= 0x40 && op < 0x50:
		i.clobbers = bit(x.reg)
		if x.rm != none && !x.operand16 {
			i.op, i.dst, i.src, i.clobbers = opMaybeMove, x.reg, x.rm, 0
		}
	case op == 0x01: // xgetbv, rdtscp and others without operands
		i.clobbers = bit(rax) | bit(rcx) | bit(rdx) | bit(x.rm)
	case op >= 0x90 && op < 0xa0: // setcc
		i.clobbers = bit(x.small(x.rm))
		if x.rm != none && x.small(x.rm) == x.rm { // of registers that were zero before, as compilers have it
			i.op, i.dst, i.clobbers = opFlag, x.rm, 0
		}
	case op == 0xa3 || op == 0x0d || op >= 0x18 && op < 0x1e || op == 0x1f: // bt, prefetch, nop
	case op == 0x1e: // endbr64, rdssp
		if x.modrm < 0xf8 {
			i.clobbers = bit(x.rm)
		}
	case op == 0x2c || op == 0x2d || op == 0x50 || op == 0xd7 || op == 0xc5:
		i.clobbers = bit(x.reg)
	case op == 0x7e:
		i.clobbers = bit(x.rm)
	case op >= 0x10 && op < 0x18 || op >= 0x28 && op < 0x30 || op >= 0x51 && op < 0x80 ||
		op == 0xc2 || op == 0xc4 || op == 0xc6 || op >= 0xd0:
	case op == 0xb6 || op == 0xb7 || op == 0xbe || op == 0xbf || op == 0xaf || op == 0xb8 ||
		op == 0xbc || op == 0xbd || op == 0x02 || op == 0x03:
		i.clobbers = bit(x.reg)
		if op == 0xb6 && x.rm != none && x.small(x.rm) == x.rm && !x.operand16 {
			i.op, i.dst, i.src, i.imm, i.clobbers = opAnd, x.reg, x.rm, 0xff, 0
		}
		if op == 0xb7 && x.rm == none && x.fits() {
			x.load(i, x.reg)
			i.narrow, i.clobbers = true, 0
		}
	case op == 0xba || op == 0xae || op == 0x00: // the other field is a part of the opcode
		i.clobbers = bit(x.rm)
	case op == 0xb0 || op == 0xb1 || op == 0xc7:
		i.clobbers = bit(rax) | bit(rdx) | bit(x.rm)
	default:
		i.clobbers = bit(x.reg) | bit(x.rm)
	}
}

// threeBytes are those of 0x0f 0x38: movbe, crc32, adcx write general registers.
func (x *x86Reader) threeBytes(i *instruction) {
	op := x.byte()
	x.table = threeByte
	x.operands()
	i.clobbers = bit(xmm0 + x.reg)
	if op >= 0xf0 {
		i.clobbers = bit(x.reg) | bit(x.rm)
		x.stores = true
	}
}

// vex decodes what follows the prefixes of AVX and BMI.
func (x *x86Reader) vex(i *instruction, prefix byte) {
	first := x.byte()
	table, vvvv := byte(1), first
	x.rex = ^first >> 5 & 4
	if prefix == 0xc4 {
		table = first & 31
		x.rex = ^first >> 5 & 7
		vvvv = x.byte()
	}
	x.vector(i, table, register(^vvvv>>3&15))
}

// evex decodes what follows the prefix of AVX-512 and APX.
func (x *x86Reader) evex(i *instruction) {
	first := x.byte()
	second := x.byte()
	x.byte()
	x.rex = ^first >> 5 & 7
	x.vector(i, first&7, register(^second>>3&15))
}

func (x *x86Reader) vector(i *instruction, table byte, third register) {
	i.clobbers = 0xffff0000
	x.table = vector
	op := x.byte()
	switch table {
	case 1:
		if op == 0x77 {
			return
		}
		x.operands()
		if immediateOf0f(op) {
			x.signed(1)
		}
		x.stores = storesOf0f(op)
		switch op {
		case 0x2c, 0x2d, 0x50, 0xd7, 0xc5, 0x7e, 0x92, 0x93:
			i.clobbers |= bit(x.reg) | bit(x.rm)
		}
	case 2:
		x.operands()
		x.stores = true
		if op >= 0xf0 {
			i.clobbers |= bit(x.reg) | bit(x.rm) | bit(third)
		}
	case 3:
		x.operands()
		x.signed(1)
		x.stores = true
		i.clobbers |= bit(x.rm)
		if op == 0xf0 {
			i.clobbers |= bit(x.reg)
		}
	case 5, 6:
		x.operands()
		x.stores = true
		i.clobbers |= bit(x.reg) | bit(x.rm)
	default:
		x.bad = true
	}
}
