package reach

import (
	"debug/elf"
	"encoding/binary"
	"slices"

	"github.com/cap-audit/cap-audit/unwind"
)

// relocation kinds that matter, of both machines.
type relocationKind int

const (
	relocOther    relocationKind = iota
	relocSymbol                  // the address of a symbol
	relocRelative                // an address in the object
	relocResolver                // what the function at an address returns
	relocCopy                    // the data of a symbol
)

var relocationKinds = map[elf.Machine]map[uint32]relocationKind{
	elf.EM_X86_64: {
		uint32(elf.R_X86_64_64):        relocSymbol,
		uint32(elf.R_X86_64_GLOB_DAT):  relocSymbol,
		uint32(elf.R_X86_64_JMP_SLOT):  relocSymbol,
		uint32(elf.R_X86_64_RELATIVE):  relocRelative,
		uint32(elf.R_X86_64_IRELATIVE): relocResolver,
		uint32(elf.R_X86_64_COPY):      relocCopy,
	},
	elf.EM_AARCH64: {
		uint32(elf.R_AARCH64_ABS64):     relocSymbol,
		uint32(elf.R_AARCH64_GLOB_DAT):  relocSymbol,
		uint32(elf.R_AARCH64_JUMP_SLOT): relocSymbol,
		uint32(elf.R_AARCH64_RELATIVE):  relocRelative,
		uint32(elf.R_AARCH64_IRELATIVE): relocResolver,
		uint32(elf.R_AARCH64_COPY):      relocCopy,
	},
}

func (o *object) readRelocations(tags map[elf.DynTag]uint64, symbols []symbol) {
	tables := [][2]uint64{{tags[elf.DT_RELA], tags[elf.DT_RELASZ]},
		{tags[elf.DT_JMPREL], tags[elf.DT_PLTRELSZ]}}
	for _, table := range tables {
		o.readTable(table[0], table[1], symbols)
	}
	const relrTag, relrSizeTag = elf.DynTag(36), elf.DynTag(35)
	o.readPacked(tags[relrTag], tags[relrSizeTag])
}

// readStatic finds the resolvers of a program without a dynamic linker, which calls
// them by itself.
func (o *object) readStatic(f *unwind.File) {
	for _, s := range f.Sections {
		if elf.SectionType(s.Type) == elf.SHT_RELA && elf.SectionFlag(s.Flags)&elf.SHF_ALLOC != 0 {
			o.readTable(s.Addr, s.Size, nil)
		}
	}
}

func (o *object) readTable(at, size uint64, symbols []symbol) {
	kinds := relocationKinds[o.machine]
	b := o.bytesAt(at)
	b = b[:min(uint64(len(b)), size, maxRelocs*24)]
	for ; len(b) >= 24; b = b[24:] {
		place, info := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		addend := int64(binary.LittleEndian.Uint64(b[16:]))
		switch kinds[uint32(info)] {
		case relocRelative:
			o.point(place, uint64(addend))
		case relocResolver:
			o.initial = append(o.initial, uint64(addend))
		case relocCopy:
			if n := info >> 32; n < uint64(len(symbols)) && symbols[n].name != "" {
				o.copied = append(o.copied, symbols[n].name)
			}
		case relocSymbol:
			if n := info >> 32; n < uint64(len(symbols)) && symbols[n].name != "" {
				o.slots[place] = slot{name: symbols[n].name, data: isWord(uint32(info))}
			} else if n < uint64(len(symbols)) {
				o.point(place, symbols[n].address+uint64(addend))
			}
		}
	}
}

// readPacked reads DT_RELR: an address, then bitmaps of the words after it. What
// stands there is the address that is relocated.
func (o *object) readPacked(at, size uint64) {
	b := o.bytesAt(at)
	b = b[:min(uint64(len(b)), size, maxRelocs)]
	where := uint64(0)
	add := func(place uint64) {
		if value, ok := o.word(place); ok && len(o.pointers) < maxRelocs {
			o.point(place, value)
		}
	}
	for ; len(b) >= 8; b = b[8:] {
		entry := binary.LittleEndian.Uint64(b)
		if entry&1 == 0 {
			add(entry)
			where = entry + 8
			continue
		}
		for n := range uint64(63) {
			if entry>>(n+1)&1 != 0 {
				add(where + n*8)
			}
		}
		where += 63 * 8
	}
}

// point notes a word with an address in the object. In the global offset table it is a slot: code
// reads each of its words by itself.
func (o *object) point(at, value uint64) {
	if o.inOffsets(at) {
		o.slots[at] = slot{address: value}
		return
	}
	o.pointers = append(o.pointers, pointer{at: at, slot: slot{address: value}})
}

func (o *object) inOffsets(address uint64) bool {
	return address-o.offsets.Addr < o.offsets.Size
}

// isOffsets tells whether an address is what code reads the table from that does not by the addresses of its
// words: where it, or the part for the procedure linkage table, begins.
func (o *object) isOffsets(address uint64) bool { return slices.Contains(o.bases, address) }

func (o *object) findOffsets(f *unwind.File) {
	if got, ok := f.Section(".got"); ok {
		o.offsets, o.bases, o.global = got, []uint64{got.Addr}, got.Addr
	}
	if plt, ok := f.Section(".got.plt"); ok {
		o.bases, o.global = append(o.bases, plt.Addr), plt.Addr
	}
}

// isWord tells relocations of data from those of the global offset table.
func isWord(kind uint32) bool {
	return kind == uint32(elf.R_X86_64_64) || kind == uint32(elf.R_AARCH64_ABS64)
}
