package capng

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// attribute is security.capability as linux/capability.h has it: struct
// vfs_cap_data, revision 2, effective as bit 0 of the first word.
func attribute(permitted, inheritable uint64, effective bool) []byte {
	magic := uint32(0x02000000)
	if effective {
		magic |= 1
	}
	raw := make([]byte, 0, 20)
	for _, word := range []uint32{
		magic, uint32(permitted), uint32(inheritable), uint32(permitted >> 32), uint32(inheritable >> 32),
	} {
		raw = binary.LittleEndian.AppendUint32(raw, word)
	}
	return raw
}

// file makes a file with that attribute, none if nil.
func file(t *testing.T, attr []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "program"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if attr != nil {
		if err := unix.Fsetxattr(int(f.Fd()), "security.capability", attr, 0); err != nil {
			t.Skipf("want a file system and privileges for file capabilities: %v", err)
		}
	}
	return f
}

func TestFileCaps(t *testing.T) {
	for _, c := range []struct {
		name                   string
		permitted, inheritable uint64
		effective              bool
	}{
		{"effective", 1 << 13, 0, true},
		{"permitted only", 1<<13 | 1<<39, 0, false},
		{"inheritable", 0, 1 << 10, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := file(t, attribute(c.permitted, c.inheritable, c.effective))
			p, i, e, ok, err := FileCaps(f)
			if err != nil || !ok || p != c.permitted || i != c.inheritable || e != c.effective {
				t.Errorf("FileCaps = %#x, %#x, %t, %t, %v", p, i, e, ok, err)
			}
		})
	}
}

// What is for the root of a user namespace counts for nothing outside of it.
func TestFileCapsOfANamespace(t *testing.T) {
	attr := binary.LittleEndian.AppendUint32(attribute(1<<13, 0, true), 1000)
	attr[3] = 3 // VFS_CAP_REVISION_3
	if p, i, e, ok, err := FileCaps(file(t, attr)); p|i != 0 || e || ok || err != nil {
		t.Errorf("FileCaps = %#x, %#x, %t, %t, %v", p, i, e, ok, err)
	}
}

func TestFileCapsNone(t *testing.T) {
	p, i, e, ok, err := FileCaps(file(t, nil))
	if p|i != 0 || e || ok || err != nil {
		t.Errorf("FileCaps = %#x, %#x, %t, %t, %v", p, i, e, ok, err)
	}
}

// A file system without attributes is no error.
func TestFileCapsProc(t *testing.T) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	if _, _, _, ok, err := FileCaps(f); ok || err != nil {
		t.Errorf("FileCaps(/proc/self/status) = %t, %v", ok, err)
	}
}

func TestFileCapsErrors(t *testing.T) {
	f := file(t, nil)
	f.Close()
	if _, _, _, ok, err := FileCaps(f); ok || err == nil {
		t.Errorf("FileCaps of a closed file = %t, %v", ok, err)
	}

	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	path := os.NewFile(uintptr(fd), "/")
	defer path.Close()
	if _, _, _, ok, err := FileCaps(path); ok || !errors.Is(err, unix.EBADF) {
		t.Errorf("FileCaps of an O_PATH descriptor = %t, %v, want EBADF", ok, err)
	}
}

// The kernel does not let anyone write malformed capabilities, so this is as
// near as a test comes: the state of the thread survives whatever happened.
func TestStateIsGivenBack(t *testing.T) {
	want := Effective()
	FileCaps(file(t, attribute(1<<13, 0, true)))
	if got := Effective(); got != want {
		t.Errorf("Effective() = %#x after FileCaps, %#x before", got, want)
	}
}
