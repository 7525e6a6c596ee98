// Package btf reads how a kernel describes its types: the BPF Type Format,
// Documentation/bpf/btf.rst in the kernel's sources.
package btf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
)

// errMalformed covers all that a description cannot be.
var errMalformed = errors.New("malformed BTF")

// Kinds of types, as in include/uapi/linux/btf.h.
const (
	kindInt       = 1
	kindPtr       = 2
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindFwd       = 7
	kindTypedef   = 8
	kindVolatile  = 9
	kindConst     = 10
	kindRestrict  = 11
	kindFunc      = 12
	kindFuncProto = 13
	kindVar       = 14
	kindDatasec   = 15
	kindFloat     = 16
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

// Sizes of struct btf_header and of struct btf_type, in bytes.
const (
	headerSize = 24
	typeSize   = 12
)

const magic = 0xeb9f

// description is one that has been found to begin as such.
type description struct {
	types, strings []byte
}

// word is that of 4 bytes with the number n in b.
func word(b []byte, n int) uint32 { return binary.NativeEndian.Uint32(b[4*n:]) }

func parse(raw []byte) (d description, err error) {
	if len(raw) < headerSize || binary.NativeEndian.Uint16(raw) != magic {
		return d, errMalformed
	}
	begin := uint64(word(raw, 1)) // hdr_len
	part := func(n int) []byte {
		from := begin + uint64(word(raw, n))
		to := from + uint64(word(raw, n+1))
		if to > uint64(len(raw)) {
			return nil
		}
		return raw[from:to]
	}
	d.types, d.strings = part(2), part(4)
	if d.types == nil || len(d.strings) == 0 || d.strings[len(d.strings)-1] != 0 {
		return d, errMalformed
	}
	return d, nil
}

// name is the string at an offset.
func (d description) name(offset uint32) ([]byte, error) {
	if uint64(offset) >= uint64(len(d.strings)) {
		return nil, errMalformed
	}
	rest := d.strings[offset:]
	return rest[:bytes.IndexByte(rest, 0)], nil
}

// record is a type as it is written: struct btf_type, and what follows it.
type record []byte

func (r record) kind() uint32  { return word(r, 1) >> 24 & 0x1f }
func (r record) count() int    { return int(word(r, 1) & math.MaxUint16) } // of members, values, parameters
func (r record) named() bool   { return word(r, 0) != 0 }
func (r record) refers() bool  { return refers[r.kind()] }
func (r record) isPtr() bool   { return r.kind() == kindPtr }
func (r record) isArray() bool { return r.kind() == kindArray }

// follows is how many words follow struct btf_type; -1 for a kind that is not known.
func (r record) follows() int {
	info := word(r, 1)
	kind := info >> 24 & 0x1f
	if kind == 0 || kind > last {
		return -1
	}
	f := &following[kind]
	return f.words + f.each*int(info&math.MaxUint16)
}

// refers are the kinds whose third word is another type, which is meant as a whole.
var refers = [32]bool{kindTypedef: true, kindVolatile: true, kindConst: true, kindRestrict: true,
	kindTypeTag: true}

// following is how many words follow struct btf_type: some, and some for each member, value or parameter.
var following = [32]struct{ words, each int }{
	kindPtr: {}, kindFwd: {}, kindTypedef: {}, kindVolatile: {}, kindConst: {}, kindRestrict: {},
	kindFunc: {}, kindFloat: {}, kindTypeTag: {},
	kindInt: {1, 0}, kindVar: {1, 0}, kindDeclTag: {1, 0}, kindArray: {3, 0},
	kindEnum: {0, 2}, kindFuncProto: {0, 2},
	kindStruct: {0, 3}, kindUnion: {0, 3}, kindDatasec: {0, 3}, kindEnum64: {0, 3},
}

// last is the greatest kind that is known; 0 is none.
const last = kindEnum64

// each calls with all types in turn, until one of the calls ends that. The first
// has the ID 1: 0 is void, which is not written down.
func (d description) each(call func(id uint32, r record) error) error {
	rest := d.types
	for id := uint32(1); len(rest) > 0; id++ {
		if len(rest) < typeSize {
			return errMalformed
		}
		follows := record(rest).follows()
		size := typeSize + 4*follows
		if follows < 0 || size > len(rest) {
			return errMalformed
		}
		if err := call(id, record(rest[:size])); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}
