package btf

import (
	"bytes"
	"encoding/binary"
)

// flavour begins what libbpf does not compare of a type's name (its
// bpf_core_essential_name_len()).
var flavour = []byte("___")

// Names are those of the types that BTF has, without their flavours.
func Names(raw []byte) (map[string]bool, error) {
	d, err := parse(raw)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	err = d.each(func(_ uint32, r record) error {
		name, err := d.name(word(r, 0))
		if err == nil && len(name) > 0 {
			name, _, _ = bytes.Cut(name, flavour)
			names[string(name)] = true
		}
		return err
	})
	return names, err
}

// candidates are the kinds that libbpf looks for by name (its bpf_core_add_cands()).
var candidates = [32]bool{kindInt: true, kindStruct: true, kindUnion: true, kindEnum: true, kindEnum64: true,
	kindFwd: true, kindTypedef: true, kindFloat: true}

// Trim leaves of a kernel's BTF the types with these names, and what is within
// these. What a pointer points to is void then: relocations do not follow it
// (libbpf's bpf_core_fields_are_compat()). ids are the kernel's own for the types
// with these names, which are others in what is left.
//
// libbpf looks through all types for each name that relocations have. A kernel
// has 100,000.
func Trim(raw []byte, names map[string]bool) (trimmed []byte, ids map[string]uint32, err error) {
	f, err := find(raw, names)
	if err != nil {
		return nil, nil, err
	}
	return f.trim()
}

// found is a kernel's BTF, and which of its types have certain names.
type found struct {
	description
	count  uint32   // of types
	begins []uint32 // where every stride-th type is, from that with the ID 1 on
	named  []uint32 // IDs
}

// stride: of each type it is not noted where it is, as there are 100,000 and few of them are asked for.
const stride = 32

func find(raw []byte, names map[string]bool) (f found, err error) {
	if f.description, err = parse(raw); err != nil {
		return f, err
	}
	var marks [1 << 16]bool
	for name := range names {
		marks[mark([]byte(name))] = true
	}
	err = f.each(func(id uint32, r record) error {
		f.count = id
		if (id-1)%stride == 0 {
			f.begins = append(f.begins, uint32(cap(f.types)-cap(r)))
		}
		if !r.named() {
			return nil
		}
		name, err := f.name(word(r, 0))
		if err == nil && marks[mark(name)] && names[string(name)] {
			f.named = append(f.named, id)
		}
		return err
	})
	return f, err
}

// mark is the same for the same names, and seldom for two: a kernel has 100,000, and to
// look for each in a map takes longer than all else that is done with them here.
func mark(name []byte) uint16 {
	if len(name) == 0 {
		return 0
	}
	ends := uint16(name[0]) ^ uint16(name[len(name)-1])<<8
	return ends ^ uint16(name[len(name)/2])<<4 ^ uint16(len(name))<<3
}

func (f found) record(id uint32) record {
	rest := record(f.types[f.begins[(id-1)/stride]:])
	for range (id - 1) % stride {
		rest = rest[typeSize+4*rest.follows():]
	}
	return rest[:typeSize+4*rest.follows()]
}

// known says whether there is a type with that ID.
func (f found) known(id uint32) bool { return id != 0 && id <= f.count }

func (f found) trim() (trimmed []byte, ids map[string]uint32, err error) {
	t := trimmer{found: f, renumbered: map[uint32]uint32{}, strings: []byte{0}}
	ids = map[string]uint32{}
	for _, id := range f.named {
		r := f.record(id)
		name, err := f.name(word(r, 0))
		if err != nil {
			return nil, nil, err
		}
		ids[string(name)] = id
		if candidates[r.kind()] {
			t.number(id)
		}
	}
	for i := 0; i < len(t.kept); i++ { // what is written adds to it
		if err := t.write(t.kept[i]); err != nil {
			return nil, nil, err
		}
	}
	return t.bytes(), ids, nil
}

// trimmer copies types, which get other numbers.
type trimmer struct {
	found
	renumbered     map[uint32]uint32
	kept           []uint32 // old IDs, in the order of the new ones
	types, strings []byte
	pointer        uint32 // the new ID of the only one, if there is one
}

// number is the new ID of a type that is kept from now on.
func (t *trimmer) number(old uint32) uint32 {
	if !t.known(old) {
		return 0
	}
	if id, known := t.renumbered[old]; known {
		return id
	}
	isPtr := t.record(old).isPtr()
	if isPtr && t.pointer != 0 {
		return t.pointer
	}
	t.kept = append(t.kept, old)
	id := uint32(len(t.kept))
	t.renumbered[old] = id
	if isPtr {
		t.pointer = id
	}
	return id
}

func (t *trimmer) write(old uint32) error {
	r := t.record(old)
	at := len(t.types)
	t.types = append(t.types, r...)
	out := t.types[at:]
	set := func(n int, value uint32) { binary.NativeEndian.PutUint32(out[4*n:], value) }
	rename := func(n int) (err error) {
		var offset uint32
		if offset, err = t.string(word(r, n)); err == nil {
			set(n, offset)
		}
		return err
	}
	if err := rename(0); err != nil {
		return err
	}
	switch kind := r.kind(); {
	case r.isPtr():
		set(2, 0)
	case r.refers():
		set(2, t.number(word(r, 2)))
	case r.isArray():
		set(3, t.number(word(r, 3)))
		set(4, t.number(word(r, 4)))
	case kind == kindStruct || kind == kindUnion:
		for n := 3; n < 3+3*r.count(); n += 3 {
			if err := rename(n); err != nil {
				return err
			}
			set(n+1, t.number(word(r, n+1)))
		}
	case kind == kindEnum:
		for n := 3; n < 3+2*r.count(); n += 2 {
			if err := rename(n); err != nil {
				return err
			}
		}
	case kind == kindEnum64:
		for n := 3; n < 3+3*r.count(); n += 3 {
			if err := rename(n); err != nil {
				return err
			}
		}
	case kind == kindInt || kind == kindFwd || kind == kindFloat:
	default:
		return errMalformed // not what a value can be of
	}
	return nil
}

// string is the new offset of a string.
func (t *trimmer) string(offset uint32) (uint32, error) {
	name, err := t.name(offset)
	if err != nil || len(name) == 0 {
		return 0, err
	}
	at := uint32(len(t.strings))
	t.strings = append(append(t.strings, name...), 0)
	return at, nil
}

func (t *trimmer) bytes() []byte {
	return append(append(header(len(t.types), len(t.strings)), t.types...), t.strings...)
}

// header begins BTF with so many bytes of types and strings.
func header(types, strings int) []byte {
	order := binary.NativeEndian
	out := order.AppendUint16(nil, magic)
	out = append(out, 1, 0) // version, flags
	for _, n := range []int{headerSize, 0, types, types, strings} {
		out = order.AppendUint32(out, uint32(n))
	}
	return out
}
