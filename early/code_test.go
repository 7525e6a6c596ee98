package early

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mappedOfFiles is how much this process has mapped of files, in KiB.
func mappedOfFiles(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no RssFile in %s", status)
	}
	size, _ := strconv.Atoi(string(found[1]))
	return size
}

// mapping is one of a file, which cannot be written to.
type mapping struct {
	begin, size uintptr
	allowed     string
}

// mappingsOf are those of this process that have such a path, or the beginning of one, in their line.
func mappingsOf(t *testing.T, path string) (list []mapping) {
	t.Helper()
	lines, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(lines)) {
		if !strings.Contains(line, " "+path) {
			continue
		}
		var m mapping
		var end uintptr
		if _, err := fmt.Sscanf(line, "%x-%x %s", &m.begin, &end, &m.allowed); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if m.size = end - m.begin; m.allowed[1] != 'w' {
			list = append(list, m)
		}
	}
	return list
}

// useCode has all of this program's code and constants, and of its libraries', mapped.
func useCode(t *testing.T) {
	t.Helper()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	for _, m := range mappingsOf(t, "/") {
		if m.allowed[0] == 'r' {
			if _, err := memory.ReadAt(make([]byte, m.size), int64(m.begin)); err != nil {
				t.Fatalf("%+v: %v", m, err)
			}
		}
	}
}

func TestCodeIsLetGo(t *testing.T) {
	useCode(t)
	before := mappedOfFiles(t)
	LetCodeGo()
	if after := mappedOfFiles(t); after > before*3/4 {
		t.Errorf("of %d KiB that were mapped of files %d KiB still are", before, after)
	} else {
		t.Logf("%d KiB, then %d", before, after)
	}
}

// packed names what has a test be the child whose code is in no file.
const packed = "CAP_AUDIT_TEST_PACKED"

// unpack has this program's code and constants in memory alone, as a packer does, and says where.
func unpack(t *testing.T) (image [][]byte) {
	t.Helper()
	own, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mappingsOf(t, own+"\n") {
		image = append(image, inMemory(t, m.begin, m.size))
	}
	return image
}

// inMemory puts a copy in the place of what is mapped there, in one step, since it is what all threads run.
func inMemory(t *testing.T, begin, size uintptr) []byte {
	t.Helper()
	there, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	old := unsafe.Slice((*byte)(unsafe.Add(there, begin-uintptr(there))), size)
	made := unsafe.Slice((*byte)(there), size)
	copy(made, old)
	if err := unix.Mprotect(made, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.MremapPtr(there, size, unsafe.Pointer(&old[0]), size,
		unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED); err != nil {
		t.Fatal(err)
	}
	return old
}

func TestCodeOfPackedProgramStays(t *testing.T) {
	if os.Getenv(packed) != "" {
		image := unpack(t)
		LetCodeGo()
		if begin := image[0][:4]; string(begin) != "\x7fELF" {
			t.Errorf("it begins with %q now", begin)
		}
		return
	}
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), packed+"=1")
	if said, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
