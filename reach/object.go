package reach

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/unwind"
)

// Bounds of what is read: files are anybody's.
const (
	maxObject   = 96 << 20  // bytes of a file that are mapped
	maxObjects  = 1024      // of a program
	maxAll      = 110 << 20 // bytes of all of them
	maxNames    = 64 << 20  // bytes of names in all of them that are not mapped
	maxSymbols  = 1 << 20   // of an object
	maxRelocs   = 1 << 21   // of an object
	maxNeeded   = 256       // names in an object
	maxNameSize = 4096
)

var errTooLarge = errors.New("is too large")

// segment is a part of an object as it lies in memory.
type segment struct {
	start      uint64
	data       unwind.Loaded // what the file has of it
	size       uint64
	executable bool
	writable   bool
}

func (s *segment) end() uint64 { return s.start + s.size }

// object is an ELF file as the dynamic linker sees it: by its program headers.
// Addresses are those in the file.
type object struct {
	path string
	file FileID
	// order is its place among the objects of the program.
	order       int
	machine     elf.Machine
	executable  bool // the program itself
	begins      bool // the kernel goes to its entry point
	fixed       bool // not position independent
	interpreter string
	segments    []segment
	// relro are the bytes that nobody writes after relocation.
	relro [2]uint64
	// threads is what each thread has a copy of.
	threads [2]uint64

	soname         string
	needed         []string
	rpath, runpath []string
	entry          uint64
	symbols        []symbol
	exports        map[string][]uint64 // of defined dynamic symbols: addresses
	slots          map[uint64]slot
	offsets        elf.Section64 // the global offset table
	bases          []uint64
	global         uint64    // _GLOBAL_OFFSET_TABLE_, from where code measures distances
	pointers       []pointer // what relocation puts into data
	tables         []pointer // of these, what nobody is known to read
	named          uint64    // the lowest address of tables that is
	initial        []uint64  // addresses of functions that the linker calls
	copied         []string  // symbols of data that it has a copy of
	functions      []function
	// wakes: its code has a constant with EPOLLWAKEUP and none but epoll's bits.
	wakes            bool
	goProgram, plain bool
}

// symbol is a name of the file's own tables.
type symbol struct {
	name     string
	address  uint64
	size     uint64
	function bool
}

func newSymbol(s unwind.Symbol) symbol {
	return symbol{name: s.String(), address: s.Value, size: s.Size, function: s.IsFunction()}
}

// slot is a word that is filled with a symbol's address when the object is loaded.
type slot struct {
	name string
	data bool // not for calls alone: code of any object can read it
	// address in the object itself, without a name
	address uint64
}

// pointer is a word of data with an address.
type pointer struct {
	at uint64
	slot
	taken bool
}

// budget is what is left of the bytes that a program may take.
type budget struct{ mapped, names int64 }

// load reads an ELF file.
func load(file io.ReaderAt, path string, left *budget) (*object, error) {
	f, err := unwind.NewFile(file)
	if err != nil {
		return nil, err
	}
	if f.Machine != elf.EM_X86_64 && f.Machine != elf.EM_AARCH64 {
		return nil, errors.New("is for another machine than x86-64 and arm64, or of 32 bits")
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return nil, fmt.Errorf("is neither a program nor a library: %v", f.Type)
	}
	if f.Damaged {
		return nil, errors.New("has sections that cannot be read")
	}
	o := &object{path: path, machine: f.Machine, fixed: f.Type == elf.ET_EXEC, entry: f.Entry,
		slots: map[uint64]slot{}, goProgram: f.IsGo(),
		named: math.MaxUint64}
	if err := o.readSegments(f, left); err != nil {
		o.unload()
		return nil, err
	}
	o.findOffsets(f)
	o.readDynamic(f)
	if o.plain {
		o.readStatic(f)
	}
	o.readSymbols(f, left)
	o.findFunctions(f)
	return o, nil
}

// unload gives its bytes back. Nothing of it is to be used any more, its names neither.
func (o *object) unload() {
	for i := range o.segments {
		o.segments[i].data.Unload()
	}
}

