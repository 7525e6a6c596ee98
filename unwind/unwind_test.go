package unwind

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/machine"
)

// image is an ELF file with one function, and what .eh_frame says of that.
type image struct {
	machine Machine
	// common and function are the instructions of the two entries.
	augmentation     string
	common, function []byte
	codeAlign        byte
	dataAlign        int8
	ra               byte
}

// Where an image's function and its .eh_frame are, in the file and in memory.
const (
	imageCode   = 0x100
	imageFrames = 0x200
	imageIndex  = 0x300
	imageSize   = 0x400
	codeSize    = 0x80
)

// bytes writes the image.
func (i image) bytes() []byte {
	b := make([]byte, imageSize)
	header := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(i.machine), Version: 1, Phoff: 64,
		Ehsize: 64, Phentsize: 56, Phnum: 2, Shentsize: 64}
	copy(header.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	load := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Filesz: imageSize,
		Memsz: imageSize}
	index := elf.Prog64{Type: uint32(elf.PT_GNU_EH_FRAME), Flags: uint32(elf.PF_R), Off: imageIndex,
		Vaddr: imageIndex, Filesz: 20, Memsz: 20}
	var heads bytes.Buffer
	for _, part := range []any{header, load, index} {
		binary.Write(&heads, binary.LittleEndian, part)
	}
	copy(b, heads.Bytes())
	common := append([]byte{1}, i.augmentation+"\x00"...)
	common = append(common, i.codeAlign, byte(i.dataAlign)&0x7f, i.ra, 1, 0x1b)
	at := entry(b[imageFrames:], 0, append(common, i.common...))
	second := imageFrames + at
	function := binary.LittleEndian.AppendUint32(nil, uint32(imageCode-(second+8)))
	function = append(binary.LittleEndian.AppendUint32(function, codeSize), 0)
	entry(b[second:], uint32(at+4), append(function, i.function...))
	table := append(b[imageIndex:imageIndex], 1, 0x1b, 3, 0x3b)
	for _, n := range []int{imageFrames - imageIndex - 4, 1, imageCode - imageIndex, second - imageIndex} {
		table = binary.LittleEndian.AppendUint32(table, uint32(n))
	}
	return b
}

// entry writes one of .eh_frame's, and says how long it is.
func entry(to []byte, id uint32, body []byte) int {
	binary.LittleEndian.PutUint32(to, uint32(4+len(body)))
	binary.LittleEndian.PutUint32(to[4:], id)
	return 8 + copy(to[8:], body)
}

// load is a file at an address of memory.
func load(t testing.TB, raw []byte, at uint64) Mapping {
	t.Helper()
	f, err := NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return Mapping{Start: at, End: at + uint64(len(raw)), Module: "image", File: func() *File { return f }}
}

