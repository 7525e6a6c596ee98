package capng

/*
#include <cap-ng.h>
*/
import "C"

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Identity is who a program shall run as. A nil set stays as it is, as far as
// the other sets allow.
type Identity struct {
	UID, GID int // -1: unchanged
	// Groups are the supplementary groups; nil leaves them unless ClearGroups.
	Groups      []int
	ClearGroups bool
	// The sets, bit n for capability n. Bits of Bounding that the thread does
	// not have are passed over: nothing can add to a bounding set.
	Permitted, Effective, Inheritable, Bounding, Ambient *uint64
	NoNewPrivs                                           bool
	// SecureBits are those of uapi/linux/securebits.h, nil for no change.
	SecureBits *int
}

// Operation is a step of taking on an identity.
type Operation string

// The steps, in their order.
const (
	OpRead       Operation = "read the capability sets"
	OpBounding   Operation = "reduce the bounding set"
	OpSecureBits Operation = "set the secure bits"
	OpGroups     Operation = "set the supplementary groups"
	OpGID        Operation = "set the group id"
	OpKeepCaps   Operation = "keep capabilities across the change of user"
	OpUID        Operation = "set the user id"
	OpSets       Operation = "set the capability sets"
	OpAmbient    Operation = "set the ambient set"
	OpNoNewPrivs Operation = "set no_new_privs"
)

// ApplyError says at which step an identity could not be taken on. The steps
// before it have been done.
type ApplyError struct {
	Op  Operation
	Err error // a unix.Errno
}

func (e *ApplyError) Error() string { return fmt.Sprintf("cannot %s: %v", e.Op, e.Err) }

// Unwrap gives the errno.
func (e *ApplyError) Unwrap() error { return e.Err }

// Apply takes the identity on. It is for a process that is about to exec and
// does nothing else: the calling thread gets all of it, other threads only the
// ids, and after an error (an *ApplyError) the thread is somewhere in between.
// The caller must have locked its goroutine to the thread.
//
// It does not go through capng_change_id, because that one takes SETPCAP away
// at the end even if it was asked for (libcap-ng 0.8.3).
func (id *Identity) Apply() error {
	// Not borrowed: the state is of no use to anyone after this.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	was, ok := current()
	if !ok {
		return &ApplyError{OpRead, unix.EPERM}
	}
	// First, while SETPCAP is sure to be there.
	if err := id.reduceBounding(was); err != nil {
		return err
	}
	if id.SecureBits != nil {
		if err := unix.Prctl(unix.PR_SET_SECUREBITS, uintptr(*id.SecureBits), 0, 0, 0); err != nil {
			return &ApplyError{OpSecureBits, err}
		}
	}
	if err := id.changeIDs(); err != nil {
		return err
	}
	if err := id.setCapabilities(was); err != nil {
		return err
	}
	if id.NoNewPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return &ApplyError{OpNoNewPrivs, err}
		}
	}
	return nil
}

func (id *Identity) reduceBounding(was Sets) error {
	// capng_apply wants SETPCAP even when there is nothing to take away.
	if id.Bounding == nil || was.Bounding&^*id.Bounding == 0 {
		return nil
	}
	C.capng_clear(C.CAPNG_SELECT_BOUNDS)
	add(C.CAPNG_BOUNDING_SET, *id.Bounding)
	if rc, errno := C.capng_apply(C.CAPNG_SELECT_BOUNDS); rc != 0 {
		return &ApplyError{OpBounding, orEPERM(errno)}
	}
	// Without SETPCAP libcap-ng 0.8.3 does nothing and calls it a success.
	if now, ok := current(); !ok || now.Bounding&^*id.Bounding != 0 {
		return &ApplyError{OpBounding, unix.EPERM}
	}
	return nil
}

func (id *Identity) changeIDs() error {
	if id.Groups != nil || id.ClearGroups {
		if err := unix.Setgroups(id.Groups); err != nil {
			return &ApplyError{OpGroups, err}
		}
	}
	if id.GID != -1 {
		if err := unix.Setresgid(id.GID, id.GID, id.GID); err != nil {
			return &ApplyError{OpGID, err}
		}
	}
	if id.UID == -1 {
		return nil
	}
	// Leaving uid 0 empties the permitted set (capabilities(7), "Effect of user
	// ID changes on capabilities"), and ambient capabilities come from it.
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return &ApplyError{OpKeepCaps, err}
	}
	if err := unix.Setresuid(id.UID, id.UID, id.UID); err != nil {
		return &ApplyError{OpUID, err}
	}
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 0, 0, 0, 0); err != nil {
		return &ApplyError{OpKeepCaps, err}
	}
	return nil
}

func (id *Identity) setCapabilities(was Sets) error {
	permitted := wanted(id.Permitted, was.Permitted)
	effective := wanted(id.Effective, was.Effective&permitted)
	inheritable := wanted(id.Inheritable, was.Inheritable)
	ambient := wanted(id.Ambient, was.Ambient&permitted&inheritable)

	C.capng_clear(C.CAPNG_SELECT_CAPS | C.CAPNG_SELECT_AMBIENT)
	add(C.CAPNG_PERMITTED, permitted)
	add(C.CAPNG_EFFECTIVE, effective)
	add(C.CAPNG_INHERITABLE, inheritable)
	add(C.CAPNG_AMBIENT, ambient)
	if rc, errno := C.capng_apply(C.CAPNG_SELECT_CAPS); rc != 0 {
		return &ApplyError{OpSets, orEPERM(errno)}
	}
	// Only now: ambient capabilities must be permitted and inheritable already.
	if rc, errno := C.capng_apply(C.CAPNG_SELECT_AMBIENT); rc != 0 {
		return &ApplyError{OpAmbient, orEPERM(errno)}
	}
	return nil
}

func wanted(set *uint64, unchanged uint64) uint64 {
	if set != nil {
		return *set
	}
	return unchanged
}

// orEPERM stands in where libcap-ng refused without asking the kernel: it does
// so only for want of SETPCAP.
func orEPERM(errno error) error {
	if errno == nil {
		return unix.EPERM
	}
	return errno
}
