package unwind

import (
	"debug/elf"
	"os"
	"runtime"
	"testing"
)

// The functions that .eh_frame has.
func TestFramed(t *testing.T) {
	i := image{machine: AMD64, augmentation: "zR", codeAlign: 1, dataAlign: -8, ra: 16}
	count := 0
	for begin, size := range load(t, i.bytes(), 0).File().Framed() {
		if count++; begin != imageCode || size != codeSize {
			t.Errorf("a function at %#x of %d bytes", begin, size)
		}
	}
	if count != 1 {
		t.Errorf("%d functions", count)
	}
}

// Go's table has the function that runs, as Go's runtime says.
func TestGoFunctions(t *testing.T) {
	pc, _, _, _ := runtime.Caller(0)
	self := runtime.FuncForPC(pc)
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	f, err := NewFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if !f.IsGo() {
		t.Fatal("the test is not of Go")
	}
	for g := range f.GoFunctions() {
		if g.Name == self.Name() {
			const page = 4096 // by whole ones it may lie elsewhere than it was linked to
			moved := uint64(self.Entry()) - g.Start
			if moved%page != 0 || uint64(pc)-moved >= g.End {
				t.Errorf("from %#x to %#x, wanted from %#x with %#x", g.Start, g.End, self.Entry(), pc)
			}
			return
		}
	}
	t.Errorf("there is no %s", self.Name())
}

// What was loaded with its segment is not read again, and never more than is there.
func TestLoad(t *testing.T) {
	raw := image{machine: AMD64, augmentation: "zR"}.bytes()
	f := load(t, raw, 0).File()
	loaded, ok := f.Load(f.Segments[0], imageSize)
	if !ok || len(loaded) != imageSize {
		t.Fatalf("%d bytes, %t", len(loaded), ok)
	}
	const at = imageSize - 8
	if b, ok := f.Bytes(at, 8, 8); !ok || len(b) != 8 || cap(b) != 8 || &b[0] != &loaded[at] {
		t.Errorf("the last 8 bytes were read again: %t", ok)
	}
	for _, c := range [][2]uint64{{imageSize - 8, 9}, {imageSize, 1}, {1 << 62, 8}, {1 << 63, 8}} {
		if b, ok := f.Bytes(c[0], c[1], imageSize); ok {
			t.Errorf("%d bytes at %#x of %d", len(b), c[0], imageSize)
		}
	}
}

// A section is in memory whole, where it says.
func TestMapped(t *testing.T) {
	f := load(t, image{machine: AMD64, augmentation: "zR"}.bytes(), 0).File()
	for want, list := range map[bool][]elf.Section64{
		true: {{Addr: imageCode, Off: imageCode, Size: 8}, {Off: 0, Size: imageSize}},
		false: {{Addr: imageCode, Off: imageCode + 8, Size: 8}, {Addr: 8, Off: 8, Size: 1<<64 - 1},
			{Addr: imageSize - 4, Off: imageSize - 4, Size: 8}, {Addr: imageSize, Off: imageSize, Size: 1}},
	} {
		for _, s := range list {
			if got := f.mapped(s); got != want {
				t.Errorf("%+v: %t", s, got)
			}
		}
	}
}
