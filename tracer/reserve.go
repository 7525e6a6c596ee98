package tracer

import (
	"runtime"
	"sync"

	"github.com/cap-audit/cap-audit/early"
)

// mostCPUs bounds how many threads Go's runtime runs at a time, for us or to collect
// garbage.
const mostCPUs = 4

// mostWaiting is more threads than ever wait in the kernel at a time: for children,
// the ring buffers, signals, heads, code, standard output and error and the files of
// reports, and the runtime's own.
const mostWaiting = 20

// Reserve makes the threads that the audit can come to need. Go's runtime makes them
// when they are needed, and dies when it cannot; and the target could by then have
// used up what its control group or its user may have of them. It does not end a
// thread that nobody needs any more.
var Reserve = sync.OnceValue(func() error {
	if runtime.GOMAXPROCS(0) > mostCPUs {
		runtime.GOMAXPROCS(mostCPUs)
	}
	if err := early.RoomFor(mostCPUs + mostWaiting); err != nil {
		return err
	}
	var there sync.WaitGroup
	leave := make(chan struct{})
	for range mostCPUs + mostWaiting {
		there.Add(1)
		go func() {
			runtime.LockOSThread() // one each
			there.Done()
			<-leave
			runtime.UnlockOSThread()
		}()
	}
	there.Wait()
	close(leave)
	return nil
})
