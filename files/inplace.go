package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

var (
	errNotOpen = errors.New("no such file is handed down by the caller")
	errForeign = errors.New("belongs to another user, who has put it into a directory where others may")
)

// openInPlace opens what is not to be replaced; nil is for all else. A link is
// followed to a descriptor of the caller's only: it can be anybody's, and lead
// to a disk.
func openInPlace(file string) (*os.File, error) {
	if n, ok := descriptor(file); ok {
		if !callers(n) {
			return nil, errNotOpen
		}
		// not opened anew, which would begin at the start of a file, and could
		// write to one that was opened to be read
		fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), file), nil
	}
	fd, err := lookInPlace(file)
	if fd < 0 || err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	again, err := reopen(fd, unix.O_WRONLY)
	if errors.Is(err, unix.ENXIO) {
		return nil, fmt.Errorf("nothing reads from it: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(again, false); err != nil { // a slow reader is waited for
		unix.Close(again)
		return nil, err
	}
	return os.NewFile(uintptr(again), file), nil
}

// lookInPlace opens a device, a FIFO or, which then cannot be written to,
// a socket, with O_PATH; -1 is for all else.
func lookInPlace(file string) (fd int, err error) {
	dir, err := unix.Open(filepath.Dir(file), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, nil // nor can a file be made there
	}
	defer unix.Close(dir)
	fd, err = unix.Openat(dir, filepath.Base(file), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, nil
	}
	var info, around unix.Stat_t
	err = errors.Join(unix.Fstat(fd, &info), unix.Fstat(dir, &around))
	if err == nil && inPlace(info.Mode) && foreign(info, around) {
		err = errForeign
	}
	if err != nil || !inPlace(info.Mode) {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func inPlace(mode uint32) bool {
	switch mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK, unix.S_IFIFO, unix.S_IFSOCK:
		return true
	}
	return false
}

// foreign tells whether who has made a file may be neither the caller nor who
// owns the directory. The kernel looks at the same, but only where open(2) may
// make the file (fs/namei.c, may_create_in_sticky()).
func foreign(file, dir unix.Stat_t) bool {
	return dir.Mode&(unix.S_IWGRP|unix.S_IWOTH) != 0 && file.Uid != dir.Uid &&
		file.Uid != uint32(os.Geteuid())
}
