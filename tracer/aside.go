package tracer

import (
	"errors"
	"fmt"
	"os"
	"sync"
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

// StartAside starts one by what its argv[0] is to be. It has the nice level 19, no
// environment, no standard files, and the files as descriptors from 4 on.
func (a *Audit) StartAside(name string, files []*os.File) (_ *Aside, err error) {
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
	a.strangers.Store(true)
	s.pid, err = forkExec("/proc/self/exe", []string{name}, &syscall.ProcAttr{
		Env: []string{}, Files: handed, Sys: &syscall.SysProcAttr{PidFD: &s.pidfd, Setpgid: true}})
	if err == nil && s.pidfd < 0 {
		err = errors.New("the kernel gave no pidfd")
	}
	if err != nil {
		return nil, fmt.Errorf("start another process from /proc/self/exe: %w", err)
	}
	s.setNice(19) // not it: Hurry can come first
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

// Hurry gives it the nice level of this process, where that may be: it began with the highest.
func (s *Aside) Hurry() {
	if nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
		s.setNice(20 - nice) // of the system call, which has no negative ones
	}
}

// setNice is for all of its threads: on Linux a nice level is a thread's.
func (s *Aside) setNice(nice int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// as long as nobody has waited for it, the number is no other's
	const look = unix.WEXITED | unix.WNOHANG | unix.WNOWAIT
	if !s.reaped && unix.Waitid(unix.P_PIDFD, s.pidfd, nil, look, nil) == nil {
		unix.Setpriority(unix.PRIO_PGRP, s.pid, nice)
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
