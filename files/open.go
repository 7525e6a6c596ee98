// Package files opens and replaces files that others name or have made. They
// are anybody's: nothing is opened before it is known what it is, nothing is
// waited for, and no link is followed into a write.
package files

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// ErrNotRegular is that something is no regular file, or not the one meant.
var ErrNotRegular = errors.New("is not a regular file")

var errNoFile = errors.New("is no file")

// errMadeUp is that reading may take what others wait for, as with /proc/kmsg,
// or go on for ever, as with tracefs's trace_pipe, though their mode says that
// they are regular.
var errMadeUp = errors.New("is no file with an end: the kernel makes it up while it is read")

// madeUp are the file systems of such files.
var madeUp = []int64{unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.TRACEFS_MAGIC, unix.DEBUGFS_MAGIC,
	unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC,
	unix.SMACK_MAGIC, unix.AAFS_MAGIC, unix.BPF_FS_MAGIC, unix.EFIVARFS_MAGIC, unix.PSTOREFS_MAGIC,
	unix.BINFMTFS_MAGIC, unix.RDTGROUP_SUPER_MAGIC, unix.XENFS_SUPER_MAGIC}

// Open opens a file that a command line names to be read. What is no regular
// file is read only where it is a descriptor of the caller's, as /dev/stdin is,
// or the FIFO of a shell's <(...). The error does not name the file.
func Open(name string) (*os.File, error) {
	return open(name, func(info unix.Stat_t) error {
		switch info.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			return nil
		case unix.S_IFDIR:
			return unix.EISDIR
		}
		if n, ok := descriptor(name); ok && callers(n) {
			return nil
		}
		return errNoFile
	})
}

// OpenRegular opens a regular file to be read, if it is the one that is wanted.
// The error does not name the file.
func OpenRegular(name string, wanted func(unix.Stat_t) bool) (*os.File, error) {
	return open(name, regular(wanted))
}

// OpenRegularBelow opens one as it is seen where a directory is the root.
func OpenRegularBelow(root *os.File, name string, wanted func(unix.Stat_t) bool) (*os.File, error) {
	fd, err := unix.Openat2(int(root.Fd()), name,
		&unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT})
	if err != nil {
		return nil, err
	}
	return openFound(fd, name, regular(wanted))
}

func regular(wanted func(unix.Stat_t) bool) func(unix.Stat_t) error {
	return func(info unix.Stat_t) error {
		if info.Mode&unix.S_IFMT != unix.S_IFREG || !wanted(info) {
			return ErrNotRegular
		}
		return nil
	}
}

// Any is for OpenRegular: every file is wanted.
func Any(unix.Stat_t) bool { return true }

// open looks before it opens: to open a device can do something, such as start
// a watchdog, and to open a FIFO wakes who waits at its other end.
func open(name string, check func(unix.Stat_t) error) (*os.File, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return openFound(fd, name, check)
}

// openFound opens what a descriptor of O_PATH names, and closes that.
func openFound(fd int, name string, check func(unix.Stat_t) error) (*os.File, error) {
	defer unix.Close(fd)
	var info unix.Stat_t
	var system unix.Statfs_t
	if err := errors.Join(unix.Fstat(fd, &info), unix.Fstatfs(fd, &system)); err != nil {
		return nil, err
	}
	if err := check(info); err != nil {
		return nil, err
	}
	if info.Mode&unix.S_IFMT == unix.S_IFREG && slices.Contains(madeUp, int64(system.Type)) {
		return nil, errMadeUp
	}
	again, err := reopen(fd, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(again), name), nil
}

// reopen opens what a descriptor of O_PATH names. Nobody is waited for.
func reopen(fd, flags int) (int, error) {
	again := fmt.Sprintf("/proc/self/fd/%d", fd)
	return unix.Open(again, flags|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
}