// words are memory.
func words(list ...uint64) (b []byte) {
	for _, w := range list {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// The rules of one function, as compilers write them, and where these lead to.
func TestRules(t *testing.T) {
	const base, stack, caller = 0x10000, 0x7000, 0x10080
	amd64 := image{machine: AMD64, augmentation: "zR", codeAlign: 1, dataAlign: -8, ra: 16,
		common: []byte{cfaDefCFA, 7, 8, cfaOffset | 16, 1}}
	arm64 := image{machine: ARM64, augmentation: "zR", codeAlign: 4, dataAlign: -8, ra: 30,
		common: []byte{cfaDefCFA, 31, 0}}
	signed := arm64
	signed.augmentation = "zRB"
	letters := amd64
	letters.augmentation = "z" + strings.Repeat("S", maxAugmentation) + "R"
	for name, c := range map[string]struct {
		image     image
		function  []byte
		registers map[int]uint64
		memory    []byte
		sp        uint64 // of the caller, 0 for none
		end       End
	}{
		"x86-64, no frame yet": {amd64, nil, nil, words(caller), stack + 8, Whole},
		"x86-64, room on the stack": {amd64, []byte{cfaAdvance | 4, cfaDefOffset, 24}, nil,
			words(1, 2, caller), stack + 24, Whole},
		"x86-64, further on in the function": {amd64, []byte{cfaAdvance2, 0x20, 0, cfaDefOffset, 24}, nil,
			words(caller), stack + 8, Whole},
		"x86-64, by rbp": {amd64, []byte{cfaAdvance1, 1, cfaDefOffset, 16, cfaOffset | 6, 2, cfaAdvance | 3,
			cfaDefRegister, 6}, map[int]uint64{6: stack + 8}, words(9, 0, caller), stack + 24, Whole},
		"x86-64, no caller":     {amd64, []byte{cfaUndefined, 16}, nil, words(caller), 0, Whole},
		"x86-64, a caller at 0": {amd64, nil, nil, words(0), 0, Whole},
		"x86-64, restored": {amd64, []byte{cfaUndefined, 16, cfaRestoreExtended, 16}, nil, words(caller),
			stack + 8, Whole},
		"x86-64, remembered": {amd64, []byte{cfaRemember, cfaDefOffset, 64, cfaRestoreState}, nil,
			words(caller), stack + 8, Whole},
		"x86-64, nothing remembered": {amd64, []byte{cfaRestoreState}, nil, words(caller), 0, NoRule},
		"x86-64, always remembered": {amd64, bytes.Repeat([]byte{cfaRemember}, 100), nil, words(caller), 0,
			NoRule},
		// DW_OP_breg7 8; breg16 0; lit15; and; lit11; ge; lit3; shl; plus: the frame of an entry of a PLT
		"x86-64, an expression": {amd64, []byte{cfaDefExpression, 11, opBaseReg0 + 7, 8, opBaseReg0 + 16, 0,
			opLit0 + 15, opAnd, opLit0 + 11, opGe, opLit0 + 3, opShl, opPlus}, nil, words(caller),
			stack + 8, Whole},
		"x86-64, an expression without operands": {amd64, []byte{cfaDefExpression, 1, opPlus}, nil,
			words(caller), 0, NoRule},
		"x86-64, in memory by an expression": {amd64, []byte{cfaExpression, 16, 2, opBaseReg0 + 7, 8}, nil,
			words(0, caller), stack + 8, Whole},
		"x86-64, letters without end":  {letters, nil, nil, words(caller), 0, NoRule},
		"x86-64, unknown instruction":  {amd64, []byte{0x3f}, nil, words(caller), 0, NoRule},
		"x86-64, half an instruction":  {amd64, []byte{cfaDefOffset, 0x80}, nil, words(caller), 0, NoRule},
		"x86-64, more than was copied": {amd64, []byte{cfaDefOffset, 64}, nil, words(caller), 0, Cut},
		"x86-64, the frame goes nowhere": {amd64, []byte{cfaDefOffsetSigned, 1, cfaValOffset, 16, 0}, nil,
			words(caller), 0, NoRule},
		"arm64, no frame yet": {arm64, nil, map[int]uint64{30: caller}, nil, stack, Whole},
		"arm64, frame": {arm64, []byte{cfaDefOffset, 32, cfaOffset | 29, 4, cfaOffset | 30, 3}, nil,
			words(7, caller, 8, 9), stack + 32, Whole},
		"arm64, taken down": {arm64, []byte{cfaDefOffset, 16, cfaOffset | 30, 1, cfaAdvance | 1,
			cfaRestore | 30, cfaDefOffset, 0}, map[int]uint64{30: caller}, nil, stack, Whole},
		"arm64, signed return address": {signed, []byte{cfaNegateSigned, cfaDefOffset, 16, cfaOffset | 29, 2,
			cfaOffset | 30, 1}, nil, words(7, caller|0xabcd<<48), stack + 16, Whole},
	} {
		t.Run(name, func(t *testing.T) {
			i := c.image
			i.function = c.function
			m := load(t, i.bytes(), base)
			w := &walker{layout: layouts[i.machine], kind: i.machine, stack: &Stack{Base: stack,
				Memory: c.memory}, mappings: []Mapping{m}, known: 1<<layouts[i.machine].registers - 1}
			for n, value := range c.registers {
				w.regs[n] = value
			}
			w.regs[w.sp], w.regs[w.pc] = stack, base+imageCode+0x10
			more, end := w.up(m.File(), imageCode+0x10)
			if more != (c.sp != 0) || end != c.end {
				t.Fatalf("a caller: %t, %q, wanted %t, %q", more, end, c.sp != 0, c.end)
			}
			if more && (w.regs[w.sp] != c.sp || w.regs[w.pc] != caller) {
				t.Errorf("the caller is at %#x with its stack at %#x, wanted %#x and %#x", w.regs[w.pc],
					w.regs[w.sp], caller, c.sp)
			}
		})
	}
}

// Code without rules keeps a frame pointer, or is not unwound.
func TestFramePointer(t *testing.T) {
	const base, stack = 0x10000, 0x7000
	m := load(t, image{machine: ARM64, augmentation: "zR"}.bytes(), base)
	s := &Stack{Machine: ARM64, Base: stack, Memory: words(0, 0, stack+0x20, base+0x1a0, 0, base+0x1b0)}
	s.Registers[29], s.Registers[31], s.Registers[32] = stack+0x10, stack, base+0x190
	at := func(offset uint64) Frame { return Frame{Module: "image", Offset: offset} }
	for name, c := range map[string]struct {
		fp   uint64
		want []Frame
		end  End
	}{
		"two callers":       {stack + 0x10, []Frame{at(0x190), at(0x1a0), at(0x1b0)}, NoRule},
		"none":              {0, []Frame{at(0x190)}, NoRule},
		"below the stack":   {stack - 8, []Frame{at(0x190)}, NoRule},
		"no caller's there": {stack, []Frame{at(0x190)}, Whole},
		"not copied":        {stack + 0x100, []Frame{at(0x190)}, Cut},
		"not on the stack":  {1 << 40, []Frame{at(0x190)}, NoRule},
	} {
		t.Run(name, func(t *testing.T) {
			s.Registers[29] = c.fp
			frames, end, err := Unwind(s, []Mapping{m})
			if diff := cmp.Diff(c.want, frames); diff != "" || end != c.end || err != nil {
				t.Errorf("- wanted, + is:\n%s%q, %v, wanted %q", diff, end, err, c.end)
			}
		})
	}
}

// A word of which any part is on a page that was not copied is not there.
func TestMissingPages(t *testing.T) {
	w := &walker{stack: &Stack{Base: 0x7000, Memory: make([]byte, 3*Page), Missing: 1 << 1}}
	for address, want := range map[uint64]bool{0x7000: true, 0x7ff8: true, 0x7ffc: false, 0x8000: false,
		0x8ff8: false, 0x8ffc: false, 0x9000: true, 0x9ff8: true, 0x9ffc: false, 0x6ff8: false} {
		if _, got := w.read(address); got != want {
			t.Errorf("%#x can be read: %v, wanted %v", address, got, want)
		}
	}
}

// Where there is no code, or none of a file, that is said.
func TestEnds(t *testing.T) {
	const base = 0x10000
	m := load(t, image{machine: AMD64, augmentation: "zR"}.bytes(), base)
	none := Mapping{Start: 0x90000, End: 0x91000, Module: "/gone", File: func() *File { return nil }}
	for name, c := range map[string]struct {
		machine Machine
		pc      uint64
		want    []Frame
		end     End
	}{
		"nowhere":         {AMD64, 0x500, nil, Nowhere},
		"no file":         {AMD64, 0x90010, []Frame{{Module: "/gone", Offset: 0x10}}, NoFile},
		"another machine": {ARM64, base + 0x100, nil, Foreign},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Stack{Machine: c.machine}
			s.Registers[layouts[c.machine].pc] = c.pc
			frames, end, err := Unwind(s, []Mapping{m, none})
			if diff := cmp.Diff(c.want, frames); diff != "" || end != c.end || err != nil {
				t.Errorf("- wanted, + is:\n%s%q, %v, wanted %q", diff, end, err, c.end)
			}
		})
	}
	if _, _, err := Unwind(&Stack{Machine: 8}, nil); err == nil {
		t.Error("a stack of MIPS was unwound")
	}
}

