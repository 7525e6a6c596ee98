package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// Where others may make files, a FIFO that one of them has made is not for the
// report: he would read it, and nobody else.
func TestForeignFifo(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("want root, to make a file another's; am user", os.Geteuid())
	}
	const other, third = 65534, 65533
	for name, c := range map[string]struct {
		owner, ownerOfDir int
		mode              uint32
		refused           bool
	}{
		"another's in a directory for all":    {other, 0, 0o1777, true},
		"without its sticky bit":              {other, 0, 0o777, true},
		"in a directory for a group":          {other, 0, 0o775, true},
		"our own":                             {0, 0, 0o1777, false},
		"of who owns the directory":           {other, other, 0o1777, false},
		"in a directory of a third for all":   {other, third, 0o1777, true},
		"in a directory that nobody else has": {other, 0, 0o755, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fifo := filepath.Join(dir, "fifo")
			if err := errors.Join(unix.Mkfifo(fifo, 0o600), os.Chown(fifo, c.owner, 0),
				os.Chown(dir, c.ownerOfDir, 0), unix.Chmod(dir, c.mode)); err != nil {
				t.Fatal(err)
			}
			reader, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			want := "new"
			var refusal error
			if c.refused {
				want, refusal = "", errForeign
			}
			if err := Writable(fifo); !errors.Is(err, refusal) {
				t.Errorf("Writable: %v, want %v", err, refusal)
			}
			if err := Replace(fifo, []byte("new")); !errors.Is(err, refusal) {
				t.Errorf("Replace: %v, want %v", err, refusal)
			}
			if got, err := io.ReadAll(reader); err != nil || string(got) != want {
				t.Errorf("%q was written, want %q: %v", got, want, err)
			}
		})
	}
}

// What this process has opened itself, such as its BPF maps, is no place for a
// report.
func TestDescriptorOfOurOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name := "/dev/fd/" + fdName(t, f)
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{Writable(name), Replace(name, []byte("new"))} {
		if !errors.Is(err, errNotOpen) {
			t.Errorf("%v, want %v", err, errNotOpen)
		}
	}
	if got := scratch.Contents(t, file); got != "" {
		t.Errorf("%q was written", got)
	}
}
