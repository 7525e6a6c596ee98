package privilege

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Raise makes those of the set that are permitted effective while f runs, in its
// thread alone: f must touch no path of the caller's and start no process. A
// thread that the runtime makes meanwhile inherits none of them: from a locked
// thread it has another one make it (Go 1.26, runtime/proc.go, newm()).
func Raise(set uint64, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	was, err := setsOf(0)
	if err != nil {
		return err
	}
	now := was
	for i := range now {
		now[i].Effective |= now[i].Permitted & uint32(set>>(32*i))
	}
	if now == was { // root's are effective
		return f()
	}
	if err := setThread(now); err != nil {
		return err
	}
	defer func() {
		if err := setThread(was); err != nil {
			panic(err) // nothing may run in this thread any more
		}
	}()
	return f()
}

// Permitted is the set that Raise can make effective, 0 if it cannot be read.
func Permitted() uint64 { return permitted(0) }

// permitted is that of a process, 0 for the calling thread.
func permitted(pid int) uint64 {
	sets, err := setsOf(pid)
	if err != nil {
		return 0
	}
	return uint64(sets[0].Permitted) | uint64(sets[1].Permitted)<<32
}

// setsOf are those of a process, 0 for the calling thread.
func setsOf(pid int) (sets [2]unix.CapUserData, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3, Pid: int32(pid)}
	if err = unix.Capget(&header, &sets[0]); err != nil {
		err = fmt.Errorf("read the capability sets: %w", err)
	}
	return sets, err
}

func setThread(sets [2]unix.CapUserData) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capset(&header, &sets[0]); err != nil {
		return fmt.Errorf("set the effective capabilities: %w", err)
	}
	return nil
}
