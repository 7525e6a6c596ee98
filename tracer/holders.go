package tracer

import (
	"github.com/cap-audit/cap-audit/audit"
)

// maxHolders is of how many processes it is looked at what they hold.
const maxHolders = 1 << 10

// noteHeld adds what the processes of what was adopted hold now. One that is gone, or that
// /proc does not show, holds nothing.
func (a *Audit) noteHeld() error {
	alive, err := a.kernel.liveProcesses()
	if err != nil {
		return err
	}
	alive = alive[:min(len(alive), maxHolders)]
	s := a.adopted.running
	if s.onItsWay { // and has from its engine what the container will hold
		alive = append(alive, s.PID)
	}
	held := map[int]audit.Held{}
	for _, pid := range alive {
		if id, ok := identityOf(pid); ok {
			held[pid] = audit.Held{Permitted: id.Permitted, Bounding: id.Bounding}
		}
	}
	// a process that lives now is the one whose number was looked at
	still, err := a.kernel.living()
	if err != nil {
		return err
	}
	if s.onItsWay && !hasEnded(s.pidfd) {
		still[0] = append(still[0], s.PID)
	}
	a.adopted.mu.Lock()
	defer a.adopted.mu.Unlock()
	for group, pids := range still {
		for _, pid := range pids {
			if h, ok := held[pid]; ok {
				all := a.adopted.held[group]
				all.Permitted |= h.Permitted
				all.Bounding |= h.Bounding
				a.adopted.held[group] = all
			}
		}
	}
	return nil
}

// readHeld reads what was noted.
func (a *Audit) readHeld(r *reading) {
	a.adopted.mu.Lock()
	defer a.adopted.mu.Unlock()
	for group, held := range a.adopted.held {
		r.of(group).Held = &held
	}
}
