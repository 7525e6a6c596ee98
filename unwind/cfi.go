package unwind

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"iter"
	"slices"
	"sort"
)

// frameTable is a file's .eh_frame. Delve's reader of it is none for files from anybody: it
// panics on some, has no bound for others, and refuses a file of arm64 whose functions sign
// the addresses that they return to.
type frameTable struct {
	data    []byte
	address uint64
	// begins are where functions begin and where their entries are, by .eh_frame_hdr; without one
	// by a look through all entries.
	begins []frameBegin
	// last is the common entry that was read last: most functions have the same one.
	last struct {
		at    uint64
		entry commonEntry
		known bool
	}
}

type frameBegin struct{ address, entry uint64 }

func byAddress(a, b frameBegin) int { return cmp.Compare(a.address, b.address) }

// maxEntries are looked through where there is no index.
const maxEntries = 1 << 18

// DW_EH_PE: how addresses are written.
const (
	ptrOmit    = 0xff
	ptrFormat  = 0x0f
	ptrApplied = 0x70
	ptrPC      = 0x10
	ptrData    = 0x30
)

func (f *File) readFrames() *frameTable {
	if !f.asked.frames {
		f.asked.frames = true
		f.frames = f.findFrames()
	}
	return f.frames
}

func (f *File) findFrames() *frameTable {
	if t := f.indexedFrames(); t != nil {
		return t
	}
	data, s, ok := f.section(".eh_frame")
	if !ok {
		return nil
	}
	t := &frameTable{data: data, address: s.Addr}
	t.lookThrough()
	return t
}

// indexedFrames reads .eh_frame by the index that programs are given for exceptions,
// which is there where sections are not named, too.
func (f *File) indexedFrames() *frameTable {
	s, ok := f.segment(elf.PT_GNU_EH_FRAME)
	if !ok {
		return nil
	}
	data, ok := f.Bytes(s.Off, s.Filesz, maxTable)
	// version 1; the address of .eh_frame from here, the number of entries, and entries that
	// count from the beginning, all in four bytes: linkers write no other
	const known = "\x01\x1b\x03\x3b"
	if !ok || len(data) < 12 || string(data[:4]) != known {
		return nil
	}
	count := uint64(binary.LittleEndian.Uint32(data[8:]))
	if count == 0 || count > uint64(len(data)-12)/8 {
		return nil
	}
	signed := func(at int) uint64 { return uint64(int64(int32(binary.LittleEndian.Uint32(data[at:])))) }
	t := &frameTable{address: s.Vaddr + 4 + signed(4), begins: make([]frameBegin, count)}
	at, ok := f.offset(t.address)
	if !ok {
		return nil
	}
	t.data, ok = f.rest(at)
	for i := range t.begins {
		t.begins[i] = frameBegin{s.Vaddr + signed(12+8*i), s.Vaddr + signed(16+8*i) - t.address}
	}
	if !ok || !slices.IsSortedFunc(t.begins, byAddress) {
		return nil
	}
	return t
}

// rest is what the segment has from there on: how long .eh_frame is only sections tell.
func (f *File) rest(at uint64) ([]byte, bool) {
	if s, ok := f.byName[".eh_frame"]; ok && s.Off == at {
		return f.data(s, maxTable)
	}
	for _, s := range f.Segments {
		if elf.ProgType(s.Type) == elf.PT_LOAD && at >= s.Off && at-s.Off < s.Filesz {
			return f.Bytes(at, min(s.Filesz-(at-s.Off), maxTable), maxTable)
		}
	}
	return nil, false
}

func (t *frameTable) lookThrough() {
	for at := uint64(0); len(t.begins) < maxEntries; {
		_, next, _, ok := t.entryAt(at)
		if !ok {
			break
		}
		if e, ok := t.function(at); ok {
			t.begins = append(t.begins, frameBegin{e.begin, at})
		}
		at = next
	}
	slices.SortFunc(t.begins, byAddress)
}

// entryAt reads the head of an entry: what is behind, where the next one is, and the distance
// to the common entry, which is 0 for one of these itself.
func (t *frameTable) entryAt(at uint64) (r reader, next, id uint64, ok bool) {
	r = reader{data: t.data, at: at}
	length := r.uint(4)
	if length == 0xffffffff {
		length = r.uint(8)
	}
	if r.failed || length < 4 || length > uint64(len(t.data))-r.at {
		return r, 0, 0, false
	}
	next = r.at + length
	r.data = t.data[:next]
	id = r.uint(4)
	return r, next, id, !r.failed
}

// commonEntry is what several functions have in common: a CIE.
type commonEntry struct {
	codeAlign    uint64
	dataAlign    int64
	ra           uint64
	encoding     byte
	augmented    bool
	signal       bool
	instructions []byte
}

// maxAugmentation are more letters than there are known ones: each is read for each function.
const maxAugmentation = 8

func (t *frameTable) common(at uint64) (commonEntry, bool) {
	if t.last.known && t.last.at == at {
		return t.last.entry, true
	}
	c, ok := t.readCommon(at)
	if ok {
		t.last.at, t.last.entry, t.last.known = at, c, true
	}
	return c, ok
}

