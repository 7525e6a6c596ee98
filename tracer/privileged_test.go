package tracer

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// Only the very file that was executed is opened: no other of that path, and
// nothing that would keep us.
func TestOpenInode(t *testing.T) {
	dir := t.TempDir()
	file, fifo := scratch.Write(t, filepath.Join(dir, "file"), "text"), filepath.Join(dir, "fifo")
	link := filepath.Join(dir, "link")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	inodeOf := func(path string) uint64 {
		var info unix.Stat_t
		if err := unix.Stat(path, &info); err != nil {
			t.Fatal(err)
		}
		return info.Ino
	}
	for name, c := range map[string]struct {
		path  string
		inode uint64
		opens bool
	}{
		"the file":          {file, inodeOf(file), true},
		"by a link":         {link, inodeOf(file), true},
		"another file":      {file, inodeOf(file) + 1, false},
		"no regular file":   {fifo, inodeOf(fifo), false},
		"a directory":       {dir, inodeOf(dir), false},
		"what is not there": {filepath.Join(dir, "none"), inodeOf(file), false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := openInode(c.path, c.inode)
			if (err == nil) != c.opens {
				t.Errorf("%v", err)
			}
			if err == nil {
				f.Close()
			}
		})
	}
}
