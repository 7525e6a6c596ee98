package unwind

import (
	"debug/elf"
	"encoding/binary"
	"iter"
	"strings"
)

// goTable is what Go's runtime knows of the program's functions, stripped or not:
// debug/gosym reads the same, but all of it, and not how large frames are.
type goTable struct {
	data     []byte
	text     uint64 // address that entries count from
	count    uint64
	names    uint64
	tables   uint64
	function uint64
	quantum  uint64
}

// Magic numbers of runtime/symtab.go, pcHeader: the format that came with 1.18, and with 1.20.
const go118, go120 = 0xfffffff0, 0xfffffff1

// IsGo: there is code of Go in it. Go's linker says of each program what it was built from.
func (f *File) IsGo() bool {
	_, built := f.byName[".go.buildinfo"]
	_, table := f.byName[".gopclntab"]
	return built || table
}

// goSection is the section with the table, from that on. C's linker puts what a program that can be
// loaded anywhere has in .data.rel.ro.gopclntab into .data.rel.ro: of Go 1.24, not of 1.26.
func (f *File) goSection() ([]byte, elf.Section64, bool) {
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		if data, s, ok := f.section(name); ok {
			return data, s, true
		}
	}
	data, s, ok := f.section(".data.rel.ro")
	if !ok || !f.IsGo() {
		return nil, s, false
	}
	for at := 0; at+minTable <= len(data); at += 8 {
		if isGoTable(data[at:]) {
			s.Addr, s.Off, s.Size = s.Addr+uint64(at), s.Off+uint64(at), s.Size-uint64(at)
			return data[at:], s, true
		}
	}
	return nil, s, false
}

// minTable is how long the header is.
const minTable = 72

// isGoTable: it begins as one of 64 bits does.
func isGoTable(data []byte) bool {
	magic := binary.LittleEndian.Uint32(data)
	return (magic == go118 || magic == go120) && data[4] == 0 && data[5] == 0 && data[7] == 8
}

func (f *File) readGo() *goTable {
	if !f.asked.golang {
		f.asked.golang = true
		f.golang = f.findGo()
	}
	return f.golang
}

func (f *File) findGo() *goTable {
	data, s, ok := f.goSection()
	if !ok || !f.mapped(s) || len(data) < minTable || !isGoTable(data) {
		return nil
	}
	word := func(n int) uint64 { return binary.LittleEndian.Uint64(data[8+8*n:]) }
	t := &goTable{data: data, quantum: uint64(data[6]), count: word(0), names: word(3), tables: word(6),
		function: word(7)}
	size := uint64(len(data))
	if t.names > size || t.tables > size || t.function > size ||
		t.count > (size-t.function)/8 || t.count == 0 {
		return nil
	}
	t.text, ok = f.goText(t, s.Addr, word(2))
	if !ok {
		return nil
	}
	return t
}

// Members of runtime/symtab.go's moduledata as of 1.18 to 1.26, in words: minpc, where the first function
// begins, and text. Its first member is the table's address.
const moduleFirst, moduleText = 20, 22

// goText says which address the table counts from. Since 1.26 the table does not
// (runtime/symtab.go, pcHeader), nor before in a program that is loaded anywhere: then it is
// in what the runtime knows of the module.
func (f *File) goText(t *goTable, table, said uint64) (uint64, bool) {
	text := f.byName[".text"]
	if said >= text.Addr && said-text.Addr < text.Size {
		return said, true
	}
	w := f.readGoWords()
	for _, at := range w.placesOf(table) {
		start, ok := w.at(at + 8*moduleText)
		first, ok2 := w.at(at + 8*moduleFirst)
		if ok && ok2 && start-text.Addr < text.Size &&
			first-start == uint64(binary.LittleEndian.Uint32(t.data[t.function:])) {
			return start, true
		}
	}
	return 0, false
}

// goWords are the sections in which Go's linker and C's put what the runtime knows, and where the program can
// be loaded anywhere what the loader puts there.
type goWords struct {
	sections    []elf.Section64
	data        [][]byte
	relocations []byte
}

func (f *File) readGoWords() (w goWords) {
	for _, name := range []string{".go.module", ".noptrdata", ".data"} {
		if data, s, ok := f.section(name); ok {
			w.sections, w.data = append(w.sections, s), append(w.data, data)
		}
	}
	for _, name := range []string{".rela", ".rela.dyn"} {
		data, _, _ := f.section(name)
		w.relocations = append(w.relocations, data[:len(data)/relocationSize*relocationSize]...)
	}
	return w
}

// maxPlaces of one value are looked at.
const maxPlaces = 16

// placesOf are the addresses of words with a value.
func (w *goWords) placesOf(value uint64) (list []uint64) {
	for b := w.relocations; len(b) > 0 && len(list) < maxPlaces; b = b[relocationSize:] {
		if binary.LittleEndian.Uint64(b[16:]) == value {
			list = append(list, binary.LittleEndian.Uint64(b))
		}
	}
	for i, data := range w.data {
		for at := 0; at+8 <= len(data) && len(list) < maxPlaces; at += 8 {
			if binary.LittleEndian.Uint64(data[at:]) == value {
				list = append(list, w.sections[i].Addr+uint64(at))
			}
		}
	}
	return list
}

