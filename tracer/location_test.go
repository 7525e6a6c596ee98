package tracer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Links of a program's root lead to what is below that, as they did when the program was executed by one.
func TestLinksBelowRoot(t *testing.T) {
	root := t.TempDir()
	in := func(path string) string { return filepath.Join(root, path) }
	err := errors.Join(os.Mkdir(in("/bin"), 0o755), os.Mkdir(in("/real"), 0o755),
		os.WriteFile(in("/real/program"), nil, 0o755), os.Symlink("/real/program", in("/bin/link")),
		os.WriteFile(in("/bin/script"), []byte("#!/bin/link\n"), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	var info unix.Stat_t
	if err := unix.Stat(in("/real/program"), &info); err != nil {
		t.Fatal(err)
	}
	id := fileID{inode: info.Ino, device: unix.Major(info.Dev)<<20 | unix.Minor(info.Dev)}
	for _, path := range []string{"/bin/link", "/bin/script"} {
		f, err := openFirst(id, interpretersOf(location{root, path}))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if !(location{root, "/bin/link"}).has(f) || (location{root, "/bin/script"}).has(f) {
			t.Errorf("%s is not what the link leads to", path)
		}
		opens(t, f, info.Ino)
	}
}
