package session

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Before there is a target a signal is only remembered.
func TestSignalsBeforeTheTarget(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP} {
		f := &signals{leave: make(chan struct{}, 1)}
		if f.asked() {
			t.Error("asked before any signal")
		}
		f.handle(sig)
		if !f.asked() {
			t.Errorf("%s does not ask for an end", sig)
		}
		if len(f.leave) != 0 {
			t.Errorf("%s leaves a target that has not started", sig)
		}
	}
	f := &signals{leave: make(chan struct{}, 1)}
	for _, sig := range []unix.Signal{unix.SIGTSTP, unix.SIGCONT} {
		f.handle(sig)
		if f.asked() {
			t.Errorf("%s asks for an end", sig)
		}
		if f.suspended != (sig == unix.SIGTSTP) {
			t.Errorf("after %s: suspended %t", sig, f.suspended)
		}
	}
}