// at is the word at an address.
func (w *goWords) at(address uint64) (uint64, bool) {
	for b := w.relocations; len(b) > 0; b = b[relocationSize:] {
		if binary.LittleEndian.Uint64(b) == address {
			return binary.LittleEndian.Uint64(b[16:]), true
		}
	}
	for i, data := range w.data {
		if at := address - w.sections[i].Addr; at < uint64(len(data)) && uint64(len(data))-at >= 8 {
			return binary.LittleEndian.Uint64(data[at:]), true
		}
	}
	return 0, false
}

// relocationSize is that of elf.Rela64: an address, a kind, what is added.
const relocationSize = 24

// entry is where function n begins, and where the table has more of it.
func (t *goTable) entry(n uint64) (address, at uint64) {
	b := t.data[t.function+8*n:]
	address = t.text + uint64(binary.LittleEndian.Uint32(b))
	return address, t.function + uint64(binary.LittleEndian.Uint32(b[4:]))
}

// end is where function n ends: behind the last one the table has the end of the text.
func (t *goTable) end(n uint64) uint64 {
	if b := t.data[t.function+8*(n+1):]; len(b) >= 4 {
		return t.text + uint64(binary.LittleEndian.Uint32(b))
	}
	return t.text
}

// at finds the function that an address is in: where that begins, and the rest of its row.
func (t *goTable) at(address uint64) (start uint64, row []byte) {
	low, high := uint64(0), t.count // the last one that begins at or before it
	for high-low > 1 {
		middle := (low + high) / 2
		if begin, _ := t.entry(middle); begin <= address {
			low = middle
		} else {
			high = middle
		}
	}
	start, at := t.entry(low)
	if address < start || address >= t.end(low) || at > uint64(len(t.data)) || uint64(len(t.data))-at < 20 {
		return 0, nil
	}
	return start, t.data[at:]
}

// GoFunctions are those of Go's table: where each begins and ends, and its name.
func (f *File) GoFunctions() iter.Seq[GoFunction] {
	return func(yield func(GoFunction) bool) {
		t := f.readGo()
		if t == nil {
			return
		}
		for n := range t.count {
			start, at := t.entry(n)
			g := GoFunction{Start: start, End: t.end(n)}
			if at < uint64(len(t.data)) && uint64(len(t.data))-at >= 8 {
				g.Name = t.name(t.data[at:])
			}
			if !yield(g) {
				return
			}
		}
	}
}

// GoFunction is a function of Go's table.
type GoFunction struct {
	Start, End uint64
	Name       string
}

func (f *File) goFunction(address uint64) (name string, start uint64, ok bool) {
	t := f.readGo()
	if t == nil {
		return "", 0, false
	}
	start, row := t.at(address)
	if row == nil {
		return "", 0, false
	}
	name = strings.TrimSuffix(t.name(row), ".abi0") // the linker adds that for one in assembly
	return name, start, name != ""
}

// name is that of a row's function.
func (t *goTable) name(row []byte) string {
	return StringAt(t.data[t.names:], uint64(binary.LittleEndian.Uint32(row[4:])))
}

// frameSize is how far the stack pointer is below where it was when the function
// began: runtime/symtab.go, pcvalue() and step().
func (t *goTable) frameSize(address uint64) (uint64, bool) {
	start, row := t.at(address)
	if row == nil {
		return 0, false
	}
	at := t.tables + uint64(binary.LittleEndian.Uint32(row[16:]))
	if at >= uint64(len(t.data)) {
		return 0, false
	}
	table, pc, value := t.data[at:], start, int64(-1)
	for first := true; ; first = false {
		change, n := binary.Uvarint(table)
		if n <= 0 || change == 0 && !first {
			return 0, false
		}
		distance, m := binary.Uvarint(table[n:])
		if m <= 0 || distance == 0 {
			return 0, false
		}
		table = table[n+m:]
		value += int64(change>>1) ^ -int64(change&1)
		pc += distance * t.quantum
		if address < pc {
			return uint64(value), value >= 0 && value < maxStack
		}
	}
}

// byGo is for functions of Go, which have no rules in .eh_frame.
func (w *walker) byGo(f *File, address uint64) (found bool, end End) {
	t := f.readGo()
	if t == nil {
		return false, NoRule
	}
	name, _, ok := f.goFunction(address)
	size, ok2 := t.frameSize(address)
	switch {
	case !ok || !ok2:
		return false, NoRule
	case outermost[name]:
		return true, w.ends()
	}
	sp := w.regs[w.sp]
	fp, known := w.regs[w.fp], w.known&(1<<w.fp)
	back, ok := w.regs[w.ra], true
	var saved uint64
	switch {
	case w.kind == AMD64:
		back, ok = w.read(sp + size)
		saved = sp + size - 8
		sp += size + 8
	case size > 0: // the link register is at the bottom of the frame, the frame pointer below it
		back, ok = w.read(sp)
		saved = sp - 8
		sp += size
	case w.called:
		return false, NoRule
	}
	if !ok {
		return true, Cut
	}
	if value, there := w.read(saved); size > 0 && there { // functions with a frame keep the frame pointer
		fp = value
	}
	w.known = 1<<w.sp | 1<<w.pc | known
	w.regs[w.fp], w.regs[w.sp], w.regs[w.pc] = fp, sp, w.strip(back)
	w.called = true
	return true, Whole
}

// outermost are the functions in which stacks of Go begin.
var outermost = map[string]bool{"runtime.goexit": true, "runtime.rt0_go": true, "runtime.mstart": true,
	"runtime.mcall": true, "runtime.systemstack": true, "runtime.asmcgocall": true, "runtime.morestack": true}

// ends says that there is no caller.
func (w *walker) ends() End {
	w.regs[w.pc] = 0
	return Whole
}
