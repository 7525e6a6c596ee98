package session

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// launched is what cap-audit starts: it is ours to signal and to end.
type launched struct {
	target tracer.Target
	follow bool // wait for the last descendant
	// identity is who it runs as if it may use no capability outside of the set;
	// nil is the caller, as he is.
	identity func(set uint64) *capng.Identity
	// asked: the whole of it was asked to end.
	asked atomic.Bool
}

func (l *launched) start(s *session, at attempt, options tracer.Options) (*tracer.Audit, error) {
	target := l.target
	target.Identity = l.identity(at.allowed)
	target.Stdout, target.Stderr = at.stdout, at.stderr
	// what a test leaves behind is ended and waited for
	options.Follow = l.follow || s.Test != ""
	l.asked.Store(false)
	return tracer.Start(target, options)
}

func (l *launched) title(pid int) string {
	return fmt.Sprintf("application: %s (PID %d)", console.Printable(tracer.FileOf(l.target.Path)), pid)
}

func (*launched) control(a *tracer.Audit, sig syscall.Signal) { a.Signal(sig) }

// request: the second one kills. With the first process gone, the user is not made to
// wait for descendants that nobody has asked to end.
func (l *launched) request(a *tracer.Audit, sig syscall.Signal, nth int, delivered bool) wish {
	switch {
	case nth > 0 && a.Ended() && !l.asked.Load():
		return toLeave
	case nth > 1, ignores(a, sig) && ignores(a, unix.SIGTERM):
		l.asked.Store(true)
		return toKill
	case ignores(a, sig):
		sig, delivered = unix.SIGTERM, false
	}
	switch {
	case delivered:
	case a.Ended():
		a.SignalTree(sig)
	default:
		a.Signal(sig)
	}
	return toWait
}

// ignores tells whether the first process ignores a signal since cap-audit was
// started with it ignored, and not by its own will. Nobody can have meant that the
// auditor heeds it and the target does not.
func ignores(a *tracer.Audit, sig syscall.Signal) bool {
	return tracer.IgnoredAtStart(sig) && a.Ignores(sig)
}

func (*launched) leave(a *tracer.Audit) (over bool) {
	a.KillCompanions()
	return true
}

// end tells the command, as systemd does with KillMode=mixed: it is for that to
// end its descendants, and what it needs for it is needed. They are told when it
// does not end, or leaves them behind.
func (l *launched) end(a *tracer.Audit) (ending, error) {
	l.asked.Store(true)
	ended, err := a.SignalHeads(unix.SIGTERM)
	tell := make(chan struct{})
	go func() {
		select {
		case <-ended:
			time.Sleep(restGrace)
		case <-time.After(endGrace / 2):
		}
		close(tell)
	}()
	return ending{tell, time.After(endGrace), true}, err
}

func (*launched) mainPID(a *tracer.Audit) int { return a.PID() }

func (*launched) setUp() (tearDown func(), err error) { return func() {}, nil }

func (*launched) conclude(*session, *audit.Findings, *report.Document) error { return nil }
