// Package tracer watches a process tree's capability checks: it loads the
// kernel half, starts the target under it, waits, and reads out the counts.
package tracer

import (
	"fmt"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/early"
)

// Options says how to trace.
type Options struct {
	// Backends to try, in order.
	Backends []Backend
	// IdleMatters is a mask of capabilities whose idle checks (audit.Checks.Idle)
	// are told apart.
	IdleMatters uint64
	// OnEvent, if set, is called for each check, capset and refused syscall
	// as it happens, from one goroutine.
	OnEvent func(Event)
	// OnReady, if set, is called with the target's pid once the kernel half
	// watches, just before the target is executed.
	OnReady func(pid int)
	// Stacks: it is looked at by which of the program's functions checks came.
	Stacks bool
	// Follow waits for the last descendant instead of the first process.
	Follow bool
	// Untraced: the target is only run and waited for.
	Untraced bool
	// Sampled: how system calls end is seen of a sample, so that those without a
	// check cost nothing. See CanSample.
	Sampled bool
	// Objects: it is noted what capabilities are asked for.
	Objects bool
	// Code: it is noted which files the programs map code of.
	Code bool
}

// Audit is one run: Start, then Wait, then Observe.
type Audit struct {
	options Options
	kernel  *kernel // nil if untraced
	family  *family // nil if traced
	target  Target
	process *process
	events  *ring
	stacks  *stackReader
	ended   atomic.Bool
	// companions are children that are not under audit
	companions companions
	stopped    chan Stop
	status     unix.WaitStatus
	// secureLosses of the target
	secureLosses []audit.SecureLoss
	openers      openers
	code         codeSeen
	// before are what was missed before the target was there to be watched
	before misses
	// adopted is nil where the target was started by this audit
	adopted *adopted
}

// Start loads the kernel half, starts the target and returns once the target
// has been executed. Nothing is left behind when it fails. Errors about the
// target are *StartError, those about tracing *BackendError, joined.
func Start(target Target, options Options) (_ *Audit, err error) {
	if err := Reserve(); err != nil {
		return nil, err
	}
	strangers.Store(haveChildren())
	// the stub gets ready while the kernel half is being verified
	stub, err := startStub(target)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			stub.abandon()
		}
	}()
	outlive()
	a := &Audit{options: options, target: target, process: stub, stopped: make(chan Stop)}
	if options.Untraced {
		a.family, err = newFamily(stub.pid)
	} else {
		err = a.trace()
	}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	if options.OnReady != nil {
		options.OnReady(stub.pid)
	}
	if err := stub.become(target); err != nil {
		return nil, err
	}
	a.secureLosses = secureLosses(target.Path, target.environ())
	return a, nil
}

// settings are those of the kernel half; what runs already is nil where nothing does.
func (o *Options) settings(running *opened) settings {
	return settings{verbose: o.OnEvent != nil, idleMatters: o.IdleMatters, objects: o.Objects, code: o.Code,
		stacks: o.Stacks, sampled: o.Sampled, running: running}
}

// load attaches the kernel half, and begins to read what it hands over while the audit runs.
func (a *Audit) load(running *opened) (err error) {
	early.LetCodeGo()
	a.kernel, err = openKernel(a.options.Backends, a.options.settings(running))
	early.LetCodeGo()
	if err == nil && a.options.OnEvent != nil {
		err = a.readEvents()
	}
	if err == nil && a.options.Stacks {
		a.stacks, err = a.kernel.readStacks(a.PID())
	}
	return err
}

// trace loads the kernel half and has it watch the target.
func (a *Audit) trace() (err error) {
	if err := a.load(nil); err != nil {
		return err
	}
	if a.options.Follow {
		// orphans of the tree become our children: that they have ended can be waited for
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("become the subreaper that --follow needs: %w", err)
		}
	}
	if err := a.kernel.mark(a.process.pidfd, taskArmed); err != nil {
		return err
	}
	// programs are skipped while a map is written on that CPU
	// (kernel/bpf/syscall.c, bpf_map_update_value())
	a.before, err = a.missed()
	return err
}

// PID of the first process, or the main process of what was adopted; 0 for none.
func (a *Audit) PID() int {
	if a.adopted != nil {
		return a.adopted.running.PID
	}
	return a.process.pid
}

// Ended reports whether the first process, or what was adopted, has ended.
func (a *Audit) Ended() bool { return a.ended.Load() }

// Signal sends a signal to the first process, if it still lives. It is not for
// what was adopted: what ran before is not ours to signal.
func (a *Audit) Signal(sig syscall.Signal) error { return send(a.process.pidfd, sig) }

// FinishEvents returns when every event that the kernel handed over has been
// passed to OnEvent.
func (a *Audit) FinishEvents() error {
	if a.events == nil {
		return nil
	}
	state, err := a.kernel.state()
	if err != nil {
		return err
	}
	a.events.finish(uint64(state.events), nil)
	return nil
}

// LostChecks is how many checks the kernel half could make no event of.
func (a *Audit) LostChecks() (uint64, error) {
	state, err := a.kernel.state()
	return uint64(state.lost_check_events), err
}

// Close detaches from the kernel. A program about to exit need not call it:
// detaching takes up to 160 ms, and the kernel does it at exit.
func (a *Audit) Close() {
	if a.kernel != nil {
		a.kernel.close()
	}
}

// Alive is how many processes of the tree live.
func (a *Audit) Alive() (int, error) {
	alive, err := a.liveProcesses()
	return len(alive), err
}

// Progress is a glimpse of a running audit.
type Progress struct {
	Checks uint64
	// Kinds counts checks that differ in more than their number: in capability,
	// verdict, system call, program or call site.
	Kinds uint64
	// Processes of the tree that live.
	Processes int
	// Groups that something ran in, where each has a report of its own.
	Groups int
	// Untraced: nothing else is known.
	Untraced bool
}

// Progress reads the totals; it costs the target nothing.
func (a *Audit) Progress() (p Progress, err error) {
	if a.family != nil {
		p.Untraced = true
		p.Processes, err = a.Alive()
		return p, err
	}
	totals, err := a.kernel.totals()
	if err != nil {
		return Progress{}, err
	}
	for _, total := range totals {
		p.Checks += uint64(total.granted) + uint64(total.denied)
	}
	state, err := a.kernel.state()
	if err != nil {
		return Progress{}, err
	}
	p.Kinds = uint64(state.noted)
	err = a.kernel.eachGroup(func(_ uint32, g kernelGroup) {
		if g.tasks > 0 {
			p.Groups++
		}
	})
	if err != nil {
		return Progress{}, err
	}
	p.Processes, err = a.Alive()
	return p, err
}

// Arguments are those of the target; of what ran before they are not known.
func (a *Audit) Arguments() []string {
	if a.adopted != nil {
		return nil
	}
	return a.target.Argv[1:]
}
