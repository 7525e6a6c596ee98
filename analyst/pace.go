package analyst

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// After a stretch in which the analyst was kept waiting for a processor, it rests for so many times as long.
const (
	stretch   = 5 * time.Millisecond
	restShare = 40
	longRest  = time.Second
	allRests  = 10 * time.Second // on a machine that is never idle it would not come to an end
)

// pace keeps the analyst from working in the gaps of what others do. Its policy lets everybody go before it,
// but they pay for that. An idle processor that polls is woken by a write to memory (kernel/sched/core.c,
// set_nr_if_polling(), 6.18), and one that runs the analyst by an interrupt, which in a virtual machine takes
// microseconds of who sends it; and one that has only the analyst left looks for no task that waits elsewhere
// (kernel/sched/fair.c, sched_balance_newidle()). A server that took 13 µs for a request took 20 that way.
type pace struct {
	began     time.Time
	spent     time.Duration // processor time at that moment, of all threads
	displaced int64         // how often others had taken its processor by then
	rested    time.Duration // so far
	hurried   chan struct{}
	once      sync.Once
}

func newPace() *pace {
	p := &pace{hurried: make(chan struct{})}
	p.begin()
	return p
}

// begin begins a stretch.
func (p *pace) begin() {
	p.began = time.Now()
	p.spent, p.displaced = used()
}

// hurry ends all rests.
func (p *pace) hurry() { p.once.Do(func() { close(p.hurried) }) }

// yield rests if that is due.
func (p *pace) yield() {
	took := time.Since(p.began)
	if took < stretch {
		return
	}
	spent, displaced := used()
	p.rest(p.share(restAfter(took, spent-p.spent, displaced > p.displaced)))
	p.begin()
}

// share is what of a rest all rests so far leave.
func (p *pace) share(rest time.Duration) time.Duration {
	rest = min(rest, allRests-p.rested)
	p.rested += rest
	return rest
}

func (p *pace) rest(length time.Duration) {
	select {
	case <-p.hurried:
	case <-time.After(length):
	}
}

// restAfter is how long to rest after a stretch of which some time was spent at work. A quarter is for ticks
// of the clock and threads of the kernel. Who waits for a file spends less, too, but is not displaced.
func restAfter(took, spent time.Duration, displaced bool) time.Duration {
	if !displaced || 4*spent >= 3*took {
		return 0
	}
	return min(restShare*took, longRest)
}

// used is the processor time of this process, and how often others displaced it.
func used() (spent time.Duration, displaced int64) {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Nivcsw
}
