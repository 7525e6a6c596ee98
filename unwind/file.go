package unwind

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"unsafe"
)

// debug/elf is not made for files from anybody: it takes sizes for what they say, and a few
// compressed bytes for as many gigabytes. Here each part that is read has a bound, and parts are
// read when they are asked for.
const (
	maxSegments = 256
	maxSections = 4096
	maxNames    = 1 << 20
	maxNote     = 4096
	maxTable    = 64 << 20
)

// File is an ELF file. Of one of 32 bits, or whose numbers begin with the high byte, nothing is known.
type File struct {
	r        io.ReaderAt
	Machine  Machine
	Type     elf.Type
	Entry    uint64
	Segments []elf.Prog64
	Sections []elf.Section64
	// Damaged: it has sections that cannot be read. To run, a file needs none.
	Damaged bool

	byName  map[string]elf.Section64
	loaded  []part
	frames  *frameTable
	symbols []Symbols
	named   map[uint64]answer
	golang  *goTable
	// asked says which of the three have been looked for
	asked struct{ frames, symbols, golang bool }
}

// part is one of the file that was read as a whole.
type part struct {
	at   uint64
	data []byte
}

var errFormat = errors.New("is not an ELF file that can be read")

// NewFile reads the headers of an ELF file.
func NewFile(r io.ReaderAt) (*File, error) {
	var h elf.Header64
	if err := readAt(r, 0, &h); err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	if string(h.Ident[:4]) != elf.ELFMAG {
		return nil, errFormat
	}
	class, order := elf.Class(h.Ident[elf.EI_CLASS]), elf.Data(h.Ident[elf.EI_DATA])
	if class != elf.ELFCLASS64 || order != elf.ELFDATA2LSB {
		return &File{r: r}, nil
	}
	if h.Phnum > maxSegments || h.Phnum > 0 && h.Phentsize != 56 || h.Phoff > 1<<62 {
		return nil, errFormat
	}
	f := &File{r: r, Machine: Machine(h.Machine), Type: elf.Type(h.Type), Entry: h.Entry,
		Segments: make([]elf.Prog64, h.Phnum), byName: map[string]elf.Section64{}}
	if err := readAt(r, int64(h.Phoff), f.Segments); err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	f.Damaged = h.Shoff != 0 && !f.readSections(&h)
	return f, nil
}

func readAt(r io.ReaderAt, at int64, to any) error {
	return binary.Read(io.NewSectionReader(r, at, int64(binary.Size(to))), binary.LittleEndian, to)
}

// readSections finds the sections, and by name.
func (f *File) readSections(h *elf.Header64) bool {
	if h.Shnum > maxSections || h.Shentsize != 64 || h.Shstrndx >= h.Shnum || h.Shoff > 1<<62 {
		return false
	}
	sections := make([]elf.Section64, h.Shnum)
	if readAt(f.r, int64(h.Shoff), sections) != nil {
		return false
	}
	names, ok := f.data(sections[h.Shstrndx], maxNames)
	if !ok {
		return false
	}
	for _, s := range sections {
		name := StringAt(names, uint64(s.Name))
		if _, twice := f.byName[name]; !twice && name != "" {
			f.byName[name] = s
		}
	}
	f.Sections = sections
	return true
}

// Section is the first section of a name.
func (f *File) Section(name string) (elf.Section64, bool) {
	s, ok := f.byName[name]
	return s, ok
}

// SectionNames are the names that sections have.
func (f *File) SectionNames() iter.Seq[string] { return maps.Keys(f.byName) }

// data are the bytes of a section, if there are no more than that.
func (f *File) data(s elf.Section64, limit uint64) ([]byte, bool) {
	if elf.SectionType(s.Type) == elf.SHT_NOBITS || s.Flags&uint64(elf.SHF_COMPRESSED) != 0 {
		return nil, false
	}
	return f.Bytes(s.Off, s.Size, limit)
}

// Bytes are those at a place of the file, if there are no more than that. The last is read
// first: a size may be made up.
func (f *File) Bytes(at, size, limit uint64) ([]byte, bool) {
	return f.read(at, size, limit, func(size uint64) []byte { return make([]byte, size) })
}

