package audit

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What is held and not needed may go, and what is ruled out besides can.
func TestHeldUnused(t *testing.T) {
	f := daemon()
	if unused, candidates := f.HeldUnused(); unused|candidates != 0 {
		t.Errorf("nothing is known of what it holds: %#x, %#x", unused, candidates)
	}
	f.Held = &Held{Permitted: 1<<unix.CAP_SETUID | 1<<unix.CAP_KILL,
		Bounding: 1<<unix.CAP_KILL | 1<<unix.CAP_SYS_TIME}
	if unused, candidates := f.HeldUnused(); unused != f.Held.Bounding || candidates != 1<<unix.CAP_SYS_TIME {
		t.Errorf("%#x, %#x", unused, candidates)
	}
	f.Bounds = nil
	if unused, candidates := f.HeldUnused(); unused != f.Held.Bounding || candidates != 0 {
		t.Errorf("no code was looked at: %#x, %#x", unused, candidates)
	}
}
