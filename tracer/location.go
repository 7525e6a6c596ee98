package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/files"
)

// location is where a file may be: at a path as it is where a directory is the root, whose links
// and dots do not lead out of that. "" is our own root.
type location struct{ root, path string }

// rootOf is a process's root directory.
func rootOf(pid int) string { return fmt.Sprintf("/proc/%d/root", pid) }

// seenBy are where a file of a whole path may be: as processes see it, and as we do.
func seenBy(name string, pids ...int) []location {
	var list []location
	for _, pid := range pids {
		list = append(list, location{rootOf(pid), name})
	}
	return append(list, location{"", name})
}

func (l location) open(wanted func(unix.Stat_t) bool) (*os.File, error) {
	if l.root == "" {
		return files.OpenRegular(l.path, wanted)
	}
	root, err := openDirectory(l.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return files.OpenRegularBelow(root, l.path, wanted)
}

func openDirectory(path string) (*os.File, error) {
	return os.OpenFile(path, unix.O_PATH|unix.O_DIRECTORY, 0)
}

// has tells whether a file that is open, or named by a descriptor of O_PATH, is there. Nothing is opened.
func (l location) has(file *os.File) (is bool) {
	var info unix.Stat_t
	if unix.Fstat(int(file.Fd()), &info) != nil {
		return false
	}
	l.open(func(at unix.Stat_t) bool {
		is = at.Dev == info.Dev && at.Ino == info.Ino
		return false
	})
	return is
}

// errGone says why there is nothing to open.
var errGone = errors.New("is no longer where it was when it ran, and no process that runs has it")

// openFirst opens the file at the first of the locations where it is.
func openFirst(id fileID, locations []location) (*os.File, error) {
	why := errGone
	for _, l := range locations {
		f, err := l.open(id.is)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			why = fs.ErrPermission
		}
	}
	return nil, why
}
