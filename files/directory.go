package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Directory is one that files are written into, whatever becomes of its name meanwhile.
type Directory struct{ file *os.File }

// OpenDirectory opens a directory to write files into, and makes it if there is none. The
// error does not name it.
func OpenDirectory(name string) (*Directory, error) {
	if err := os.Mkdir(name, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, errors.Unwrap(err)
	}
	fd, err := unix.Open(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	d := &Directory{os.NewFile(uintptr(fd), name)}
	if err := unix.Access(d.path("."), unix.W_OK|unix.X_OK); err != nil {
		d.file.Close()
		return nil, err
	}
	return d, nil
}

// Replace is Replace of a file in it, but writes to nothing in place: the caller has named the
// directory alone, and a FIFO or a link to a descriptor can be anybody's.
func (d *Directory) Replace(file string, text []byte) error { return replace(d.path(file), text) }

func (d *Directory) path(file string) string {
	return filepath.Join(fmt.Sprintf("/proc/self/fd/%d", d.file.Fd()), file)
}
