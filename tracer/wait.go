package tracer

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Wait returns when the first process has ended and no companion runs, with
// Follow when the last descendant has ended as well. ended is called once with
// the first process's status. After Adopt it returns when what was
// adopted has ended or after Stop, and has no status to hand over.
func (a *Audit) Wait(ended func(unix.WaitStatus)) error {
	if a.adopted != nil {
		return a.waitAdopted()
	}
	for {
		pid, status, err := a.nextChild()
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil:
			return fmt.Errorf("wait for the target: %w", err)
		case status.Stopped():
			a.stopped <- Stop{pid, status}
			continue
		}
		if pid == a.process.pid {
			a.status = status
			a.ended.Store(true)
			ended(status)
		}
		if running := a.companions.ended(pid, status); a.Ended() && !running && !a.options.Follow {
			return nil
		}
	}
}

// nextChild waits for a child. Those that this process had before, left to it by
// whoever executed it, and those that look at something for the audit are not
// waited for: when nothing else is there, that is ECHILD, too.
func (a *Audit) nextChild() (pid int, status unix.WaitStatus, err error) {
	if a.family != nil {
		pid, err = a.nextOfFamily(&status)
		return pid, status, err
	}
	if !strangers.Load() {
		pid, err = unix.Wait4(-1, &status, 0, nil)
		return pid, status, err
	}
	pid, err = unix.Wait4(-1, &status, unix.WNOHANG, nil)
	if pid != 0 || err != nil {
		return pid, status, err
	}
	if a.Ended() && !a.companions.running() && !a.kernel.anyLeft() {
		return 0, 0, unix.ECHILD
	}
	// a zombie of the tree that is none yet will be one of our children
	pid, err = unix.Wait4(-1, &status, 0, nil)
	return pid, status, err
}

// haveChildren: execve(2) leaves a process its children.
func haveChildren() bool {
	err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return !errors.Is(err, unix.ECHILD)
}

// Stop is that of a child which asked us to trace it, by PTRACE_TRACEME, as
// programs do that do not want to be traced by others.
type Stop struct {
	pid    int
	status unix.WaitStatus
}

// Stopped are stops that want Resume. ptrace(2) takes orders only from the thread
// whose child it is: the one that called Start.
func (a *Audit) Stopped() <-chan Stop { return a.stopped }

// Resume lets go of a child that has stopped, with the signal that it was about
// to get. Whoever expects to be traced by a shell is not traced for long either.
func (a *Audit) Resume(s Stop) {
	sig := s.status.StopSignal()
	if sig == unix.SIGTRAP && isExecTrap(s.pid) {
		sig = 0
	}
	unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_DETACH, uintptr(s.pid), 0, uintptr(sig), 0, 0)
}

// isExecTrap: without PTRACE_O_TRACEEXEC a traced process sends itself SIGTRAP when
// it has executed a program (include/linux/ptrace.h, ptrace_event()).
func isExecTrap(pid int) bool {
	var info struct {
		signo, errno, code int32
		_                  int32
		pid                int32
		_                  [108]byte
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETSIGINFO, uintptr(pid), 0,
		uintptr(unsafe.Pointer(&info)), 0, 0)
	const siUser = 0
	return errno == 0 && info.code == siUser && int(info.pid) == pid
}
