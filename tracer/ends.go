package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// readEnds reads how the first process ended, or the last of several, if it had
// been refused something not long before.
func (k *kernel) readEnds(r *reading) error {
	return each(k, "ends", func(group uint32, end kernelEnd) {
		clock := r.clock(group)
		e := &audit.End{
			PID:     int(end.pid),
			Syscall: syscallOf(int32(end.refused.syscall), uint8(end.refused.abi)),
			Return:  int(end.refused.result),
			Refused: uint64(end.refused.capabilities),
			Since:   clock.since(uint64(end.time)) - clock.since(uint64(end.refused.time)),
			Child:   end.refused.status != 0,
		}
		e.Status, e.Signal = audit.Waited(unix.WaitStatus(end.status))
		e.ChildStatus, e.ChildSignal = audit.Waited(unix.WaitStatus(end.refused.status))
		r.of(group).End = e
	})
}
