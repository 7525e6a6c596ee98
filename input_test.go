package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOpenInput(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "file"), "text")
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		dir: unix.EISDIR, filepath.Join(dir, "nowhere"): fs.ErrNotExist, fifo: nil, "/dev/zero": nil,
	} {
		f, err := openInput(name)
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
		f, err := openInput(name)
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

// A policy is read before anything runs: what would wait for a writer is refused.
func TestPolicyInAFifoIsRefused(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openOutput(&config{check: fifo}); err == nil {
		t.Error("no error")
	}
}
