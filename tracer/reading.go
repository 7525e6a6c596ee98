package tracer

import (
	"time"

	"github.com/cap-audit/cap-audit/audit"
)

// reading is what is being read out of the kernel half: an observation for each group,
// of which there is one, 0, unless each below the watched one has its own.
type reading struct {
	// blank is what all of them begin with.
	blank        audit.Observation
	observations map[uint32]*audit.Observation
	// state and groups are as they were when last read.
	state  kernelState
	groups map[uint32]kernelGroup
	tick   time.Duration
	// lostRows are checks of rows that are not there.
	lostRows uint64
}

func (k *kernel) newReading(blank audit.Observation) (*reading, error) {
	tick, err := jiffy()
	if err != nil {
		return nil, err
	}
	r := &reading{blank: blank, observations: map[uint32]*audit.Observation{}, tick: tick}
	if err := r.refresh(k); err != nil {
		return nil, err
	}
	for group := range r.groups {
		r.of(group)
	}
	return r, nil
}

// of is the observation of a group.
func (r *reading) of(group uint32) *audit.Observation {
	o := r.observations[group]
	if o == nil {
		blank := r.blank
		o = &blank
		o.Totals = map[int]audit.Total{}
		r.observations[group] = o
	}
	return o
}

// refresh reads the single numbers.
func (r *reading) refresh(k *kernel) (err error) {
	if r.state, err = k.state(); err != nil {
		return err
	}
	r.groups = map[uint32]kernelGroup{0: kernelGroup(r.state.whole)}
	return k.eachGroup(func(index uint32, g kernelGroup) { r.groups[index] = g })
}

func (r *reading) clock(group uint32) clock { return clock{uint64(r.groups[group].started), r.tick} }

// phases is how many drops there have been.
func (r *reading) phases(group uint32) uint32 { return uint32(r.groups[group].phase) }
