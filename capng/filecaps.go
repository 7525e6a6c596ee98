package capng

/*
#include <cap-ng.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrMalformed says that a file has a security.capability attribute which
// libcap-ng cannot read.
var ErrMalformed = errors.New("malformed file capabilities")

// FileCaps reads the file capabilities of an open file (by descriptor, so that
// the file looked at is the file that was opened; one opened with O_PATH has no
// readable attributes). ok is false when it has none, its file system cannot
// hold any, or they are for the root of another user namespace: with another ID for
// that than 0 the kernel passes over them here (get_vfs_caps_from_disk() in
// security/commoncap.c, 6.1 to 7.3). effective says whether a program gets them
// already raised.
func FileCaps(f *os.File) (permitted, inheritable uint64, effective, ok bool, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, 0, false, false, fmt.Errorf("file capabilities of %q: %w", f.Name(), err)
	}
	// Control, for f.Fd() would change the mode of the descriptor.
	cerr := conn.Control(func(fd uintptr) {
		permitted, inheritable, effective, ok, err = fileCaps(int(fd))
	})
	if err = errors.Join(cerr, err); err != nil {
		err = fmt.Errorf("file capabilities of %q: %w", f.Name(), err)
	}
	return permitted, inheritable, effective, ok, err
}

func fileCaps(fd int) (permitted, inheritable uint64, effective, ok bool, err error) {
	defer borrow()()
	rc, errno := C.capng_get_caps_fd(C.int(fd))
	switch {
	case rc == 0 && C.capng_get_rootid() > 0:
		return 0, 0, false, false, nil
	case rc == 0:
		return mask(C.CAPNG_PERMITTED), mask(C.CAPNG_INHERITABLE), mask(C.CAPNG_EFFECTIVE) != 0, true, nil
	case errors.Is(errno, unix.ENODATA), errors.Is(errno, unix.ENOTSUP):
		return 0, 0, false, false, nil
	case errno != nil && !errors.Is(errno, unix.ERANGE):
		return 0, 0, false, false, errno
	default:
		// Read, yet not understood: libcap-ng sets no errno then, and ERANGE
		// means that the attribute is longer than any version of it.
		return 0, 0, false, false, ErrMalformed
	}
}
