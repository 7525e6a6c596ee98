package tracer

import (
	"sync/atomic"
	"time"

	bpflib "github.com/aquasecurity/libbpfgo"
)

// ring hands what comes out of a ring buffer to a function, one record after the other.
type ring struct {
	read atomic.Uint64
	more chan struct{} // a record has been read
}

// readRing begins to hand records over, from one goroutine. So many of them can wait for it outside of
// the kernel.
func (k *kernel) readRing(name string, waiting int, take func(record []byte)) (*ring, error) {
	raw := make(chan []byte, waiting)
	var buffer *bpflib.RingBuffer
	err := raised(func() (err error) {
		buffer, err = k.module.InitRingBuf(name, raw)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := &ring{more: make(chan struct{}, 1)}
	go func() {
		for record := range raw {
			take(record)
			r.read.Add(1)
			select {
			case r.more <- struct{}{}:
			default:
			}
		}
	}()
	buffer.Poll(100)
	return r, nil
}

// finish waits until n records have been read, or until it is enough, which it never is with nil.
func (r *ring) finish(n uint64, enough <-chan time.Time) {
	for r.read.Load() < n {
		select {
		case <-r.more:
		case <-enough:
			return
		}
	}
}
