package systemd

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/hint"
)

// UnitsOfAdmin is where the machine's administrator puts units and drop-ins.
const UnitsOfAdmin = "/etc/systemd/system"

// Dropin is the file of one unit that cap-audit writes and takes away.
type Dropin struct {
	// Units is the directory of the units' drop-in directories.
	Units string
	// Unit is the unit's name, as ServiceName has it.
	Unit string
}

const dropinName = "50-cap-audit.conf"

// Path of the file.
func (d Dropin) Path() string { return filepath.Join(d.dir(), dropinName) }

func (d Dropin) dir() string { return filepath.Join(d.Units, d.Unit+".d") }

// Errors about a file that is there, or is not.
var (
	ErrForeign = hint.Add(errors.New("was not written by cap-audit, or was changed since: it is left alone"),
		"move it away if you no longer need it")
	ErrAbsent = errors.New("does not exist: there is nothing to take away")
)

// longestDropin bounds what is read of a file that bears our name, in bytes.
const longestDropin = 1 << 20

// sign puts a line before the text that tells it from what others wrote.
func sign(text []byte) []byte {
	return fmt.Appendf(nil, "# cap-audit --write-dropin, sha256 %x\n%s", sha256.Sum256(text), text)
}

func signed(content []byte) bool {
	_, text, _ := bytes.Cut(content, []byte("\n"))
	return bytes.Equal(content, sign(text))
}

// Write puts the text into the file, in the place of what an earlier Write left
// there and of nothing else. There is never half a file.
func (d Dropin) Write(text []byte) (err error) {
	dir, err := d.open(true)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	there := d.ours(dir)
	if there != nil && !errors.Is(there, ErrAbsent) {
		return there
	}
	// systemd reads only what ends in .conf
	tmp := fmt.Sprintf(".%s.%x.tmp", dropinName, rand.Uint64())
	fd, err := unix.Openat(dir, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC,
		0o600)
	if err != nil {
		return fmt.Errorf("create a file in %s: %w", d.dir(), err)
	}
	defer func() {
		if err != nil {
			unix.Unlinkat(dir, tmp, 0)
			err = fmt.Errorf("write %s: %w", d.Path(), err)
		}
	}()
	f := os.NewFile(uintptr(fd), tmp)
	_, err = f.Write(sign(text))
	// whatever the umask: units are everybody's to read
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if there == nil {
		return unix.Renameat(dir, tmp, dir, dropinName)
	}
	// fails if somebody has put a file there meanwhile
	defer unix.Unlinkat(dir, tmp, 0)
	return unix.Linkat(dir, tmp, dir, dropinName, 0)
}

// Remove takes the file away, if Write wrote it, and its directory, if nothing
// else is in there.
func (d Dropin) Remove() error {
	dir, err := d.open(false)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := d.ours(dir); err != nil {
		return err
	}
	if err := unix.Unlinkat(dir, dropinName, 0); err != nil {
		return fmt.Errorf("remove %s: %w", d.Path(), err)
	}
	if err := unix.Rmdir(d.dir()); err != nil && err != unix.ENOTEMPTY && err != unix.EEXIST {
		return fmt.Errorf("remove the empty %s: %w", d.dir(), err)
	}
	return nil
}

// open opens the unit's directory, which only root must be able to change:
// else what is checked and what is written could be two files.
func (d Dropin) open(create bool) (int, error) {
	units, err := openDirectory(unix.AT_FDCWD, d.Units)
	if err != nil {
		return -1, fmt.Errorf("%s: %w", d.Units, err)
	}
	defer unix.Close(units)
	if create {
		switch err := unix.Mkdirat(units, d.Unit+".d", 0o755); err {
		case nil:
			unix.Fchmodat(units, d.Unit+".d", 0o755, 0) // whatever the umask
		case unix.EEXIST:
		default:
			return -1, fmt.Errorf("create %s: %w", d.dir(), err)
		}
	}
	dir, err := openDirectory(units, d.Unit+".d")
	switch {
	case err == unix.ENOENT:
		return -1, fmt.Errorf("%s %w", d.Path(), ErrAbsent)
	case err != nil:
		return -1, fmt.Errorf("%s: %w", d.dir(), err)
	}
	return dir, nil
}

func openDirectory(at int, name string) (int, error) {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case err == unix.ELOOP || err == unix.ENOTDIR:
		return -1, errors.New("is a link or no directory; the drop-in is only put into a directory")
	case err != nil:
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, err
	}
	if int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		unix.Close(fd)
		return -1, hint.Add(errors.New("can be changed by others than root"), "mend its owner and mode first")
	}
	return fd, nil
}

// ours is nil if the file is there and as Write left it.
func (d Dropin) ours(dir int) error {
	// a FIFO would be waited for
	fd, err := unix.Openat(dir, dropinName, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch err {
	case nil:
	case unix.ENOENT:
		return fmt.Errorf("%s %w", d.Path(), ErrAbsent)
	case unix.ELOOP: // a link
		return fmt.Errorf("%s %w", d.Path(), ErrForeign)
	default:
		return fmt.Errorf("%s: %w", d.Path(), err)
	}
	f := os.NewFile(uintptr(fd), dropinName)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", d.Path(), err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s %w", d.Path(), ErrForeign)
	}
	content, err := io.ReadAll(io.LimitReader(f, longestDropin))
	if err != nil {
		return fmt.Errorf("%s: %w", d.Path(), err)
	}
	if !signed(content) {
		return fmt.Errorf("%s %w", d.Path(), ErrForeign)
	}
	return nil
}
