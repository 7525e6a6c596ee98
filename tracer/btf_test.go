package tracer

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
)

// Kinds of BTF (uapi/linux/btf.h) that are followed by more than struct
// btf_type, and how many bytes: for each of its vlen members, or once.
var (
	btfPerMember = map[uint32]int{4: 12 /* struct */, 5: 12 /* union */, 6: 8, /* enum */
		13: 8 /* func_proto */, 15: 12 /* datasec */, 19: 12 /* enum64 */}
	btfOnce = map[uint32]int{1: 4 /* int */, 3: 12 /* array */, 14: 4 /* var */, 17: 4 /* decl_tag */}
)

const btfStruct = 4

// structSizes reads the size of each named struct from an object's BTF.
func structSizes(t *testing.T, object []byte) map[string]uint32 {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	section := file.Section(".BTF")
	if section == nil {
		t.Fatal("the BPF object has no BTF")
	}
	raw, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	// struct btf_header
	word := func(offset int) int { return int(binary.LittleEndian.Uint32(raw[offset:])) }
	types := raw[word(4)+word(8):][:word(12)]
	names := raw[word(4)+word(16):][:word(20)]

	sizes := map[string]uint32{}
	for len(types) > 0 {
		name, info, size := binary.LittleEndian.Uint32(types), binary.LittleEndian.Uint32(types[4:]),
			binary.LittleEndian.Uint32(types[8:])
		kind, members := info>>24&0x1f, int(info&0xffff)
		if kind == btfStruct {
			text, _, _ := bytes.Cut(names[name:], []byte{0})
			sizes[string(text)] = size
		}
		types = types[12+btfOnce[kind]+members*btfPerMember[kind]:]
	}
	return sizes
}
