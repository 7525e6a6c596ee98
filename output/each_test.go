package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// A name leads nowhere, and says what it is the name of.
func TestFileOf(t *testing.T) {
	for path, want := range map[string]string{
		"":              "%self",
		"ssh.service":   "ssh.service",
		"a/b.scope":     "a%2Fb.scope",
		"..":            "%2E.",
		".hidden":       "%2Ehidden",
		"%self":         "%25self",
		"a b\n\x1b\xff": "a%20b%0A%1B%FF",
		`x\x2dy@1`:      `x\x2dy@1`,
	} {
		if got := fileOf(path); got != want {
			t.Errorf("%q is in %q, not %q", path, got, want)
		}
	}
}

// However long and whatever is in it, another path is another file, whose name a file system takes.
func FuzzFileOf(f *testing.F) {
	long := strings.Repeat("n", 255)
	for _, pair := range [][2]string{{"", "%self"}, {"a/b", "a%2Fb"}, {long + "1", long + "2"}, {".", ".."},
		{long, fileOf(long)}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		a, b := fileOf(one), fileOf(other)
		if a == b && one != other {
			t.Errorf("%q and %q are in one file %q", one, other, a)
		}
		if len(a) > longestFile || strings.ContainsAny(a, "/\x00\n\x1b") || a == "" || a[0] == '.' {
			t.Errorf("%q is no file name", a)
		}
	})
}

// The directory is made, or refused before the run; what a name in it links to is not written to.
func TestReportsInDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reports")
	out, err := Open(Options{Format: JSON, File: dir, Each: true})
	if err != nil {
		t.Fatal(err)
	}
	other := scratch.Write(t, filepath.Join(t.TempDir(), "other"), "as it was")
	if err := os.Symlink(other, filepath.Join(dir, "one.json")); err != nil {
		t.Fatal(err)
	}
	moved := dir + "-moved" // by whoever may
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := out.WriteOf("one", document()); err != nil {
			t.Error(err)
		}
	}
	check(t, JSON, scratch.Contents(t, filepath.Join(moved, "one.json")))
	if got := scratch.Contents(t, other); got != "as it was" {
		t.Errorf("the file at the end of the link has %q", got)
	}
	if names := scratch.Names(t, moved); len(names) != 1 {
		t.Errorf("there are %q", names)
	}
}

// Who owns the directory has put there what a report would go into: a FIFO that it reads, links to
// what the caller has open. The reports take their places.
func TestTrapsInDirectory(t *testing.T) {
	dir := t.TempDir()
	other, err := os.Create(filepath.Join(t.TempDir(), "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	handedDown, err := unix.Dup(int(other.Fd())) // not closed on exec, as what the caller has handed down
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(handedDown)
	fifo := filepath.Join(dir, "fifo.json")
	if err := errors.Join(unix.Mkfifo(fifo, 0o600),
		os.Symlink(fmt.Sprintf("/proc/self/fd/%d", handedDown),
			filepath.Join(dir, "link.json"))); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	out, err := Open(Options{Format: JSON, File: dir, Each: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "link"} {
		if err := out.WriteOf(name, document()); err != nil {
			t.Error(err)
		}
		file := filepath.Join(dir, name+".json")
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
			t.Fatalf("%s: %v, %v", name, info, err)
		}
		check(t, JSON, scratch.Contents(t, file))
	}
	if got := scratch.Contents(t, other.Name()); got != "" {
		t.Errorf("what the caller has open has %q", got)
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	file := scratch.Write(t, filepath.Join(t.TempDir(), "file"), "")
	for name, want := range map[string]error{file: unix.ENOTDIR, "/nowhere/below": unix.ENOENT} {
		_, err := Open(Options{File: name, Each: true})
		if err == nil || !strings.Contains(err.Error(), want.Error()) ||
			!strings.Contains(err.Error(), "name a directory") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
