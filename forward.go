package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/tracer"
)

// forwarder passes signals that are meant for the target on to it. The second
// request to end kills it. leave gets a value when the target has ended
// already and the user does not want to wait for its descendants. What ran
// before the audit is sent nothing: there, a request to end is one to leave.
type forwarder struct {
	attached bool

	mu     sync.Mutex
	target *tracer.Audit
	count  int // requests to end
	// suspended: asked to stop, as by Ctrl-Z, before there was a target.
	suspended bool
	// late counts those that came when the run was over
	late     int
	finished bool
	last     syscall.Signal
	lastAt   time.Time
	leave    chan struct{}
	// interim gets the requests for an interim report.
	interim chan os.Signal
}

// sameRequest is how soon after a signal another of its kind is the same
// request: timeout(1) signals its child and then the whole process group.
const sameRequest = 300 * time.Millisecond

func newForwarder(attached bool) *forwarder {
	f := &forwarder{attached: attached, leave: make(chan struct{}, 1), interim: make(chan os.Signal, 1)}
	signal.Notify(f.interim, unix.SIGUSR1)
	signals := make(chan os.Signal, 16)
	for _, sig := range []syscall.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP, unix.SIGTSTP,
		unix.SIGCONT} {
		// what nohup and the like have us ignore, the target ignores as well
		if !tracer.IgnoredAtStart(sig) {
			signal.Notify(signals, sig)
		}
	}
	go func() {
		for s := range signals {
			f.handle(s.(syscall.Signal))
		}
	}()
	return f
}

func (f *forwarder) setTarget(a *tracer.Audit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target, f.finished = a, false
	if f.suspended {
		f.suspended = false
		f.control(unix.SIGTSTP)
	}
	if f.count == 0 {
		return
	}
	// asked before there was anyone to tell
	if f.attached {
		f.requestLeave()
	} else {
		a.Signal(f.last)
	}
}

// finish says that the run is over. What is left to do should take no time,
// but a reader that does not read can hold the report up: the first request
// is then answered, and the second obeyed.
func (f *forwarder) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = true
}

// asked reports whether the user wanted an end.
func (f *forwarder) asked() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count > 0
}

func (f *forwarder) handle(sig syscall.Signal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	job := sig == unix.SIGTSTP || sig == unix.SIGCONT
	if !job {
		if sig == f.last && time.Since(f.lastAt) < sameRequest {
			return
		}
		f.last, f.lastAt = sig, time.Now()
		if f.finished {
			f.giveUp(sig)
			return
		}
		f.count++
	}
	if f.target == nil {
		if job {
			f.suspended = sig == unix.SIGTSTP
		}
		return
	}
	switch {
	case job:
		f.control(sig)
	case f.attached, f.target.Ended():
		f.requestLeave()
	case f.count > 1:
		f.target.KillCompanions()
		f.target.SignalTree(unix.SIGKILL)
	case !typed(sig):
		f.target.Signal(sig)
	}
}

// control has the target stopped or continued, and this process stopped.
func (f *forwarder) control(sig syscall.Signal) {
	if !f.attached {
		f.target.Signal(sig)
	}
	if sig == unix.SIGTSTP {
		// the target has stopped, now we do; SIGCONT finds us here
		unix.Kill(unix.Getpid(), unix.SIGSTOP)
	}
}

// giveUp ends cap-audit by the signal if it is the second one.
func (f *forwarder) giveUp(sig syscall.Signal) {
	if f.late++; f.late == 1 {
		warningf("the report is being written; another signal gives it up")
		return
	}
	signal.Reset(sig)
	unix.Kill(unix.Getpid(), sig)
}

func (f *forwarder) requestLeave() {
	select {
	case f.leave <- struct{}{}:
	default:
	}
}

// typed guesses whether a signal came from the keyboard: then the terminal
// sent it to the whole foreground process group, the target among it, and to
// pass it on would deliver it twice.
func typed(sig syscall.Signal) bool {
	if sig != unix.SIGINT && sig != unix.SIGQUIT {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false // no controlling terminal, no keyboard
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}
