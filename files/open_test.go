package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

func TestOpenInput(t *testing.T) {
	dir := t.TempDir()
	file := scratch.Write(t, filepath.Join(dir, "file"), "text")
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// to open it, even in vain, is ENXIO
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/proc/self/status", link); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		dir: unix.EISDIR, filepath.Join(dir, "nowhere"): fs.ErrNotExist, fifo: errNoFile, socket: errNoFile,
		"/dev/zero": errNoFile, "/proc/self/status": errMadeUp, link: errMadeUp,
	} {
		f, err := Open(name)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	// that of the shell's <(...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := writer.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	for _, name := range []string{file, "/dev/fd/" + fdName(t, reader)} {
		f, err := Open(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if raw, err := io.ReadAll(f); err != nil || string(raw) != "text" {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
		f.Close()
	}
}

func TestOpenRegular(t *testing.T) {
	dir := t.TempDir()
	file := scratch.Write(t, filepath.Join(dir, "file"), "text")
	f, err := OpenRegular(file, Any)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if raw, err := io.ReadAll(f); err != nil || string(raw) != "text" {
		t.Errorf("%q, %v", raw, err)
	}
	none := func(unix.Stat_t) bool { return false }
	if _, err := OpenRegular(file, none); !errors.Is(err, ErrNotRegular) {
		t.Errorf("one that is not wanted: %v", err)
	}
	for name, want := range map[string]error{
		dir: ErrNotRegular, os.DevNull: ErrNotRegular,
		"/proc/self/status": errMadeUp, filepath.Join(dir, "nowhere"): fs.ErrNotExist,
	} {
		if _, err := OpenRegular(name, Any); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// fdName is the number of a file that is as those are which a caller hands down.
func fdName(t *testing.T, f *os.File) string {
	t.Helper()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(f.Fd())
}

// Below a directory that stands for the root, neither a link nor dots lead out of it.
func TestOpenRegularBelow(t *testing.T) {
	dir := t.TempDir()
	outside := scratch.Write(t, filepath.Join(dir, "file"), "outside")
	below := filepath.Join(dir, "root")
	if err := errors.Join(os.Mkdir(below, 0o755), os.Mkdir(filepath.Join(below, "lib"), 0o755),
		os.Symlink("/file", filepath.Join(below, "lib", "link"))); err != nil {
		t.Fatal(err)
	}
	scratch.Write(t, filepath.Join(below, "file"), "text")
	root, err := os.Open(below)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"/file", "/lib/link", "/../file", "/lib/../../file"} {
		f, err := OpenRegularBelow(root, name, Any)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if raw, err := io.ReadAll(f); err != nil || string(raw) != "text" {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
		f.Close()
	}
	for name, want := range map[string]error{outside: fs.ErrNotExist, "/lib": ErrNotRegular} {
		if _, err := OpenRegularBelow(root, name, Any); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}
