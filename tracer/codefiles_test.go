package tracer

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mappingOf is a mapping with these parts of a path, as the kernel half writes them.
func mappingOf(whole bool, parts ...string) *kernelMapping {
	m := &kernelMapping{}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&m.path.bytes)), len(m.path.bytes))
	size := 0
	for _, part := range parts {
		size += copy(raw[size:], part+"\x00")
	}
	set(&m.path.size, size)
	m.path.end = namesMore
	if whole {
		m.path.end = namesRoot
	}
	return m
}

// set is for members whose type only cgo can name.
func set[T ~uint32](to *T, n int) { *to = T(n) }

func TestPathOf(t *testing.T) {
	nowhere := mappingOf(false, "memfd:x")
	nowhere.path.end = 0
	for want, m := range map[string]*kernelMapping{
		"/usr/bin/cat":     mappingOf(true, "cat", "bin", "usr"),
		"/cat":             mappingOf(true, "cat"),
		".../deep/cat":     mappingOf(false, "cat", "deep"),
		"":                 mappingOf(false),
		"/memfd:x":         nowhere,
		"/a b/c\nd":        mappingOf(true, "c\nd", "a b"),
		"/usr/lib/libc.so": mappingOf(true, "libc.so", "lib", "usr"),
	} {
		got, whole := pathOf((*kernelNames)(&m.path))
		if got != want || whole != (m.path.end == namesRoot && want != "") {
			t.Errorf("%q, whole %t, wanted %q", got, whole, want)
		}
	}
}

// Our own mappings are what /proc says, and this test's code is in one of them.
func TestMappingsOfProc(t *testing.T) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	born := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[19]
	files := newCodeFiles(os.Getpid())
	files.of(os.Getpid())
	ticks, err := strconv.ParseUint(born, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	list := files.mappings(os.Getpid(), ticks*10_000_000)
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, m := range list {
		found = found || m.Module == self && m.File() != nil
	}
	if !found {
		t.Errorf("%s is not among the mappings, or cannot be read: %+v", self, list)
	}
	if other := files.mappings(os.Getpid(), 0); other != nil {
		t.Error("a process that began at another time was taken for this one")
	}
}

// A file is the one that was mapped, or is not read.
func TestFileID(t *testing.T) {
	id := fileID{inode: 7, device: 8<<20 | 1}
	for _, c := range []struct {
		inode  uint64
		device uint64
		want   bool
	}{
		{7, unix.Mkdev(8, 1), true},
		{7, unix.Mkdev(0, 44), true}, // btrfs or overlayfs
		{7, unix.Mkdev(8, 2), false},
		{8, unix.Mkdev(8, 1), false},
	} {
		if got := id.is(unix.Stat_t{Ino: c.inode, Dev: c.device}); got != c.want {
			t.Errorf("inode %d on %#x: %t", c.inode, c.device, got)
		}
	}
}

// Whatever a line of /proc/PID/maps or a record says, a mapping has what is there.
func FuzzMappings(f *testing.F) {
	f.Add("7f0000000000-7f0000001000 r-xp 00001000 fe:00 326269   /usr/lib/libc.so.6 (deleted)\n",
		[]byte("cat\x00bin\x00"), uint32(8), true)
	f.Add("0-1 r-xp 0 0:0 0 [vdso]\n", []byte("\x00\x00"), uint32(9999), false)
	f.Fuzz(func(t *testing.T, line string, names []byte, size uint32, whole bool) {
		if m, ok := parseMaps(line); ok && m.name != "" && m.name[0] != '/' {
			t.Fatalf("%q has the path %q", line, m.name)
		}
		m := mappingOf(whole)
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&m.path.bytes)), len(m.path.bytes)), names)
		set(&m.path.size, int(size))
		if path, whole := pathOf((*kernelNames)(&m.path)); whole && !strings.HasPrefix(path, "/") {
			t.Fatalf("the whole path is %q", path)
		}
	})
}

// A path can be longer than any that a call takes: a process can have its code in a file there, which is
// not to hide what else it has.
func TestMapsOfDeepDirectories(t *testing.T) {
	name := strings.Repeat("d", 255)
	at, err := unix.Open(t.TempDir(), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for depth := 0; err == nil && depth*len(name) < 2*bufio.MaxScanTokenSize; depth++ {
		if err = unix.Mkdirat(at, name, 0o755); err == nil {
			above := at
			at, err = unix.Openat(above, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			unix.Close(above)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := unix.Openat(at, "code\r", unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o755)
	unix.Close(at)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(file)
	if err := unix.Ftruncate(file, 4096); err != nil {
		t.Fatal(err)
	}
	code, err := unix.Mmap(file, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(code)
	lines, err := mapsOf(os.Getpid())
	if err != nil || !slices.ContainsFunc(lines, func(l mapsLine) bool {
		return len(l.name) > bufio.MaxScanTokenSize && strings.HasSuffix(l.name, "/code\r")
	}) {
		t.Errorf("%d lines, none of it: %v", len(lines), err)
	}
}
