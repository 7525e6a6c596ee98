package reach

import "encoding/binary"

// operand is what an instruction has in memory.
type operand struct {
	base, index register
	scale       uint64
	offset      int64
	// loads: it does no more than to load a whole register from there.
	loads bool
}

func operandX86(code []byte, address uint64) operand {
	var x x86Reader
	x.read(code, address, &instruction{})
	plain := !x.bad && x.table == oneByte && x.memory && !x.segment && !x.address32
	return operand{base: x.base, index: x.index, scale: 1 << (x.sib >> 6), offset: x.disp,
		loads: plain && x.op == 0x8b && x.rex&8 != 0}
}

// limitX86 is the most that a register can hold, unsigned, after it was compared and a branch for
// more not taken.
func limitX86(compare, branch []byte) (r register, most uint64) {
	above := len(branch) > 1 && (branch[0] == 0x77 || branch[0] == 0x0f && branch[1] == 0x87)
	var x x86Reader
	x.read(compare, 0, &instruction{})
	if !above || x.bad || x.table != oneByte || x.operand16 {
		return none, 0
	}
	const comparesRegister = 0xc0 | 7<<3
	var with int64
	switch r = none; {
	case x.op == 0x3d:
		r, with = rax, int64(int32(binary.LittleEndian.Uint32(x.code[x.at-4:])))
	case x.op == 0x81 && x.modrm&^7 == comparesRegister:
		r, with = x.rm, int64(int32(binary.LittleEndian.Uint32(x.code[x.at-4:])))
	case x.op == 0x83 && x.modrm&^7 == comparesRegister:
		r, with = x.rm, int64(int8(x.code[x.at-1]))
	}
	if with < 0 {
		return none, 0
	}
	return r, uint64(with)
}

// compareX86 are the registers that are compared as a whole.
func compareX86(code []byte) (one, other register) {
	var x x86Reader
	x.read(code, 0, &instruction{})
	if x.bad || x.table != oneByte || x.op != 0x39 && x.op != 0x3b || x.rex&8 == 0 {
		return none, none
	}
	return x.reg, x.rm
}
