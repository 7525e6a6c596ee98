package reach

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"runtime"
	"testing"
)

// section is one of a file that is written for a test.
type section struct {
	name  string
	kind  elf.SectionType
	flags elf.SectionFlag
	link  uint32
	data  []byte
}

// withSections adds sections to a program. The last one has their names.
func withSections(program []byte, list ...section) []byte {
	b := bytes.Clone(program)
	var names, table []byte
	for n, s := range list {
		at := len(names)
		names = append(append(names, s.name...), 0)
		if n == len(list)-1 && s.data == nil {
			s.data = names
		}
		header := elf.Section64{Name: uint32(at), Type: uint32(s.kind), Flags: uint64(s.flags),
			Off: uint64(len(b)), Size: uint64(len(s.data)), Link: s.link}
		b = append(b, s.data...)
		table, _ = binary.Append(table, binary.LittleEndian, header)
	}
	const shoff, shentsize, shnum, shstrndx = 40, 58, 60, 62
	binary.LittleEndian.PutUint64(b[shoff:], uint64(len(b)))
	binary.LittleEndian.PutUint16(b[shentsize:], 64)
	binary.LittleEndian.PutUint16(b[shnum:], uint16(len(list)))
	binary.LittleEndian.PutUint16(b[shstrndx:], uint16(len(list)-1))
	return append(b, table...)
}

// Names that are not mapped take of a budget, and functions without one are left.
func TestNamesHaveABudget(t *testing.T) {
	symbol, _ := binary.Append(nil, binary.LittleEndian, elf.Sym64{Name: 1, Info: uint8(elf.STT_FUNC),
		Shndx: 1, Value: 0x400078, Size: 8})
	names := []byte("\x00first\x00")
	b := withSections(small(elf.EM_X86_64, []byte("\xb8\x69\x00\x00\x00\x0f\x05\xc3")), section{},
		section{name: ".symtab", kind: elf.SHT_SYMTAB, link: 2, data: symbol},
		section{name: ".strtab", kind: elf.SHT_STRTAB, data: names}, section{kind: elf.SHT_STRTAB})
	size := int64(len(names))
	for _, c := range []struct{ left, after, named int64 }{{size + 3, 3, 1}, {size - 1, size - 1, 0}} {
		left := budget{maxAll, c.left}
		o, err := load(bytes.NewReader(b), "named", &left)
		if err != nil || int64(len(o.symbols)) != c.named || left.names != c.after {
			t.Errorf("%d bytes for names: %+v, %v", c.left, left, err)
		}
	}
}

// A small file takes little memory, whatever it says.
func TestSmallFileTakesLittle(t *testing.T) {
	program := small(elf.EM_X86_64, []byte("\xb8\x69\x00\x00\x00\x0f\x05\xc3"))
	var bomb bytes.Buffer
	binary.Write(&bomb, binary.LittleEndian, elf.Chdr64{Type: uint32(elf.COMPRESS_ZLIB), Size: 128 << 20})
	w := zlib.NewWriter(&bomb)
	for range 128 {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	name := append(bytes.Repeat([]byte{'x'}, maxNameSize-1), 0)
	var symbols []byte
	for n := range uint32(1 << 16) {
		symbols, _ = binary.Append(symbols, binary.LittleEndian, elf.Sym64{Name: n % 1024,
			Info: uint8(elf.STT_FUNC), Shndx: 1, Value: 0x400078, Size: 8})
	}
	for what, b := range map[string][]byte{
		"names that are compressed": withSections(program, section{}, section{kind: elf.SHT_STRTAB,
			flags: elf.SHF_COMPRESSED, data: bomb.Bytes()}),
		"names within names": withSections(program, section{}, section{name: ".symtab",
			kind: elf.SHT_SYMTAB, link: 2, data: symbols}, section{name: ".strtab", kind: elf.SHT_STRTAB,
			data: name}, section{kind: elf.SHT_STRTAB}),
	} {
		t.Run(what, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			left := budget{maxAll, maxNames}
			o, err := load(bytes.NewReader(b), "hostile", &left)
			runtime.ReadMemStats(&after)
			if err == nil && len(o.functions) != 1 {
				t.Errorf("%d functions", len(o.functions))
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 64 {
				t.Errorf("%d MiB for a file of %d bytes", took, len(b))
			}
		})
	}
}
