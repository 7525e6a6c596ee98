package tracer

import (
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

// clock turns the kernel half's jiffies into what has passed since recording began.
type clock struct {
	began uint64
	tick  time.Duration
}

// longWait is what no call takes in which a program does not wait.
const longWait = time.Second

// since is 0 for what came in the very jiffy, or is not known.
func (c clock) since(jiffies uint64) time.Duration {
	if jiffies <= c.began {
		return 0
	}
	return time.Duration(jiffies-c.began) * c.tick
}

// readTimes reads how long it was watched, and when it began to serve. A check in the jiffy
// in which that was is told by the next (bpf/times.bpf.h, time_of_check()), which may be to come.
func readTimes(o *audit.Observation, g kernelGroup, listed uint64, c clock) {
	o.Lasted = c.since(listed)
	for _, row := range o.Checks {
		if row.Span != nil {
			o.Lasted = max(o.Lasted, row.Span.Last)
		}
	}
	if g.serving == 0 {
		return
	}
	o.Serving = &audit.Serving{After: c.since(uint64(g.serving))}
	if g.serving_syscall >= 0 {
		call := syscallOf(int32(g.serving_syscall), uint8(g.serving_abi))
		o.Serving.Syscall = &call
	}
}