func (o *object) readSegments(f *unwind.File, left *budget) error {
	for _, p := range f.Segments {
		switch elf.ProgType(p.Type) {
		case elf.PT_INTERP:
			if name, ok := f.Bytes(p.Off, p.Filesz, maxNameSize); ok {
				o.interpreter = string(bytes.TrimRight(name, "\x00"))
			}
		case elf.PT_GNU_RELRO:
			o.relro = [2]uint64{p.Vaddr, p.Vaddr + p.Memsz}
		case elf.PT_TLS:
			o.threads = [2]uint64{p.Vaddr, p.Vaddr + p.Memsz}
		case elf.PT_LOAD:
			if p.Filesz > maxObject || int64(p.Filesz) > left.mapped {
				return errTooLarge
			}
			if p.Vaddr+p.Memsz < p.Vaddr || p.Filesz > p.Memsz {
				return errors.New("has segments that no address space has room for")
			}
			data, ok := f.Load(p, maxObject)
			if !ok {
				return errors.New("is cut short")
			}
			left.mapped -= int64(len(data))
			flags := elf.ProgFlag(p.Flags)
			o.segments = append(o.segments, segment{start: p.Vaddr, data: data, size: p.Memsz,
				executable: flags&elf.PF_X != 0, writable: flags&elf.PF_W != 0})
		}
	}
	if len(o.segments) == 0 || len(o.segments) > 64 {
		return errors.New("has nothing that could be run")
	}
	return nil
}

// segmentAt is the segment with an address, nil for none.
func (o *object) segmentAt(address uint64) *segment {
	for i := range o.segments {
		if s := &o.segments[i]; address >= s.start && address < s.end() {
			return s
		}
	}
	return nil
}

// bytesAt is what the file has from an address on, to the segment's end.
func (o *object) bytesAt(address uint64) []byte {
	s := o.segmentAt(address)
	if s == nil || address-s.start >= uint64(len(s.data)) {
		return nil
	}
	return s.data[address-s.start:]
}

func (o *object) word(address uint64) (uint64, bool) {
	b := o.bytesAt(address)
	if len(b) < 8 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b), true
}

