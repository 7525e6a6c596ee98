package tracer

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalHeads sends a signal to the first process, or, once that has ended, to
// those descendants that have no parent in the tree: of a daemon that put
// itself into the background, the main process. Those are our children with
// Follow. ended is closed when all of them have ended. It is not for what was
// adopted.
func (a *Audit) SignalHeads(sig syscall.Signal) (ended <-chan struct{}, err error) {
	heads, err := a.heads()
	if err != nil {
		return nil, err
	}
	var alive sync.WaitGroup
	for _, pidfd := range heads {
		if e := unix.PidfdSendSignal(pidfd, sig, nil, 0); e != nil && !errors.Is(e, unix.ESRCH) {
			err = errors.Join(err, e)
		}
		alive.Add(1)
		go func() {
			defer alive.Done()
			awaitEnd(pidfd)
		}()
	}
	done := make(chan struct{})
	go func() {
		alive.Wait()
		close(done)
	}()
	return done, err
}

// heads are pidfds of the processes without a parent in the tree.
func (a *Audit) heads() ([]int, error) {
	if !a.Ended() {
		pidfd, err := unix.FcntlInt(uintptr(a.process.pidfd), unix.F_DUPFD_CLOEXEC, 0)
		return []int{pidfd}, err
	}
	pids, err := a.liveProcesses()
	if err != nil {
		return nil, err
	}
	var heads []int
	for _, pid := range pids {
		pidfd, err := unix.PidfdOpen(pid, 0)
		switch {
		case err != nil: // it has ended meanwhile
		case kinOf(pid).parent == os.Getpid():
			heads = append(heads, pidfd)
		default:
			unix.Close(pidfd)
		}
	}
	return heads, nil
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
