package tracer

import (
	"sync"

	bpflib "github.com/aquasecurity/libbpfgo"

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

// Event is one line of --verbose.
type Event struct {
	Kind       EventKind
	PID        int // as seen from the auditor's pid namespace, 0 if it is not in it
	Comm       string
	Capability int
	Verdict    audit.Verdict
	Syscall    audit.Syscall
	Return     int
	Sets       audit.Sets // of a capset
	Denied     uint64     // mask of the capabilities refused in a syscall
}

// eventReader hands events from the ring buffer to a function.
type eventReader struct {
	ring *bpflib.RingBuffer
	mu   sync.Mutex
	read uint64
	more sync.Cond
}

func (k *kernel) readEvents(handle func(Event)) (*eventReader, error) {
	raw := make(chan []byte, 4096)
	var ring *bpflib.RingBuffer
	err := raised(func() (err error) {
		ring, err = k.module.InitRingBuf("events", raw)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &eventReader{ring: ring}
	r.more.L = &r.mu
	go func() {
		for record := range raw {
			if e, err := decode[kernelEvent](record); err == nil {
				handle(event(e))
			}
			r.mu.Lock()
			r.read++
			r.mu.Unlock()
			r.more.Signal()
		}
	}()
	ring.Poll(100)
	return r, nil
}

// finish waits until n events have been handled.
func (r *eventReader) finish(n uint64) {
	r.mu.Lock()
	for r.read < n {
		r.more.Wait()
	}
	r.mu.Unlock()
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
