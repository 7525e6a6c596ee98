package unwind

import (
	"debug/elf"
	"encoding/binary"
	"iter"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// Symbols are as they are in the file: there can be half a million, of which a few are
// asked for.
type Symbols struct{ Table, Names []byte }

// Symbol is one of them.
type Symbol struct {
	elf.Sym64
	names []byte
}

// String is its name.
func (s Symbol) String() string { return StringAt(s.names, uint64(s.Name)) }

// Kind is what it is the name of.
func (s Symbol) Kind() elf.SymType { return elf.ST_TYPE(s.Info) }

// IsFunction: it is a function's, or that of what chooses one when the file is loaded.
func (s Symbol) IsFunction() bool { return s.Kind() == elf.STT_FUNC || s.Kind() == elf.STT_GNU_IFUNC }

// Defined: it is here, and not merely asked for.
func (s Symbol) Defined() bool { return elf.SectionIndex(s.Shndx) != elf.SHN_UNDEF && s.Value != 0 }

// All gives one after the other.
func (s Symbols) All() iter.Seq[Symbol] {
	return func(yield func(Symbol) bool) {
		for b := s.Table; len(b) >= elf.Sym64Size; b = b[elf.Sym64Size:] {
			one := elf.Sym64{Name: binary.LittleEndian.Uint32(b), Info: b[4], Other: b[5],
				Shndx: binary.LittleEndian.Uint16(b[6:]), Value: binary.LittleEndian.Uint64(b[8:]),
				Size: binary.LittleEndian.Uint64(b[16:])}
			if !yield(Symbol{one, s.Names}) {
				return
			}
		}
	}
}

// AddSymbols takes the symbols of the file's debug file, too.
func (f *File) AddSymbols(debug *File) {
	f.readSymbols()
	debug.readSymbols()
	f.symbols = append(f.symbols, debug.symbols...)
	f.named = nil
}

func (f *File) readSymbols() {
	if f.asked.symbols {
		return
	}
	f.asked.symbols = true
	f.symbols = []Symbols{f.Symbols(), f.symbolsIn(".dynsym", ".dynstr")}
}

// Symbols are those that the linker left in, if they were not stripped.
func (f *File) Symbols() Symbols { return f.symbolsIn(".symtab", ".strtab") }

func (f *File) symbolsIn(table, names string) (s Symbols) {
	s.Table, _, _ = f.section(table)
	s.Names, _, _ = f.section(names)
	return s
}

// HasSymbols: it names more than what it offers to other files.
func (f *File) HasSymbols() bool {
	_, ok := f.byName[".symtab"]
	return ok
}

// answer is what was found for an address: a function's name, and where it begins.
type answer struct {
	name  string
	start uint64
	found bool
}

// maxNamed bounds how many answers are kept.
const maxNamed = 4096

// function is the one that an address is in, with the address where that begins.
func (f *File) function(address uint64) (name string, start uint64, ok bool) {
	s, known := f.named[address]
	if !known {
		s.name, s.start, s.found = f.nameOf(address)
		if f.named == nil || len(f.named) >= maxNamed {
			f.named = map[uint64]answer{}
		}
		f.named[address] = s
	}
	return s.name, s.start, s.found
}

func (f *File) nameOf(address uint64) (name string, start uint64, ok bool) {
	if name, start, ok = f.goFunction(address); ok {
		return short(name), start, true
	}
	f.readSymbols()
	best := -1
	for _, t := range f.symbols {
		for s := range t.All() {
			if !s.IsFunction() || address < s.Value || address-s.Value >= s.Size {
				continue
			}
			text := s.String()
			if rank := rankOf(text, elf.ST_BIND(s.Info)); text != "" && rank > best {
				best, name, start = rank, text, s.Value
			}
		}
	}
	return short(readable(name)), start, best >= 0
}

// maxShown is as much of a name as is told.
const maxShown = 400

// short is what is kept of a name, apart from the table that it was read from.
func short(name string) string {
	if len(name) > maxShown {
		return name[:maxShown] + "..."
	}
	return strings.Clone(name)
}

// rankOf tells which of several names of one function is its programmer's: of chown,
// __chown and __GI_chown the first.
func rankOf(name string, bind elf.SymBind) int {
	rank := 0
	if bind == elf.STB_GLOBAL {
		rank++
	}
	if bind == elf.STB_WEAK {
		rank += 2
	}
	if name != "" && name[0] != '_' {
		rank += 3
	}
	return rank
}

// readable is a name of C++ or Rust as its programmer wrote it, without its parameters.
func readable(name string) string {
	const long = 1024
	if len(name) > long {
		return name
	}
	return demangle.Filter(name, demangle.NoParams, demangle.NoTemplateParams, demangle.MaxLength(10))
}
