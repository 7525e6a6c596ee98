package files

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Writable says why Replace could not write a file of that name.
func Writable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return errors.New("is a directory")
	}
	if n, ok := descriptor(file); ok {
		if !callers(n) {
			return errNotOpen
		}
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
		if err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY {
			err = unix.EBADF // as write(2) would say
		}
		return err
	}
	if fd, err := lookInPlace(file); err != nil {
		return err
	} else if fd >= 0 {
		defer unix.Close(fd)
		return unix.Access(file, unix.W_OK)
	}
	dir := filepath.Dir(file)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%q is not a directory", dir)
	}
	return unix.Access(dir, unix.W_OK|unix.X_OK)
}

// Replace writes beside the file and renames, so that there is never half
// a report, and so that a link put there meanwhile is replaced and not
// followed. A device or FIFO is written to as it is, and so is a descriptor of
// the caller's.
func Replace(file string, text []byte) error {
	if f, err := openInPlace(file); f != nil || err != nil {
		if err != nil {
			return err
		}
		_, err = f.Write(text)
		return errors.Join(err, f.Close())
	}
	return replace(file, text)
}

// replace takes the place of whatever has the name.
func replace(file string, text []byte) (err error) {
	f, tmp, err := createBeside(file)
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

// Create makes a file anew, in the place of what there is: for what grows while others
// read it. Where Replace would write in place, it does.
func Create(file string) (*os.File, error) {
	if f, err := openInPlace(file); f != nil || err != nil {
		return f, err
	}
	f, tmp, err := createBeside(file)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, file); err != nil {
		f.Close()
		os.Remove(tmp)
		return nil, err
	}
	return f, nil
}

// createBeside makes the file that is to take another's place, in its directory.
func createBeside(file string) (f *os.File, tmp string, err error) {
	tmp = filepath.Join(filepath.Dir(file), fmt.Sprintf(".cap-audit-%x.tmp", rand.Uint64()))
	f, err = createFor(tmp, file)
	return f, tmp, err
}

// Save writes a new file among the temporary ones, which nobody else can read.
func Save(pattern string, text []byte) (name string, err error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// umask is the caller's. To read it is to set it, so it is read while there is
// nothing yet that could make a file.
var umask = func() uint32 {
	mask := unix.Umask(0o077)
	unix.Umask(mask)
	return uint32(mask)
}()

// createFor makes the file that is to take another's place. Nobody may read or
// write it who could not do that with the other.
func createFor(tmp, file string) (*os.File, error) {
	var old unix.Stat_t
	if unix.Lstat(file, &old) != nil || old.Mode&unix.S_IFMT != unix.S_IFREG {
		return os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	mode := old.Mode & 0o666 &^ umask
	// another owner's group is not taken over: who it is, the owner has chosen
	if old.Uid == uint32(os.Geteuid()) && unix.Fchown(fd, -1, int(old.Gid)) != nil {
		mode &^= 0o070
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		f.Close()
		os.Remove(tmp)
		return nil, err
	}
	return f, nil
}
