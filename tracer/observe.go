package tracer

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/files"
)

// Observe reads out the counts. Descendants that still run go on counting;
// what they do later is not in it.
func (a *Audit) Observe() (*audit.Observation, error) {
	if a.family != nil {
		return a.observeUntraced()
	}
	r, err := a.read()
	if err != nil {
		return nil, err
	}
	return r.of(0), nil
}

// read reads out the counts of all groups.
func (a *Audit) read() (*reading, error) {
	k := a.kernel
	// First: on preemptible kernels programs are skipped while a map is read on
	// that CPU, too, and what others do meanwhile is no loss of this audit.
	missed, err := a.missed()
	if err != nil {
		return nil, err
	}
	missed = missed.since(a.before)
	r, err := k.newReading(audit.Observation{
		Application:   a.application(),
		System:        systemContext(),
		Backend:       string(k.backend),
		OptionsKnown:  k.backend.knowsOptions(),
		InlinedKnown:  k.backend.knowsInlined(),
		LSMKnown:      k.backend.knowsLSM(),
		SkipsUntold:   k.backend.skipsUntold(),
		Sampled:       k.sampled,
		UnaskedUnseen: k.backend.concludes() && !k.concludes(),
	})
	if err != nil {
		return nil, fmt.Errorf("read the kernel's counters: %w", err)
	}
	if err := k.readCounts(r); err != nil {
		return nil, err
	}
	// to list them notes how long it went on, and who waits
	alive, err := k.living()
	if err != nil {
		return nil, err
	}
	for group, pids := range alive {
		r.of(group).StillRunning = len(pids)
	}
	if a.adopted != nil {
		if err := a.noteHeld(); err != nil {
			return nil, err
		}
		a.readHeld(r)
	}
	if err := a.readState(r); err != nil {
		return nil, fmt.Errorf("read the kernel's counters: %w", err)
	}
	if err := a.readStacks(r); err != nil {
		return nil, fmt.Errorf("read the stacks: %w", err)
	}
	for _, o := range r.observations {
		o.MissedExits = missed.exits
		o.Losses.Checks += missed.checks
		o.Losses.Tasks += missed.tasks
		o.Losses.Unasked += missed.unasked
	}
	return r, nil
}

// readCounts reads what was counted of each check, call and capability.
func (k *kernel) readCounts(r *reading) error {
	// outcomes before rows, and rows before totals: a check made meanwhile can then only seem to lack its
	// outcome or its row, not its row or its total
	if err := k.readOutcomes(r); err != nil {
		return fmt.Errorf("read the outcomes: %w", err)
	}
	if err := k.readChecks(r); err != nil {
		return fmt.Errorf("read the checks: %w", err)
	}
	if err := k.readUnasked(r); err != nil {
		return fmt.Errorf("read what was granted without a check: %w", err)
	}
	totals, err := k.totals()
	if err != nil {
		return fmt.Errorf("read the totals: %w", err)
	}
	for i, total := range totals {
		if total.granted+total.denied > 0 {
			r.of(uint32(i / maxCaps)).Totals[i%maxCaps] =
				audit.Total{Granted: uint64(total.granted), Denied: uint64(total.denied)}
		}
	}
	return nil
}

// observeUntraced is what is known of a run that nobody watched.
func (a *Audit) observeUntraced() (*audit.Observation, error) {
	alive, err := a.liveProcesses()
	return &audit.Observation{
		Application: a.application(), System: systemContext(), Backend: "none", Untraced: true,
		StillRunning: len(alive),
	}, err
}

