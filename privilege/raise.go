package privilege

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Tracing are the capabilities that any step of tracing can need, bit n for
// capability n.
const Tracing = uint64(1)<<unix.CAP_BPF | 1<<unix.CAP_PERFMON | 1<<unix.CAP_SYS_ADMIN

// Raise makes those of the set that are permitted effective while f runs, in its
// thread alone: f must touch no path of the caller's and start no process. A
// thread that the runtime makes meanwhile inherits none of them: from a locked
// thread it has another one make it (Go 1.26, runtime/proc.go, newm()).
func Raise(set uint64, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	was, err := threadSets()
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
	var sets [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3, Pid: int32(pid)}
	if unix.Capget(&header, &sets[0]) != nil {
		return 0
	}
	return uint64(sets[0].Permitted) | uint64(sets[1].Permitted)<<32
}

func threadSets() (sets [2]unix.CapUserData, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
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