// compiled is a program that a compiler makes, with what follows of names.
func compiled(t *testing.T, compiler string, arguments ...string) *File {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command(machine.Program(t, compiler), append(arguments, "-o", out)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, text)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	file, err := NewFile(f)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Functions of a program have their names, and what has none gets none.
func TestSymbols(t *testing.T) {
	const source = "../test/programs/callers.c"
	full := compiled(t, "cc", "-O2", "-pthread", source)
	stripped := compiled(t, "cc", "-O2", "-pthread", "-s", source)
	var first uint64
	for s := range full.Symbols().All() {
		if s.String() == "first" {
			first = s.Value
		}
	}
	if first == 0 {
		t.Fatal("there is no first()")
	}
	if name, start, ok := full.function(first + 5); name != "first" || start != first || !ok {
		t.Errorf("the function at first+5 is %s at %#x, %t", name, start, ok)
	}
	if name, _, ok := stripped.function(first + 5); ok {
		t.Errorf("a function of the stripped program is called %s", name)
	}
	if name, _, ok := full.function(1 << 40); ok {
		t.Errorf("where there is no code is %s", name)
	}
	stripped.AddSymbols(full)
	if name, start, ok := stripped.function(first + 5); name != "first" || start != first || !ok {
		t.Errorf("with the symbols beside it the function at first+5 is %s at %#x, %t", name, start, ok)
	}
	if len(full.BuildID()) > 0 && !full.HasSymbols() || stripped.HasSymbols() {
		t.Errorf("symbols: %t, stripped %t", full.HasSymbols(), stripped.HasSymbols())
	}
}

// Names of C++ and Rust are as their programmers wrote them.
func TestReadable(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, want := range map[string]string{
		"main":                                  "main",
		"_ZN4shop4Till4giveEi":                  "shop::Till::give",
		"_ZN4shop4Till4giveIiEEvT_":             "shop::Till::give",
		"_ZN1r5inner5first17h0123456789abcdefE": "r::inner::first",
		"_RNvNtCs1234_1r5inner5first":           "r::inner::first",
		"_Zbroken":                              "_Zbroken",
		long:                                    long,
	} {
		if got := readable(name); got != want {
			t.Errorf("%.60s became %.60s, wanted %.60s", name, got, want)
		}
	}
}

// Whatever files and stacks say, the work has an end, and frames are of the mappings.
func FuzzUnwind(f *testing.F) {
	for _, m := range []Machine{AMD64, ARM64} {
		i := image{machine: m, augmentation: "zR", codeAlign: 1, dataAlign: -8, ra: byte(layouts[m].ra),
			common: []byte{cfaDefCFA, byte(layouts[m].sp), 8, cfaOffset | byte(layouts[m].ra), 1}}
		f.Add(i.bytes(), words(0x10110, 0x10120, 0), uint64(0x10110), uint64(0x7010))
	}
	f.Fuzz(func(t *testing.T, raw, memory []byte, pc, fp uint64) {
		file, err := NewFile(bytes.NewReader(raw))
		if err != nil {
			return
		}
		file.BuildID()
		file.DebugLink()
		for range file.Framed() {
		}
		for g := range file.GoFunctions() {
			if len(g.Name) >= maxName {
				t.Fatalf("a name of %d bytes", len(g.Name))
			}
		}
		const base = 0x10000
		m := Mapping{Start: base, End: base + uint64(len(raw)), Module: "image",
			File: func() *File { return file }}
		s := &Stack{Machine: file.Machine, Base: 0x7000, Memory: memory}
		k, ok := layouts[file.Machine]
		if !ok {
			return
		}
		s.Registers[k.pc], s.Registers[k.sp], s.Registers[k.fp] = pc, s.Base, fp
		frames, end, err := Unwind(s, []Mapping{m})
		if err != nil || len(frames) > MaxFrames || end == Long && len(frames) < MaxFrames {
			t.Fatalf("%d frames, %q, %v", len(frames), end, err)
		}
		if again, _, _ := Unwind(s, []Mapping{m}); !slices.Equal(frames, again) {
			t.Fatalf("%v became %v", frames, again)
		}
	})
}
