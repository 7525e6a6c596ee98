package tracer

import (
	"slices"

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
	held := map[int]audit.Held{}
	for _, pid := range alive {
		if id, ok := identityOf(pid); ok {
			held[pid] = audit.Held{Permitted: id.Permitted, Bounding: id.Bounding}
		}
	}
	// a process that lives now is the one whose number was looked at
	still, err := a.kernel.liveProcesses()
	if err != nil {
		return err
	}
	a.adopted.mu.Lock()
	defer a.adopted.mu.Unlock()
	for pid, h := range held {
		if slices.Contains(still, pid) {
			a.adopted.held.Permitted |= h.Permitted
			a.adopted.held.Bounding |= h.Bounding
			a.adopted.holders = true
		}
	}
	return nil
}

// held is what was noted, nil for nothing.
func (a *Audit) held() *audit.Held {
	a.adopted.mu.Lock()
	defer a.adopted.mu.Unlock()
	if !a.adopted.holders {
		return nil
	}
	held := a.adopted.held
	return &held
}
