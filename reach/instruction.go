package reach

// register is a general register; the numbers are the architecture's own.
type register uint8

// none stands for no register, and where a base is meant for an absolute address.
const none register = 0xff

// zeroRegister is arm64's.
const zeroRegister register = 0xfb

// operation is what an instruction does, as far as it matters here.
type operation uint8

const (
	opOther      operation = iota // registers in clobbers get unknown values
	opConst                       // dst = imm
	opAddress                     // dst = the address imm
	opMask                        // dst = 0 or -1
	opFlag                        // dst = 0 or 1
	opMove                        // dst = src
	opMaybeMove                   // dst = src, or stays
	opEither                      // dst = src, or base
	opOffset                      // dst = src + imm
	opOr                          // dst = src | imm
	opOrMemory                    // dst = src | memory at base + imm
	opAnd                         // dst = src & imm
	opLowByte                     // dst = src, with imm for the lowest byte
	opInto                        // the vector dst = the lowest imm bytes of src, then zero
	opInterleave                  // the vector dst = imm bytes of src, imm of second, the next of src, ...
	opLoad                        // dst = memory at base + imm, two bytes of it if narrow
	opStore                       // memory at base + imm = src
	opStoreConst                  // memory at base + imm = value
	opPush                        // push src, or value if src is none, or memory
	opPop                         // pop into dst
	opStack                       // the stack pointer += imm
	opStackFrom                   // the stack pointer = src + imm
	opCall                        // to the address imm
	opCallSlot                    // to what memory at imm holds
	opCallAny                     // to what a register or other memory holds
	opJump                        // likewise
	opJumpSlot
	opJumpAny
	opBranch // to imm, or on: see ifZeroGoes
	opTest   // src decides the next branch
	opReturn
	opTrap
	opSystemCall
	opBad // what is no instruction
)

// instruction is one of either architecture.
type instruction struct {
	address uint64
	imm     int64
	// value of a store; of an opOther, or a push of memory, the known address that it reads at; of a branch,
	// where it leads after opTest.
	value    int64
	clobbers uint32
	size     uint8
	op       operation
	// writesMemory is how many bytes of memory from base + imm on a store changes, or
	// an opOther may; everything for an index.
	writesMemory uint8
	dst, src     register
	base         register
	narrow       bool
	// second is the other register of a load or store of two, each of the size of
	// writesMemory; of opInterleave, the other vector.
	second register
}

// instructionAt is one that does nothing yet.
func instructionAt(address uint64) instruction {
	return instruction{address: address, dst: none, src: none, base: none, second: none}
}

func (i *instruction) next() uint64   { return i.address + uint64(i.size) }
func (i *instruction) target() uint64 { return uint64(i.imm) }

// ends tells whether what follows is reached from elsewhere only.
func (i *instruction) ends() bool {
	switch i.op {
	case opJump, opJumpSlot, opJumpAny, opReturn, opTrap, opBad:
		return true
	}
	return false
}

// leaves tells that it goes to another place, directly.
func (i *instruction) leaves() bool { return i.op == opCall || i.op == opJump || i.op == opBranch }

func (i *instruction) calls() bool {
	return i.op == opCall || i.op == opCallSlot || i.op == opCallAny
}

func bit(r register) uint32 {
	if r > 31 {
		return 0
	}
	return 1 << r
}

const everything = 255

// Where a branch leads if what was tested is zero.
const (
	ifZeroGoes = iota + 1
	ifZeroStays
)

// overlaps tells whether what is written at one offset changes the four bytes at another.
func (i *instruction) overlaps(written, wanted int64) bool {
	return written < wanted+4 && (i.writesMemory == everything || written+int64(i.writesMemory) > wanted) &&
		i.writesMemory > 0
}

// writes tells whether the instruction changes a register. Of calls it says
// nothing: see convention.
func (i *instruction) writes(r register) bool {
	switch i.op {
	case opConst, opAddress, opMask, opFlag,
		opMove, opMaybeMove, opEither, opOffset, opOr, opOrMemory, opAnd, opLowByte, opInto, opInterleave,
		opLoad, opPop:
		return i.dst == r || i.op == opLoad && i.second == r || i.clobbers&bit(r) != 0
	}
	return i.clobbers&bit(r) != 0
}

// convention is what an architecture and its calls have in common.
type convention struct {
	decode func(code []byte, address uint64) instruction
	// reads are the registers of which an instruction may pass the value on; nil: not known.
	reads func(code []byte, address uint64) uint32
	// operand, limit and compare tell which words of a table are read; nil: not known.
	operand func(code []byte, address uint64) operand
	limit   func(compare, branch []byte) (r register, most uint64)
	compare func(code []byte) (one, other register)
	// number is the register of a system call's number, arguments are those of
	// its arguments, result is where it returns.
	number    register
	arguments [6]register
	result    register
	// lost are the registers that a system call changes, and a call.
	lostInSystemCall, lostInCall uint32
	stack, frame                 register
	// names are those of the system calls.
	names map[int]string
	// pushed is how far a call moves the stack pointer.
	pushed int32
	// twoSteps: addresses are computed in two.
	twoSteps bool
	// vectors: registers from xmm0 on hold more than one value.
	vectors bool
	// alignment of instructions: where decoding goes on after what is none.
	alignment uint64
}
