package tracer

import (
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

// EventKind says what an Event tells of.
type EventKind int

// Kinds of events.
const (
	EventCheck   EventKind = eventCheck
	EventCapset  EventKind = eventCapset
	EventSyscall EventKind = eventSyscall
	EventDrop    EventKind = eventDrop
)

// Event is one line of --verbose, or of --events.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Program    string // path of the program that the process ran
	Site       string // the kernel function that asked, "" for not known
	Object     string // what was asked for, "" where that was not looked at
	PID        int    // as seen from the auditor's pid namespace, 0 if it is not in it
	Comm       string
	Capability int
	Verdict    audit.Verdict
	Syscall    audit.Syscall
	Return     int
	Sets       audit.Sets // of a capset
	Denied     uint64     // mask of the capabilities refused in a syscall
}

// readEvents begins to hand events over.
func (a *Audit) readEvents() error {
	names, err := a.nameEvents()
	if err != nil {
		return err
	}
	a.events, err = a.kernel.readRing("events", 4096, func(record []byte) {
		if e, err := decode[kernelEvent](record); err == nil {
			a.options.OnEvent(names.event(e))
		}
	})
	return err
}

func event(e kernelEvent) Event {
	out := Event{
		Kind:       EventKind(e.kind),
		PID:        int(e.pid),
		Comm:       cString(e.comm[:]),
		Capability: int(e.capability),
		Verdict:    audit.Verdict(e.verdict),
		Syscall:    syscallOf(int32(e.syscall), uint8(e.abi)),
		Return:     int(e.result),
	}
	switch out.Kind {
	case EventCapset:
		out.Sets = audit.Sets{
			Effective:   uint64(e.sets.effective),
			Permitted:   uint64(e.sets.permitted),
			Inheritable: uint64(e.sets.inheritable),
		}
	case EventSyscall:
		out.Denied = uint64(e.sets.effective)
	}
	return out
}
