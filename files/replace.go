package files

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/console"
)

// Writable says why Replace could not write a file of that name.
func Writable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return errors.New("is a directory")
	}
	if _, ok := descriptor(file); ok {
		return unix.Access(file, unix.W_OK)
	}
	if info, err := os.Lstat(file); err == nil && inPlace(info.Mode()) {
		return unix.Access(file, unix.W_OK)
	}
	dir := filepath.Dir(file)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", console.Printable(dir))
	}
	return unix.Access(dir, unix.W_OK|unix.X_OK)
}

// Replace writes beside the file and renames, so that there is never half
// a report, and so that a link put there meanwhile is replaced and not
// followed. A device or FIFO is written to as it is, and so is a descriptor of
// ours.
func Replace(file string, text []byte) (err error) {
	if f, err := openInPlace(file); f != nil || err != nil {
		if err != nil {
			return err
		}
		_, err = f.Write(text)
		return errors.Join(err, f.Close())
	}
	tmp := filepath.Join(filepath.Dir(file), fmt.Sprintf(".cap-audit-%x.tmp", rand.Uint64()))
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// openInPlace opens what is not to be replaced; nil is for all else. A link is
// followed to a descriptor of ours only: it can be anybody's, and lead to a
// disk.
func openInPlace(file string) (*os.File, error) {
	if n, ok := descriptor(file); ok {
		// not opened anew, which would begin at the start of a file, and could
		// write to one that was opened to be read
		fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), file), nil
	}
	if info, err := os.Lstat(file); err != nil || !inPlace(info.Mode()) {
		return nil, nil
	}
	// open(2) would wait for a FIFO to have a reader, and for a modem to answer
	fd, err := unix.Open(file, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENXIO) {
		return nil, fmt.Errorf("nothing reads from it: %w", err)
	}
	if err != nil {
		return nil, err
	}
	err = unix.SetNonblock(fd, false) // a slow reader is waited for
	f := os.NewFile(uintptr(fd), file)
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr); err == nil && !inPlace(info.Mode()) {
		err = errors.New("it has become another file meanwhile")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// inPlace: a device, a FIFO or, which then cannot be opened, a socket.
func inPlace(mode fs.FileMode) bool {
	return mode&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0
}
