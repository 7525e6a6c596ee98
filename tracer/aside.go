package tracer

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Aside is a child of ours that looks at something for the audit and is no part of
// it: this binary, executed again under another name, in a process group of its own.
type Aside struct {
	// Socket is to it. Its end of that is descriptor 3, and nobody else's.
	Socket *os.File
	pid    int
	pidfd  int
	mu     sync.Mutex
	reaped bool
}

// strangers: this process has children that are none of the audit's.
var strangers atomic.Bool

// StartAside starts one by what its argv[0] is to be. It has no environment, no
// standard files, and the files as descriptors from 4 on.
func StartAside(name string, files []*os.File) (_ *Aside, err error) {
	// closed by any exec but that one's: others are started at the same time
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket to another process: %w", err)
	}
	defer unix.Close(ends[1])
	s := &Aside{Socket: os.NewFile(uintptr(ends[0]), "aside"), pidfd: -1}
	defer func() {
		if err != nil {
			s.Socket.Close()
		}
	}()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	handed := []uintptr{null.Fd(), null.Fd(), null.Fd(), uintptr(ends[1])}
	for _, f := range files {
		handed = append(handed, f.Fd())
	}
	strangers.Store(true)
	s.pid, err = forkExec("/proc/self/exe", []string{name}, &syscall.ProcAttr{
		Env: []string{}, Files: handed, Sys: &syscall.SysProcAttr{PidFD: &s.pidfd, Setpgid: true}})
	if err == nil && s.pidfd < 0 {
		err = errors.New("the kernel gave no pidfd")
	}
	if err != nil {
		return nil, fmt.Errorf("start another process from /proc/self/exe: %w", err)
	}
	return s, nil
}

// End kills it, if it still lives.
func (s *Aside) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reaped {
		send(s.pidfd, unix.SIGKILL)
	}
}

// Hurry gives it the policy and the nice level of this process. Where it began with SCHED_IDLE, that takes
// CAP_SYS_NICE, or a resource limit (kernel/sched/syscalls.c, user_check_sched_setscheduler()).
func (s *Aside) Hurry() {
	own, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return
	}
	if own.Priority > 0 { // real-time, which is not for a computation of seconds
		*own = unix.SchedAttr{Size: own.Size}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// as long as nobody has waited for it, the number is no other's
	const look = unix.WEXITED | unix.WNOHANG | unix.WNOWAIT
	if s.reaped || unix.Waitid(unix.P_PIDFD, s.pidfd, nil, look, nil) != nil {
		return
	}
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", s.pid)) // each has its own
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			unix.SchedSetAttr(id, own, 0)
		}
	}
}

// Tell sends it a few bytes, and waits for nothing: it can have ended, or be made to read no more.
func (s *Aside) Tell(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reaped {
		unix.SendmsgN(int(s.Socket.Fd()), text, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	}
}

// Wait returns when it has ended. The audit's Wait may have reaped it.
func (s *Aside) Wait() {
	for unix.Waitid(unix.P_PIDFD, s.pidfd, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unix.Waitid(unix.P_PIDFD, s.pidfd, nil, unix.WEXITED|unix.WNOHANG, nil)
	s.reaped = true
	s.Socket.Close()
	unix.Close(s.pidfd)
}
