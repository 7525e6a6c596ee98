package session

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
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
}

func (l *launched) start(s *session, at attempt, options tracer.Options) (*tracer.Audit, error) {
	target := l.target
	target.Identity = l.identity(at.allowed)
	target.Stdout, target.Stderr = at.stdout, at.stderr
	// what a test leaves behind is ended and waited for
	options.Follow = l.follow || s.Test != ""
	return tracer.Start(target, options)
}

func (*launched) control(a *tracer.Audit, sig syscall.Signal) { a.Signal(sig) }

// request: the second one kills. With the first process gone, the user is not
// made to wait for its descendants.
func (*launched) request(a *tracer.Audit, sig syscall.Signal, nth int, delivered bool) (leave bool) {
	switch {
	case nth > 0 && a.Ended():
		return true
	case nth > 1:
		a.KillCompanions()
		a.SignalTree(unix.SIGKILL)
	case !delivered:
		a.Signal(sig)
	}
	return false
}

func (*launched) leave(a *tracer.Audit) (over bool) {
	a.KillCompanions()
	return true
}

// end tells the command, as systemd does with KillMode=mixed: it is for that to
// end its descendants, and what it needs for it is needed. They are told when it
// does not end, or leaves them behind.
func (*launched) end(a *tracer.Audit) (ending, error) {
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
	return ending{tell, time.After(endGrace)}, err
}

// awaitRest waits for descendants of a command that was told to end and has, tells
// them when the time has come, and kills what is left at the deadline. They are
// not our children, so nothing announces their end.
func (*launched) awaitRest(a *tracer.Audit, e ending) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		p, err := a.Progress()
		if err != nil || p.Processes == 0 {
			return err
		}
		select {
		case <-e.tell:
			e.tell = nil
			a.SignalTree(unix.SIGTERM)
		case <-e.deadline:
			return a.SignalTree(unix.SIGKILL)
		case <-look.C:
		}
	}
}

func (*launched) abandon(a *tracer.Audit) { a.SignalTree(unix.SIGKILL) }

func (*launched) mainPID(a *tracer.Audit) int { return a.PID() }

func (*launched) setUp() (tearDown func(), err error) { return func() {}, nil }

func (*launched) conclude(*session, *audit.Findings, *report.Document) error { return nil }
