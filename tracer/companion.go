package tracer

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// companions are children of ours beside the target, such as --test. Wait reaps
// all children and hands their statuses on.
type companions struct {
	mu   sync.Mutex
	wait map[int]chan<- unix.WaitStatus
	// groups are their process groups, also of those that have ended.
	groups map[int]bool
}

func (c *companions) groupIDs() map[int]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.groups)
}

// ended hands a child's status to whoever started it and reports whether any
// companion still runs.
func (c *companions) ended(pid int, status unix.WaitStatus) (running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.wait[pid]; ch != nil {
		ch <- status
		delete(c.wait, pid)
	}
	return len(c.wait) > 0
}

func (c *companions) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.wait) > 0
}

// KillCompanions ends them with all that they started.
func (a *Audit) KillCompanions() {
	a.companions.mu.Lock()
	defer a.companions.mu.Unlock()
	for pid := range a.companions.wait {
		unix.Kill(-pid, unix.SIGKILL)
	}
}

// RunBeside starts a program that is not under audit while the target is up,
// with no standard input and our standard error as its output. Wait must be
// running for its status to come.
func (a *Audit) RunBeside(path string, argv, environ []string) (<-chan unix.WaitStatus, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	a.companions.mu.Lock()
	defer a.companions.mu.Unlock()
	pid, err := forkExec(path, argv, &syscall.ProcAttr{
		Env:   environ,
		Files: []uintptr{null.Fd(), 2, 2},
		// a group of its own: what it starts can be ended with it
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", path, err)
	}
	status := make(chan unix.WaitStatus, 1)
	if a.companions.wait == nil {
		a.companions.wait, a.companions.groups = map[int]chan<- unix.WaitStatus{}, map[int]bool{}
	}
	a.companions.groups[pid] = true
	a.companions.wait[pid] = status
	if a.adopted != nil { // else Wait reaps
		go func() {
			var ws unix.WaitStatus
			for {
				if _, err := unix.Wait4(pid, &ws, 0, nil); !errors.Is(err, unix.EINTR) {
					a.companions.ended(pid, ws)
					return
				}
			}
		}()
	}
	return status, nil
}