func (f *File) read(at, size, limit uint64, room func(size uint64) []byte) ([]byte, bool) {
	if size > limit || at > 1<<62 {
		return nil, false
	}
	if size == 0 {
		return nil, true
	}
	for _, p := range f.loaded {
		if n := uint64(len(p.data)); at >= p.at && at-p.at < n && n-(at-p.at) >= size {
			return p.data[at-p.at:][:size:size], true
		}
	}
	if n, _ := f.r.ReadAt(make([]byte, 1), int64(at+size-1)); n == 0 {
		return nil, false
	}
	b := room(size)
	n, _ := f.r.ReadAt(b, int64(at))
	return b, uint64(n) == size
}

// Load gives the bytes of a segment, if there are no more than that. What lies in it is not read again.
// Names can lie in it, too. It is to be unloaded where it is not wanted any more.
func (f *File) Load(p elf.Prog64, limit uint64) (Loaded, bool) {
	data, ok := f.read(p.Off, p.Filesz, limit, apart)
	if !ok {
		Loaded(data).Unload()
		return nil, false
	}
	f.loaded = append(f.loaded, part{p.Off, data})
	return data, true
}

// section is the first one with that name.
func (f *File) section(name string) ([]byte, elf.Section64, bool) {
	s, ok := f.byName[name]
	if !ok {
		return nil, s, false
	}
	data, ok := f.data(s, maxTable)
	return data, s, ok
}

// StringAt is the string that ends with a NUL at or behind that place. It lies where the table does: many
// names can end alike, and be told to begin anywhere in a long one.
func StringAt(table []byte, at uint64) string {
	if at >= uint64(len(table)) {
		return ""
	}
	text := table[at:]
	if len(text) > maxName {
		text = text[:maxName]
	}
	end := bytes.IndexByte(text, 0)
	if end < 0 {
		return ""
	}
	return unsafe.String(unsafe.SliceData(text), end)
}

// maxName is how long the name of a function can be.
const maxName = 4096

// address is where the code at that place of the file is loaded, as the file says.
func (f *File) address(offset uint64) (uint64, bool) {
	for _, s := range f.Segments {
		if elf.ProgType(s.Type) == elf.PT_LOAD && s.Flags&uint32(elf.PF_X) != 0 && offset >= s.Off &&
			offset-s.Off < s.Filesz {
			return offset - s.Off + s.Vaddr, true
		}
	}
	return 0, false
}

// offset is the place in the file of what is loaded at an address.
func (f *File) offset(address uint64) (uint64, bool) {
	for _, s := range f.Segments {
		if elf.ProgType(s.Type) == elf.PT_LOAD && address >= s.Vaddr && address-s.Vaddr < s.Filesz {
			return address - s.Vaddr + s.Off, true
		}
	}
	return 0, false
}

// mapped tells whether a section is in memory when the file runs.
func (f *File) mapped(s elf.Section64) bool {
	for _, p := range f.Segments {
		in := s.Off - p.Off
		if elf.ProgType(p.Type) == elf.PT_LOAD && s.Off >= p.Off && in < p.Filesz && s.Size <= p.Filesz-in &&
			s.Addr-p.Vaddr == in {
			return true
		}
	}
	return false
}

func (f *File) segment(kind elf.ProgType) (elf.Prog64, bool) {
	for _, s := range f.Segments {
		if elf.ProgType(s.Type) == kind {
			return s, true
		}
	}
	return elf.Prog64{}, false
}

// BuildID is what tells this build of the file from others, nil where nothing does.
func (f *File) BuildID() []byte {
	const nameSize, kindBuildID = 4, 3
	for _, s := range f.Segments {
		if elf.ProgType(s.Type) != elf.PT_NOTE {
			continue
		}
		notes, ok := f.Bytes(s.Off, min(s.Filesz, maxNote), maxNote)
		for ok && len(notes) >= 12 {
			name, size := binary.LittleEndian.Uint32(notes), binary.LittleEndian.Uint32(notes[4:])
			kind := binary.LittleEndian.Uint32(notes[8:])
			begin := 12 + (uint64(name)+3)&^3
			next := begin + (uint64(size)+3)&^3
			if next > uint64(len(notes)) {
				break
			}
			if kind == kindBuildID && name == nameSize && string(notes[12:15]) == "GNU" {
				return notes[begin : begin+uint64(size)]
			}
			notes = notes[next:]
		}
	}
	return nil
}

// DebugLink is the name of the file that has the symbols of this one, "" for none.
func (f *File) DebugLink() string {
	data, _, ok := f.section(".gnu_debuglink")
	if !ok {
		return ""
	}
	return StringAt(data, 0)
}