// application describes the target.
func (a *Audit) application() audit.Application {
	if a.adopted != nil {
		return a.adoptedApplication()
	}
	app := audit.Application{
		PID:     a.process.pid,
		Path:    FileOf(a.target.Path),
		Command: a.target.Argv[0],
		Python:  isPython(a.target.Path),
		Script:  isScript(a.target.Path),
		Ended:   a.Ended(),

		Arguments:    a.target.Argv[1:],
		UID:          a.target.uid(),
		Unprivileged: a.target.uid() != 0,
		Held:         a.target.held(),
		Mentions:     a.target.mentions(),
		SecureLosses: a.secureLosses,
	}
	if a.Ended() {
		app.Status, app.Signal = audit.Waited(a.status)
	}
	// a program that may be executed but not read keeps its secret
	if f, err := files.OpenRegular(a.target.Path, files.Any); err == nil {
		defer f.Close()
		if permitted, _, effective, ok, err := capng.FileCaps(f); err == nil && ok {
			app.FilePermitted, app.FileEffective = permitted, effective
		}
	}
	return app
}

// adoptedApplication describes the main process of what was adopted, or, where it has
// none, the first that came into the group. A program whose path is not ours to
// read has the name that its process goes by. How it ended is its parent's to know.
func (a *Audit) adoptedApplication() audit.Application {
	s := a.adopted.running
	app := audit.Application{PID: s.PID, Path: s.exe, FilePermitted: s.filePermitted,
		Unprivileged: s.unprivileged, Ended: a.Ended()}
	if s.PID != 0 && s.exe != "" && !s.onItsWay {
		return app
	}
	if state, err := a.kernel.state(); err == nil && s.PID == 0 {
		app.PID = int(state.whole.first_pid)
	}
	if p, err := a.kernel.program(1); err == nil {
		app.Path = a.pathOf(1, p)
	}
	return app
}

// FileOf is the file of a program: absolute, with links followed, as
// /proc/PID/exe names it; of a script its own path, since that names the
// interpreter.
func FileOf(path string) string {
	path = absolute(path)
	if isScript(path) {
		return path
	}
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}

// absolute is the path for the report; the program itself is run by the path
// given, which scripts get to see.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// readOutcomes reads how system calls ended. One without any capability is an
// exec that was refused.
func (k *kernel) readOutcomes(r *reading) error {
	return each(k, "outcomes", func(key kernelOutcome, count uint64) {
		o := r.of(uint32(key.group))
		if key.granted|key.denied|key.lsm_refused == 0 {
			o.RefusedExecs = append(o.RefusedExecs, syscallOf(int32(key.syscall), uint8(key.abi)))
		}
		for verdict, mask := range map[audit.Verdict]uint64{
			audit.Granted: uint64(key.granted), audit.Refused: uint64(key.denied),
			audit.LSMRefused: uint64(key.lsm_refused),
		} {
			kind := int(key.kind)
			if verdict == audit.Granted && key.denied|key.lsm_refused != 0 {
				kind = 0
			}
			for _, number := range capng.Numbers(mask) {
				o.Outcomes = append(o.Outcomes, audit.Outcome{
					Capability: number,
					Verdict:    verdict,
					Syscall:    syscallOf(int32(key.syscall), uint8(key.abi)),
					Return:     int(key.result),
					Count:      count,
					Kind:       kind,
				})
			}
		}
	})
}

// phaseOf is on which side of the last drop a check fell, by the number of drops
// before it and of all.
func phaseOf(before, all uint32) audit.Phase {
	if all > 0 && before >= all {
		return audit.PhaseDropped
	}
	return audit.PhaseInit
}

func (k *kernel) readUnasked(r *reading) error {
	return each(k, "unasked", func(key kernelUnasked, row kernelRow) {
		o := r.of(uint32(key.group))
		o.Unasked = append(o.Unasked, audit.Unasked{
			Capability: int(key.capability),
			Syscall:    syscallOf(int32(key.syscall), uint8(key.abi)),
			Phase:      phaseOf(uint32(key.phase), r.phases(uint32(key.group))),
			Kind:       int(row.kind),
			Held:       uint64(key.held),
			Concluded:  key.details&unaskedConcluded != 0,
			ReadsMM:    key.details&unaskedReadsMM != 0,
			Count:      uint64(row.count),
		})
	})
}

