package tracer

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// function is a program or a subprogram of a BPF object.
type function struct {
	name, section string
	code          []instruction
}

func (fn *function) isProgram() bool { return fn.section != ".text" }

// instruction is one of 8 bytes. The second half of a 16-byte one is another, and does nothing.
type instruction struct {
	op        byte
	dst, src  byte
	offset    int
	immediate int32
	address   value // what it loads the address of
	// callee is nil where it calls something of the kernel's. It is a function that it
	// loads the address of, too.
	callee *function
	kfunc  string // "" where that is a helper
}

// bpfObject is where a BPF object's symbols are.
type bpfObject struct {
	*elf.File
	symbols   []elf.Symbol
	functions []*function
	starts    map[symbolAt]*function
}

type symbolAt struct {
	section elf.SectionIndex
	offset  uint64
}

// functionsOf disassembles a BPF object.
func functionsOf(raw []byte) ([]*function, error) {
	file, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	o := &bpfObject{File: file, starts: map[symbolAt]*function{}}
	if o.symbols, err = file.Symbols(); err != nil {
		return nil, err
	}
	for _, symbol := range o.symbols {
		if elf.ST_TYPE(symbol.Info) != elf.STT_FUNC {
			continue
		}
		section := file.Sections[symbol.Section]
		code, err := section.Data()
		if err != nil {
			return nil, err
		}
		fn := &function{name: symbol.Name, section: section.Name,
			code: decodeInstructions(code[symbol.Value:][:symbol.Size])}
		o.functions = append(o.functions, fn)
		o.starts[symbolAt{symbol.Section, symbol.Value}] = fn
	}
	for _, symbol := range o.symbols {
		fn := o.starts[symbolAt{symbol.Section, symbol.Value}]
		if elf.ST_TYPE(symbol.Info) != elf.STT_FUNC {
			continue
		}
		if err := o.link(fn, symbolAt{symbol.Section, symbol.Value}); err != nil {
			return nil, fmt.Errorf("%s: %w", fn.name, err)
		}
	}
	return o.functions, nil
}

func decodeInstructions(raw []byte) []instruction {
	var code []instruction
	for ; len(raw) >= 8; raw = raw[8:] {
		code = append(code, instruction{
			op: raw[0], dst: raw[1] & 0xf, src: raw[1] >> 4,
			offset:    int(int16(binary.LittleEndian.Uint16(raw[2:]))),
			immediate: int32(binary.LittleEndian.Uint32(raw[4:])),
		})
	}
	return code
}

// pseudoCall in the source of a call says that it is of a subprogram.
const pseudoCall = 1

// link finds out what the function's instructions call and load the address of.
func (o *bpfObject) link(fn *function, start symbolAt) error {
	relocations, err := o.relocations(start.section)
	if err != nil {
		return err
	}
	for i := range fn.code {
		in := &fn.code[i]
		at := start.offset + uint64(i)*8
		symbol, relocated := relocations[at]
		switch {
		case in.op == classJMP|codeCall && relocated && symbol.Section == elf.SHN_UNDEF:
			in.kfunc = symbol.Name
		case in.op == classJMP|codeCall && in.src == pseudoCall:
			to := symbolAt{start.section, at}
			if relocated {
				to = symbolAt{symbol.Section, symbol.Value}
			}
			to.offset += uint64(int64(in.immediate)+1) * 8
			if in.callee = o.starts[to]; in.callee == nil {
				return fmt.Errorf("no function at %s+%#x, which it calls", o.Sections[to.section].Name,
					to.offset)
			}
		case relocated:
			in.callee = o.starts[symbolAt{symbol.Section, symbol.Value + uint64(in.immediate)}]
			if in.address, err = o.address(symbol, uint64(in.immediate)); err != nil {
				return err
			}
		}
	}
	return nil
}

// relocations are the symbols that a section's instructions name, by offset.
func (o *bpfObject) relocations(section elf.SectionIndex) (map[uint64]elf.Symbol, error) {
	symbols := map[uint64]elf.Symbol{}
	for _, table := range o.Sections {
		if table.Type != elf.SHT_REL || table.Info != uint32(section) {
			continue
		}
		raw, err := table.Data()
		if err != nil {
			return nil, err
		}
		for ; len(raw) >= 16; raw = raw[16:] { // Elf64_Rel
			number := binary.LittleEndian.Uint64(raw[8:]) >> 32
			symbols[binary.LittleEndian.Uint64(raw)] = o.symbols[number-1] // which leaves the first out
		}
	}
	return symbols, nil
}

// address is what lies there: a map, a place in a variable, or text of no interest.
func (o *bpfObject) address(symbol elf.Symbol, addend uint64) (value, error) {
	section := o.Sections[symbol.Section].Name
	switch {
	case symbol.Section == elf.SHN_UNDEF: // whether the kernel has a function
		return numbered(unknown), nil
	case section == ".text": // a function, for bpf_loop(), bpf_find_vma() or task work
		return numbered(unknown), nil
	case section == ".maps":
		return value{place{kind: mapItself, name: symbol.Name}: true}, nil
	case strings.HasPrefix(section, ".rodata.str"):
		return numbered(unknown), nil
	}
	at := symbol.Value + addend
	for _, s := range o.symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_OBJECT && s.Section == symbol.Section && s.Value <= at &&
			at < s.Value+s.Size {
			kind := variable
			if elf.ST_BIND(s.Info) == elf.STB_LOCAL {
				kind = constant
			}
			return value{place{kind, s.Name, int(at - s.Value)}: true}, nil
		}
	}
	return nil, fmt.Errorf("no variable at %s+%#x, whose address it loads", section, at)
}
