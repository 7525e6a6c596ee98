package btf

import (
	"encoding/binary"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Outline is what libbpf looks for functions in, to attach to or to call. Each
// type has the ID that it has in the kernel's own BTF, and the strings are as long
// as there, since the BTF of modules counts on from both. But only functions and
// typedefs with certain names, and what is within these, are more than empty. It is
// not on Go's heap, and C may keep it until Close.
type Outline []byte

// Close frees it.
func (o Outline) Close() {
	if o != nil {
		unix.Munmap(o)
	}
}

// empty stands for a type that is left out: a function's that takes and returns nothing. Functions of
// modules may be of that type, and libbpf insists that theirs is a function's (its btf_validate_type()).
var empty = record(binary.NativeEndian.AppendUint64(
	binary.NativeEndian.AppendUint32(nil, 0), kindFuncProto<<24))

func (f found) outline() (Outline, error) {
	kept := map[uint32]record{}
	for _, id := range f.named {
		if kind := f.record(id).kind(); kind == kindFunc || kind == kindTypedef {
			f.keep(id, kept)
		}
	}
	types := len(f.begins) * typeSize
	for _, r := range kept {
		types += len(r) - typeSize
	}
	// what is not written stays a page of zeros that all share
	out, err := unix.Mmap(-1, 0, headerSize+types+len(f.strings), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	rest := out[copy(out, header(types, len(f.strings))):]
	strings := rest[types:]
	next := uint32(1)
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		name, err := f.name(word(kept[id], 0))
		if err != nil {
			unix.Munmap(out)
			return nil, err
		}
		copy(strings[word(kept[id], 0):], name)
		rest = rest[fill(rest[:(id-next)*typeSize]):]
		rest = rest[copy(rest, kept[id]):]
		next = id + 1
	}
	fill(rest[:len(rest)-len(strings)])
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
	r := f.record(id)
	kept[id] = r
	switch {
	case r.refers(), r.isPtr(), r.kind() == kindFunc:
		f.keep(word(r, 2), kept)
	case r.kind() == kindFuncProto:
		f.keep(word(r, 2), kept)
		for n := 4; n < 3+r.follows(); n += 2 {
			f.keep(word(r, n), kept)
		}
	}
}
