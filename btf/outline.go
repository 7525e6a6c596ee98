package btf

import (
	"encoding/binary"
	"maps"
	"math"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Outline is what libbpf looks for functions in, to attach to or to call. Each type has the ID that
// it has in the kernel's own BTF, up to the last that is wanted. But only functions and typedefs with
// certain names have their names, and only what is within these is more than empty. The BTF of modules
// counts on from the kernel's own, and does not go with it. It is not on Go's heap, and C may keep it
// until Close.
type Outline []byte

// Close frees it.
func (o Outline) Close() {
	if o != nil {
		unix.Munmap(o)
	}
}

// empty stands for a type that is left out: a function's that takes and returns nothing.
var empty = record(binary.NativeEndian.AppendUint64(
	binary.NativeEndian.AppendUint32(nil, 0), kindFuncProto<<24))

func (f found) outline() (Outline, error) {
	kept := map[uint32]record{}
	names := []byte{0}
	for _, id := range f.named {
		r := f.record(id)
		if kind := r.kind(); kind != kindFunc && kind != kindTypedef {
			continue
		}
		f.keep(id, kept)
		name, err := f.name(word(r, 0))
		if err != nil {
			return nil, err
		}
		binary.NativeEndian.PutUint32(kept[id], uint32(len(names)))
		names = append(append(names, name...), 0)
	}
	ids := slices.Sorted(maps.Keys(kept))
	types := 0
	if len(ids) > 0 {
		types = int(ids[len(ids)-1]) * typeSize
	}
	for _, r := range kept {
		types += len(r) - typeSize
	}
	out, err := unix.Mmap(-1, 0, headerSize+types+len(names), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	rest := out[copy(out, header(types, len(names))):]
	next := uint32(1)
	for _, id := range ids {
		rest = rest[fill(rest[:(id-next)*typeSize]):]
		rest = rest[copy(rest, kept[id]):]
		next = id + 1
	}
	copy(rest, names)
	return out, nil
}

// fill makes all types in a part of BTF empty. It returns the length of that.
func fill(part []byte) int {
	for n := copy(part, empty); n < len(part); {
		n += copy(part[n:], part[:n])
	}
	return len(part)
}

// keep is as deep as libbpf compares functions (its bpf_core_types_are_compat()):
// it does not look into what is passed by an address.
func (f found) keep(id uint32, kept map[uint32]record) {
	if !f.known(id) || kept[id] != nil {
		return
	}
	r := f.record(id).bare()
	kept[id] = r
	switch {
	case r.refers(), r.isPtr(), r.kind() == kindFunc:
		f.keep(word(r, 2), kept)
	case r.isArray():
		f.keep(word(r, 3), kept)
		f.keep(word(r, 4), kept)
	case r.kind() == kindFuncProto:
		f.keep(word(r, 2), kept)
		for n := 4; n < 3+r.follows(); n += 2 {
			f.keep(word(r, n), kept)
		}
	}
}

// bare is a copy without names, nor the members or values that a type has with these.
func (r record) bare() record {
	b := slices.Clone(r)
	none := func(n int) { binary.NativeEndian.PutUint32(b[4*n:], 0) }
	none(0)
	switch r.kind() {
	case kindFuncProto:
		for n := 3; n < 3+r.follows(); n += 2 {
			none(n)
		}
	case kindStruct, kindUnion, kindEnum, kindEnum64:
		binary.NativeEndian.PutUint32(b[4:], word(r, 1)&^math.MaxUint16)
		b = b[:typeSize]
	}
	return b
}
