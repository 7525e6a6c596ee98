package tracer

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/cap-audit/cap-audit/files"
)

// object is a program or a library as its loader sees it.
type object struct {
	dynamic        bool // there is a loader for it
	needed         []string
	rpath, runpath []directory
	names          names // that its loader looks up
}

// Bounds of what is read of a file that anybody may have made.
const (
	maxSegments = 1 << 10
	maxDynamic  = 1 << 14 // entries
	maxString   = 1 << 14 // bytes
)

// readObject goes by the segments alone, as the kernel and the loader do.
// elf.NewFile reads the sections first, in which a few bytes can stand for as
// many gigabytes as one likes. Programs of 32 bits are not looked into.
func readObject(path string) (o object, ok bool) {
	f, err := files.OpenRegular(path, files.Any)
	if err != nil {
		return o, false
	}
	defer f.Close()
	return objectIn(f, filepath.Dir(path))
}

// objectIn is the same of an open file, within the directory that is $ORIGIN.
func objectIn(f *os.File, within string) (o object, ok bool) {
	var h elf.Header64
	if !readAt(f, 0, &h) || string(h.Ident[:elf.EI_CLASS]) != elf.ELFMAG ||
		elf.Class(h.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 || h.Phnum > maxSegments {
		return o, false
	}
	segments := make([]elf.Prog64, h.Phnum)
	if !readAt(f, h.Phoff, segments) {
		return o, false
	}
	for _, s := range segments {
		switch elf.ProgType(s.Type) {
		case elf.PT_INTERP:
			o.dynamic = true
		case elf.PT_DYNAMIC:
			o.readDynamic(f, segments, s)
		}
	}
	for _, list := range []*[]directory{&o.rpath, &o.runpath} {
		for i := range *list {
			(*list)[i] = (*list)[i].expanded(within)
		}
	}
	return o, true
}

// readDynamic reads what the dynamic section says of libraries.
func (o *object) readDynamic(f *os.File, segments []elf.Prog64, s elf.Prog64) {
	entries := make([]elf.Dyn64, min(s.Filesz/uint64(binary.Size(elf.Dyn64{})), maxDynamic))
	if !readAt(f, s.Off, entries) {
		return
	}
	isStrings := func(d elf.Dyn64) bool { return elf.DynTag(d.Tag) == elf.DT_STRTAB }
	i := slices.IndexFunc(entries, isStrings)
	if i < 0 {
		return
	}
	strings := fileOffset(segments, entries[i].Val)
	for _, d := range entries {
		switch tag := elf.DynTag(d.Tag); {
		case tag == elf.DT_STRSZ:
			o.names = names{int64(strings), min(d.Val, maxStrings)}
		case tag == elf.DT_NEEDED && len(o.needed) < maxObjects:
			o.needed = append(o.needed, stringAt(f, strings+d.Val))
		case tag == elf.DT_RPATH:
			o.rpath = directoriesOf(stringAt(f, strings+d.Val))
		case tag == elf.DT_RUNPATH:
			o.runpath = directoriesOf(stringAt(f, strings+d.Val))
		case tag == elf.DT_NULL:
			return
		}
	}
}

// fileOffset is where in the file the byte at an address comes from.
func fileOffset(segments []elf.Prog64, address uint64) uint64 {
	for _, s := range segments {
		if elf.ProgType(s.Type) == elf.PT_LOAD && address-s.Vaddr < s.Filesz {
			return address - s.Vaddr + s.Off
		}
	}
	return 0
}

// readAt reads a value of a fixed size; all of it, or it fails.
func readAt(f *os.File, offset uint64, value any) bool {
	r := io.NewSectionReader(f, int64(offset), int64(binary.Size(value)))
	return binary.Read(r, binary.NativeEndian, value) == nil
}

// stringAt is the string there, as far as it is not longer than any path.
func stringAt(f *os.File, offset uint64) string {
	raw := make([]byte, maxString)
	n, _ := f.ReadAt(raw, int64(offset))
	text, _, _ := bytes.Cut(raw[:n], []byte{0})
	return string(text)
}
