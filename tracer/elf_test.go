package tracer

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// elfFile is a 64-bit program that asks for a dynamic loader and has nothing else.
func elfFile(loader string) []byte {
	const headerSize, progSize = 64, 56
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Ehsize: headerSize, Phentsize: progSize, Phnum: 1, Shentsize: 64,
	}
	copy(h.Ident[:], elf.ELFMAG+string([]byte{byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB),
		byte(elf.EV_CURRENT)}))
	p := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: headerSize + progSize, Filesz: uint64(len(loader) + 1)}
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, h)
	binary.Write(&b, binary.LittleEndian, p)
	b.WriteString(loader + "\x00")
	return b.Bytes()
}

// A program can claim sections as large as a disk, for the kernel does not
// look at them, and a file with holes can have them: cap-audit must not read it.
func TestProgramAsLargeAsADisk(t *testing.T) {
	const size, limit = 1 << 34, 1 << 20
	for name, head := range map[string][]byte{"a program": elfFile("/no/such/ld.so"),
		"a script": []byte("#!/"), "zeros": nil} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(path, head, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, size); err != nil {
				t.Skip("want a file system with holes: ", err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			interpreterOf(path)
			isPython(path)
			runtime.ReadMemStats(&after)
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > limit {
				t.Errorf("%d bytes allocated", allocated)
			}
		})
	}
}