func (t *frameTable) readCommon(at uint64) (c commonEntry, ok bool) {
	r, _, id, ok := t.entryAt(at)
	if !ok || id != 0 {
		return c, false
	}
	version := r.uint(1)
	augmentation := r.text()
	if len(augmentation) > maxAugmentation {
		return c, false
	}
	c.codeAlign, c.dataAlign = r.uleb(), r.sleb()
	if version == 1 {
		c.ra = r.uint(1)
	} else {
		c.ra = r.uleb()
	}
	for i, letter := range []byte(augmentation) {
		switch {
		case i == 0 && letter == 'z':
			c.augmented = true
			r.uleb()
		case letter == 'R':
			c.encoding = byte(r.uint(1))
		case letter == 'L':
			r.uint(1)
		case letter == 'P':
			r.address(byte(r.uint(1)), 0)
		case letter == 'S':
			c.signal = true
		case letter == 'B', letter == 'G': // arm64: which key signs, and that memory is tagged
		default:
			return c, false
		}
	}
	c.instructions = r.data[r.at:]
	return c, !r.failed && (version == 1 || version == 3 || version == 4)
}

// functionEntry is one function's: an FDE.
type functionEntry struct {
	commonEntry
	begin, size  uint64
	instructions []byte
}

// function reads the entry that is there.
func (t *frameTable) function(at uint64) (e functionEntry, ok bool) {
	r, _, id, ok := t.entryAt(at)
	if !ok || id == 0 {
		return e, false
	}
	if e.commonEntry, ok = t.common(r.at - 4 - id); !ok {
		return e, false
	}
	begin, ok := r.address(e.encoding, t.address)
	size, ok2 := r.address(e.encoding&ptrFormat, 0)
	if e.augmented {
		r.skip(r.uleb())
	}
	e.begin, e.size, e.instructions = begin, size, r.data[min(r.at, uint64(len(r.data))):]
	return e, ok && ok2 && !r.failed
}

// find is the entry of the function that an address is in.
func (t *frameTable) find(address uint64) (e functionEntry, ok bool) {
	n := sort.Search(len(t.begins), func(i int) bool { return t.begins[i].address > address })
	if n == 0 {
		return e, false
	}
	e, ok = t.function(t.begins[n-1].entry)
	return e, ok && address >= e.begin && address-e.begin < e.size
}

// Framed are the functions that .eh_frame has: where each begins, and its size, 0 where that cannot be read.
func (f *File) Framed() iter.Seq2[uint64, uint64] {
	return func(yield func(begin, size uint64) bool) {
		t := f.readFrames()
		if t == nil {
			return
		}
		for _, b := range t.begins {
			if e, _ := t.function(b.entry); !yield(b.address, e.size) {
				return
			}
		}
	}
}

// CountFramed is how many there are.
func (f *File) CountFramed() int {
	if t := f.readFrames(); t != nil {
		return len(t.begins)
	}
	return 0
}

// reader reads what is written one after another; beyond the end are zeros, and it has failed.
type reader struct {
	data   []byte
	at     uint64
	failed bool
}

func (r *reader) left() uint64 {
	if r.at > uint64(len(r.data)) {
		r.failed = true
		return 0
	}
	return uint64(len(r.data)) - r.at
}

func (r *reader) skip(n uint64) {
	if n > r.left() {
		r.failed = true
		return
	}
	r.at += n
}

func (r *reader) uint(size uint64) (value uint64) {
	if r.left() < size {
		r.failed = true
		return 0
	}
	for i := range size {
		value |= uint64(r.data[r.at+i]) << (8 * i)
	}
	r.at += size
	return value
}

func (r *reader) int(size uint64) int64 {
	shift := 64 - 8*size
	return int64(r.uint(size)<<shift) >> shift
}

func (r *reader) uleb() (value uint64) {
	for shift := uint(0); shift < 70; shift += 7 {
		b := r.uint(1)
		value |= b & 0x7f << shift
		if b&0x80 == 0 {
			return value
		}
	}
	r.failed = true
	return 0
}

func (r *reader) sleb() (value int64) {
	for shift := uint(0); shift < 70; shift += 7 {
		b := r.uint(1)
		value |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 && shift < 57 {
				value |= -1 << (shift + 7)
			}
			return value
		}
	}
	r.failed = true
	return 0
}

func (r *reader) text() string {
	text := StringAt(r.data, r.at)
	r.skip(uint64(len(text)) + 1)
	return text
}

func (r *reader) block() []byte {
	size := r.uleb()
	begin := r.at
	r.skip(size)
	if r.failed {
		return nil
	}
	return r.data[begin:r.at]
}

// address reads one that is written as the encoding says; base is where the data is loaded.
func (r *reader) address(encoding byte, base uint64) (value uint64, ok bool) {
	if encoding == ptrOmit {
		return 0, false
	}
	place := base + r.at
	switch encoding & ptrFormat {
	case 0x0, 0x4, 0xc:
		value = r.uint(8)
	case 0x1:
		value = r.uleb()
	case 0x2:
		value = r.uint(2)
	case 0x3:
		value = r.uint(4)
	case 0x9:
		value = uint64(r.sleb())
	case 0xa:
		value = uint64(r.int(2))
	case 0xb:
		value = uint64(r.int(4))
	default:
		return 0, false
	}
	if encoding&ptrApplied == ptrPC {
		value += place
	}
	return value, !r.failed && (encoding&ptrApplied == 0 || encoding&ptrApplied == ptrPC)
}
