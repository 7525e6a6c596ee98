package session

import (
	"fmt"
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
}

func (l *launched) start(s *session, at attempt, options tracer.Options) (*tracer.Audit, error) {
	target := l.target
	target.Identity = l.identity(at.allowed)
	target.Stdout, target.Stderr = at.stdout, at.stderr
	// what a test leaves behind is ended and waited for
	options.Follow = l.follow || s.Test != ""
	if err := tracer.Reserve(); err != nil { // before others take the room for it
		return nil, err
	}
	s.bounding.expect(target)
	return tracer.Start(target, options)
}

func (l *launched) title(pid int) string {
	return fmt.Sprintf("application: %s (PID %d)", console.Escape(tracer.FileOf(l.target.Path)), pid)
}

func (*launched) control(a *tracer.Audit, sig syscall.Signal) { a.Signal(sig) }

// request: the second one kills. The first is passed on to the command, which may end its
// descendants; once it has ended, those that are left are asked to end, so that what a
// script has in the background can be ended by a signal to the auditor alone.
func (l *launched) request(a *tracer.Audit, sig syscall.Signal, nth int, delivered bool) (ending, bool) {
	deaf := a.Ended() && tracer.IgnoredAtStart(unix.SIGTERM)
	switch {
	case nth > 1, deaf, a.Ignores(sig) && a.Deaf(unix.SIGTERM):
		return ending{}, true
	case a.Ended(), a.Ignores(sig):
		sig = unix.SIGTERM
	case delivered:
		sig = 0
	}
	ended, err := a.SignalHeads(sig)
	e := ending{tell: afterHeads(ended, nil), rest: true}
	if err != nil && sig != 0 { // what cannot be signalled does not end by that
		e.deadline = time.After(endGrace)
	}
	return e, false
}

// end tells the command, as systemd does with KillMode=mixed: it is for that to
// end its descendants, and what it needs for it is needed. They are told when it
// does not end, or leaves them behind.
func (l *launched) end(a *tracer.Audit) (ending, error) {
	ended, err := a.SignalHeads(unix.SIGTERM)
	return ending{afterHeads(ended, time.After(endGrace/2)), time.After(endGrace), true}, err
}

// afterHeads is closed when descendants are to be told: a moment after what was to end them has
// ended, or when it has not at the latest; nil is for never.
func afterHeads(ended <-chan struct{}, latest <-chan time.Time) <-chan struct{} {
	tell := make(chan struct{})
	go func() {
		select {
		case <-ended:
			time.Sleep(restGrace)
		case <-latest:
		}
		close(tell)
	}()
	return tell
}

func (*launched) unitFiles() (unit string, files []string) { return "", nil }

func (*launched) mainPID(a *tracer.Audit) int { return a.PID() }

func (*launched) setUp() (tearDown func(), err error) { return func() {}, nil }

func (*launched) conclude(*session, *audit.Findings, *report.Document) error { return nil }