func (o *object) half(address uint64) (uint32, bool) {
	b := o.bytesAt(address)
	if len(b) < 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// distance is a number of four bytes with a sign, as tables and code have it that can lie anywhere.
func distance(b []byte) uint64 { return uint64(int64(int32(binary.LittleEndian.Uint32(b)))) }

// text is the string at an address, "" if there is none.
func (o *object) text(address uint64) string {
	return strings.Clone(unwind.StringAt(o.bytesAt(address), 0))
}

func (o *object) isCode(address uint64) bool {
	s := o.segmentAt(address)
	return s != nil && s.executable
}

// constant tells whether nobody writes at an address once the object is relocated.
func (o *object) constant(address uint64) bool {
	s := o.segmentAt(address)
	return s != nil && (!s.writable || address >= o.relro[0] && address+8 <= o.relro[1])
}

// readDynamic reads what the dynamic linker would.
func (o *object) readDynamic(f *unwind.File) {
	tags := map[elf.DynTag]uint64{}
	var names, runpaths, rpaths []uint64
	for _, p := range f.Segments {
		if elf.ProgType(p.Type) != elf.PT_DYNAMIC {
			continue
		}
		for at := p.Vaddr; at < p.Vaddr+p.Memsz && at >= p.Vaddr; at += 16 {
			tag, ok := o.word(at)
			value, ok2 := o.word(at + 8)
			if !ok || !ok2 || elf.DynTag(tag) == elf.DT_NULL {
				break
			}
			switch elf.DynTag(tag) {
			case elf.DT_NEEDED:
				names = append(names, value)
			case elf.DT_RUNPATH:
				runpaths = append(runpaths, value)
			case elf.DT_RPATH:
				rpaths = append(rpaths, value)
			default:
				tags[elf.DynTag(tag)] = value
			}
		}
	}
	table := tags[elf.DT_STRTAB]
	for _, name := range names[:min(len(names), maxNeeded)] {
		o.needed = append(o.needed, o.text(table+name))
	}
	for _, name := range runpaths[:min(len(runpaths), 4)] {
		o.runpath = append(o.runpath, splitPath(o.text(table+name))...)
	}
	for _, name := range rpaths[:min(len(rpaths), 4)] {
		o.rpath = append(o.rpath, splitPath(o.text(table+name))...)
	}
	if at, ok := tags[elf.DT_SONAME]; ok {
		o.soname = o.text(table + at)
	}
	o.plain = len(tags) == 0
	dynamic := o.readDynamicSymbols(tags)
	o.readRelocations(tags, dynamic)
	o.readInitial(tags)
}

// readInitial finds what the dynamic linker calls by itself.
func (o *object) readInitial(tags map[elf.DynTag]uint64) {
	for _, tag := range []elf.DynTag{elf.DT_INIT, elf.DT_FINI} {
		if at := tags[tag]; at != 0 {
			o.initial = append(o.initial, at)
		}
	}
	arrays := [][2]elf.DynTag{{elf.DT_INIT_ARRAY, elf.DT_INIT_ARRAYSZ}, {elf.DT_FINI_ARRAY,
		elf.DT_FINI_ARRAYSZ},
		{elf.DT_PREINIT_ARRAY, elf.DT_PREINIT_ARRAYSZ}}
	for _, array := range arrays {
		size := min(tags[array[1]], 1<<16)
		for at := tags[array[0]]; at < tags[array[0]]+size; at += 8 {
			if value, ok := o.word(at); ok && value != 0 {
				o.initial = append(o.initial, value)
			}
		}
	}
}

// readDynamicSymbols reads the table by the size that the hash tables tell.
func (o *object) readDynamicSymbols(tags map[elf.DynTag]uint64) []symbol {
	count := o.countSymbols(tags)
	names, table := tags[elf.DT_STRTAB], tags[elf.DT_SYMTAB]
	if table == 0 {
		return nil
	}
	raw := unwind.Symbols{Table: o.bytesAt(table), Names: o.bytesAt(names)}
	raw.Table = raw.Table[:min(len(raw.Table), count*elf.Sym64Size)]
	size := len(raw.Table) / elf.Sym64Size
	list := make([]symbol, 0, size)
	o.exports, o.symbols = make(map[string][]uint64, size), make([]symbol, 0, size)
	for e := range raw.All() {
		s := newSymbol(e)
		s.function = s.function || e.Kind() == elf.STT_NOTYPE && o.isCode(e.Value)
		if e.Defined() && elf.ST_BIND(e.Info) != elf.STB_LOCAL {
			if !slices.Contains(o.exports[s.name], s.address) && len(o.exports[s.name]) < 16 {
				o.exports[s.name] = append(o.exports[s.name], s.address)
			}
			if s.function {
				o.symbols = append(o.symbols, s)
			}
		}
		list = append(list, s)
	}
	return list
}

// countSymbols is the size of the dynamic symbol table, which no tag tells.
func (o *object) countSymbols(tags map[elf.DynTag]uint64) int {
	count := uint64(0)
	if at := tags[elf.DT_HASH]; at != 0 {
		if n, ok := o.half(at + 4); ok {
			count = uint64(n)
		}
	}
	if at := tags[elf.DT_GNU_HASH]; at != 0 {
		count = max(count, o.countHashed(at))
	}
	if count == 0 { // no hash: the strings follow the symbols, by custom
		if table, names := tags[elf.DT_SYMTAB], tags[elf.DT_STRTAB]; names > table {
			count = (names - table) / 24
		}
	}
	return int(min(count, maxSymbols))
}

// countHashed follows the last chain of a GNU hash table. Symbols that are not
// defined stand before those that are hashed.
func (o *object) countHashed(at uint64) uint64 {
	buckets, _ := o.half(at)
	first, _ := o.half(at + 4)
	bloom, _ := o.half(at + 8)
	table := at + 16 + uint64(bloom)*8
	last := uint64(first)
	for n := range min(uint64(buckets), maxSymbols) {
		b, ok := o.half(table + n*4)
		if !ok {
			break
		}
		last = max(last, uint64(b))
	}
	if last < uint64(first) || buckets == 0 {
		return uint64(first)
	}
	chains := table + uint64(buckets)*4
	for n := last; n < maxSymbols; n++ {
		value, ok := o.half(chains + (n-uint64(first))*4)
		if !ok || value&1 != 0 {
			return n + 1
		}
	}
	return last
}

// readSymbols adds the names that the linker left in, if they were not stripped.
func (o *object) readSymbols(f *unwind.File, left *budget) {
	raw := f.Symbols()
	if len(raw.Table) > maxSymbols*elf.Sym64Size || int64(len(raw.Names)) > left.names {
		return
	}
	left.names -= int64(len(raw.Names))
	for s := range raw.All() {
		if s.Defined() && s.IsFunction() {
			o.symbols = append(o.symbols, newSymbol(s))
		}
	}
}

// open opens a file for reading if it is a regular one.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