func (a *Audit) readState(r *reading) error {
	k := a.kernel
	if err := r.refresh(k); err != nil {
		return err
	}
	if err := k.readEnds(r); err != nil {
		return err
	}
	programs, err := a.readPrograms()
	if err != nil {
		return err
	}
	losses := a.losses(r)
	for group, o := range r.observations {
		g := r.groups[group]
		o.CapsetCalls = uint64(g.capset_calls)
		o.Requested = audit.Sets{
			Effective:   uint64(g.requested.effective),
			Permitted:   uint64(g.requested.permitted),
			Inheritable: uint64(g.requested.inheritable),
		}
		o.Dropped = g.phase > 0
		readTimes(o, g, uint64(r.state.listed), r.clock(group))
		o.Tasks = uint64(g.tasks)
		o.MovedIn = uint64(r.state.rescans)
		o.Sessions = uint64(g.sessions)
		o.Losses = losses
		o.Programs = programs.of(group)
	}
	return nil
}

// losses are those of the audit: whose they were is not known.
func (a *Audit) losses(r *reading) audit.Losses {
	s := r.state
	losses := audit.Losses{
		Tasks:    uint64(s.lost_tasks),
		Checks:   uint64(s.lost_checks),
		Rows:     r.lostRows + uint64(s.lost_rows),
		Sites:    uint64(s.lost_sites),
		Outcomes: uint64(s.lost_outcomes),
		Programs: uint64(s.lost_programs),
		Events:   uint64(s.lost_events),
		Unasked:  uint64(s.lost_unasked),
		Objects:  uint64(s.lost_objects),
		Stacks:   uint64(s.lost_stacks),
		Code:     uint64(s.lost_code) + a.code.lost(),
	}
	if a.adopted != nil {
		losses.Tasks += a.adopted.lost()
	} else if s.whole.tasks == 0 {
		losses.Tasks++ // the first process: its exec went unseen
	}
	losses.Checks += a.kernel.unreturned(s)
	return losses
}

// A check takes no longer than that, unless its task is preempted.
const checkTries, checkPause = 20, time.Millisecond

// unreturned are checks whose end was missed, of kretprobes that ran out of instances; not those
// that are under way, which are fewer at one moment or another.
func (k *kernel) unreturned(s kernelState) uint64 {
	fewest := uint64(math.MaxUint64)
	for range checkTries {
		fewest = min(fewest, uint64(max(s.entered, s.returned)-s.returned))
		if fewest == 0 {
			return 0
		}
		time.Sleep(checkPause)
		now, err := k.state()
		if err != nil {
			break
		}
		s = now
	}
	return fewest
}

// misses are events that programs of the kernel half did not see, because they
// ran already on that CPU. The kernel counts those of all tasks, so these are
// how many at most were of the tree.
type misses struct{ checks, tasks, exits, unasked uint64 }

func (m misses) since(before misses) misses {
	return misses{m.checks - before.checks, m.tasks - before.tasks, m.exits - before.exits,
		m.unasked - before.unasked}
}

// missed is what was missed since the programs were attached.
func (a *Audit) missed() (m misses, err error) {
	k := a.kernel
	add := func(loss *uint64, name string) {
		n, failed := k.misses(name)
		*loss += n
		err = errors.Join(err, failed)
	}
	for _, name := range checkPrograms[k.backend] {
		add(&m.checks, name)
	}
	if k.preemptible {
		add(&m.tasks, "on_wakeup_new") // which sees all; execs unseen are counted in lost_programs
	} else {
		add(&m.tasks, "on_newtask")
		add(&m.tasks, "on_fork")
		add(&m.tasks, "on_exec")
	}
	if a.adopted != nil && a.adopted.running.groups() {
		add(&m.tasks, "on_group_made")
		add(&m.tasks, "on_moved")
	}
	if !k.sampled {
		add(&m.exits, "on_sys_exit")
	}
	if k.concludes() {
		m.unasked = m.exits
	}
	return m, err
}
