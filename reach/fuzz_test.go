package reach

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
	"time"
)

// FuzzReachObject: whatever a file holds, it is read within bounds of time, or refused.
func FuzzReachObject(f *testing.F) {
	f.Add(small(elf.EM_X86_64, []byte("\xb8\x69\x00\x00\x00\x0f\x05\xc3")))
	f.Add(small(elf.EM_AARCH64, []byte("\x28\x12\x80\xd2\x01\x00\x00\xd4\xc0\x03\x5f\xd6")))
	f.Fuzz(func(t *testing.T, b []byte) {
		start := time.Now()
		p := newProgram()
		left := budget{1 << 24, 1 << 24}
		o, err := load(bytes.NewReader(b), "fuzz", &left)
		if err != nil {
			return
		}
		o.executable, o.begins = true, true
		p.objects, p.from, p.finder = []*object{o}, conventions()[o.machine], &finder{}
		p.takeExports(o)
		if r := p.analyze("fuzz", nil); len(r.Objects) != 1 {
			t.Errorf("%d objects", len(r.Objects))
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%v for %d bytes", took, len(b))
		}
	})
}

// FuzzReachDecode: an instruction has a size, and code is never read past its end.
func FuzzReachDecode(f *testing.F) {
	f.Add([]byte("\x48\x8d\x05\x01\x02\x03\x04"), uint64(0x1000))
	f.Add([]byte("\x62\xf1\x7c\x48\x10\x04\x25\x00\x00\x00\x00"), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, address uint64) {
		if len(b) == 0 {
			return
		}
		for _, c := range conventions() {
			if i := c.decode(b, address); i.size == 0 || int(i.size) > len(b) {
				t.Errorf("%x: size %d", b, i.size)
			}
		}
	})
}

// small is a program of one segment with some code.
func small(machine elf.Machine, code []byte) []byte {
	const base, headers = 0x400000, 64 + 56
	var b bytes.Buffer
	h := elf.Header64{Ident: [16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, Type: uint16(elf.ET_EXEC),
		Machine: uint16(machine), Version: 1, Entry: base + headers, Phoff: 64, Ehsize: 64, Phentsize: 56,
		Phnum: 1}
	p := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base,
		Filesz: uint64(headers + len(code)), Memsz: uint64(headers + len(code)), Align: 4096}
	for _, part := range []any{h, p, code} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}
