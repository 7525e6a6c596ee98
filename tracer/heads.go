package tracer

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// mostHeads bounds the descriptors that are held to wait for heads.
const mostHeads = 64

// SignalHeads sends a signal that asks to end, or none where it is 0, to the first
// process, or, once that has ended, to those descendants that have no parent in the
// tree: of a daemon that put itself into the background, the main process. Those
// are our children with Follow. ended is closed when they have ended. It is not for
// what was adopted.
func (a *Audit) SignalHeads(sig syscall.Signal) (ended <-chan struct{}, err error) {
	heads, err := a.heads()
	for _, pidfd := range heads {
		err = errors.Join(err, askToEnd(pidfd, sig))
	}
	done := make(chan struct{})
	go func() { // one thread, however many there are
		for _, pidfd := range heads {
			awaitEnd(pidfd)
		}
		close(done)
	}()
	return done, err
}

// heads are pidfds of the processes without a parent in the tree.
func (a *Audit) heads() ([]int, error) {
	if !a.Ended() {
		pidfd, err := unix.FcntlInt(uintptr(a.process.pidfd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return []int{pidfd}, nil
	}
	var heads []int
	_, err := a.eachAlive(func(pid, pidfd int) error {
		if kinOf(pid).parent != os.Getpid() || len(heads) == mostHeads {
			return nil
		}
		head, err := unix.FcntlInt(uintptr(pidfd), unix.F_DUPFD_CLOEXEC, 0)
		if err == nil {
			heads = append(heads, head)
		}
		return err
	})
	return heads, err
}

// awaitEnd waits until a process has ended, and closes its pidfd.
func awaitEnd(pidfd int) {
	defer unix.Close(pidfd)
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds, -1); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
