package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	for name, want := range map[string]error{
		dir: unix.EISDIR, filepath.Join(dir, "nowhere"): fs.ErrNotExist, fifo: nil, "/dev/zero": nil,
	} {
		f, err := Open(name)
		if err == nil || want != nil && !errors.Is(err, want) {
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
	for _, name := range []string{file, "/dev/fd/" + fdName(reader)} {
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

func fdName(f *os.File) string { return fmt.Sprint(f.Fd()) }
