package reach

// memory are loads and stores.
func (w word) memory(i *instruction) {
	switch {
	case w.is(0x3b000000, 0x18000000): // of what lies near the instruction
		w.literal(i)
	case w.is(0x3a000000, 0x28000000):
		w.pair(i)
	case w.is(0x3b000000, 0x39000000): // an offset that has no sign
		w.single(i, int64(w.field(10, 12))<<w.scale())
	case w.is(0x3b200000, 0x38000000):
		w.indexed(i)
	case w.is(0x3b200c00, 0x38200800): // a register for an offset
		if w.stores() {
			i.base, i.writesMemory = w.base(5), everything
		} else {
			i.clobber(w.register(0))
		}
	default: // exclusive, atomic, and vectors of many
		i.clobber(w.register(0))
		i.clobber(w.register(10))
		i.clobber(w.register(16))
		i.base, i.writesMemory = w.base(5), 64
	}
}

func (w word) isVector() bool { return w.field(26, 1) != 0 }

// scale is the binary logarithm of an operand's size.
func (w word) scale() uint32 {
	if w.isVector() && w.field(23, 1) != 0 {
		return 4
	}
	return w.field(30, 2)
}

func (w word) stores() bool {
	if w.isVector() {
		return w.field(22, 1) == 0
	}
	return w.field(22, 2) == 0
}

func (w word) literal(i *instruction) {
	if w.isVector() || w.field(30, 2) == 3 {
		return
	}
	i.op, i.dst, i.imm = opLoad, w.register(0), int64(i.address)+w.signed(5, 19)*4
}

// single is a load or a store of one register.
func (w word) single(i *instruction, offset int64) {
	size := uint8(1) << w.scale()
	if w.is(0xffc00000, 0xf9800000) || w.is(0xffe00c00, 0xf8800000) { // prefetch
		return
	}
	i.base, i.imm = w.base(5), offset
	switch {
	case w.stores() && w.isVector():
		i.writesMemory = size
	case w.stores():
		i.op, i.src, i.writesMemory = opStore, w.register(0), size
		if size < 4 {
			i.src = unknownRegister
		}
	case w.isVector():
		i.base = none
	case size >= 4 || size == 2 && w.field(22, 2) == 1:
		i.op, i.dst, i.narrow = opLoad, w.register(0), size == 2
	default:
		i.base = none
		i.clobber(w.register(0))
	}
	if i.dst == zeroRegister {
		i.op, i.dst = opOther, none
	}
}

// indexed has an offset with a sign; the base may move.
func (w word) indexed(i *instruction) {
	offset := w.signed(12, 9)
	mode := w.field(10, 2)
	if mode == 0 || mode == 2 {
		w.single(i, offset)
		return
	}
	w.moved(i, offset, !w.stores(), none)
}

// moved is a load or a store that moves its base: on the stack it saves and
// restores.
func (w word) moved(i *instruction, offset int64, loads bool, second register) {
	if loads && !w.isVector() {
		i.clobber(w.register(0))
		i.clobber(second)
	}
	if base := w.base(5); base == sp {
		i.op, i.imm = opStack, offset
	} else {
		i.clobber(base)
	}
	if !loads { // who knows where; what is below the stack's old end is new
		i.writesMemory = 16
	}
}

// pair is a load or a store of two registers.
func (w word) pair(i *instruction) {
	scale := 2 + w.field(31, 1)
	if w.isVector() {
		scale = 2 + w.field(30, 2)
	}
	offset := w.signed(15, 7) << scale
	loads := w.field(22, 1) != 0
	first, second := w.register(0), w.register(10)
	if mode := w.field(23, 2); mode == 1 || mode == 3 {
		w.moved(i, offset, loads, second)
		return
	}
	size := uint8(1) << scale
	switch {
	case loads && !w.isVector():
		i.op, i.dst, i.second, i.base, i.imm, i.writesMemory = opLoad, first, second, w.base(5), offset, size
	case loads:
	case w.isVector():
		i.base, i.imm, i.writesMemory = w.base(5), offset, 2*size
	default:
		i.op, i.src, i.second, i.base, i.imm = opStore, first, second, w.base(5), offset
		i.writesMemory = size
	}
}
