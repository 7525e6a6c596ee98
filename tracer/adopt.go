package tracer

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	bpflib "github.com/aquasecurity/libbpfgo"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/hint"
)

// Adopt loads the kernel half and returns once every task of what runs already
// is watched. That itself notices nothing.
func Adopt(what Running, options Options) (_ *Audit, err error) {
	if err := Reserve(); err != nil {
		return nil, err
	}
	s, err := what.open()
	if err != nil {
		return nil, err
	}
	outlive()
	a := &Audit{options: options, adopted: &adopted{running: s, stopped: make(chan struct{}),
		held: map[uint32]audit.Held{}}}
	defer func() {
		if err != nil {
			if a.kernel != nil {
				a.kernel.close()
			}
			s.close()
		}
	}()
	if err := a.load(s); err != nil {
		return nil, err
	}
	if s.moved() {
		err := fmt.Errorf("control group %s: was made or removed at this very moment", s.Cgroup)
		return nil, hint.Add(err, "try again")
	}
	if s.pidfd >= 0 {
		if err := a.mark(); err != nil {
			if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) {
				err = fmt.Errorf("process %d has ended", s.PID)
			}
			return nil, err
		}
	}
	if err := a.adopt(); err != nil {
		return nil, err
	}
	if err := a.tookIn(); err != nil {
		return nil, err
	}
	if err := a.lookForCode(mostRan); err != nil {
		return nil, err
	}
	if err := a.noteHeld(); err != nil {
		return nil, err
	}
	if options.OnReady != nil {
		options.OnReady(s.PID)
	}
	return a, nil
}

// mark marks the process that was named. One that an engine has prepared is recorded from its exec
// on, unless that has come meanwhile: looked at afterwards, since from the mark on it is seen.
func (a *Audit) mark() error {
	s := a.adopted.running
	if !s.Prepared {
		return a.kernel.mark(s.pidfd, taskRoot)
	}
	err := a.kernel.mark(s.pidfd, taskRoot|taskEntering)
	if s.onItsWay = runsForeignProgram(s.PID); err == nil && !s.onItsWay {
		err = a.kernel.mark(s.pidfd, taskRoot)
	}
	return err
}

// tookIn says why the process that was named is not among what was taken in. It has had storage
// since it was marked, so that it was not among the tasks that the kernel lists for BPF programs.
func (a *Audit) tookIn() error {
	s := a.adopted.running
	state, err := a.kernel.state()
	if err != nil || s.PID == 0 || s.groups() || s.onItsWay || state.whole.tasks > 0 {
		return err
	}
	if err := mayWatch(s.PID, s.pidfd); err != nil { // it was about to end
		return err
	}
	err = fmt.Errorf("process %d cannot be watched: this kernel does not show it to BPF programs", s.PID)
	return hint.Addf(err, "watch those that it started, see ps --ppid %d", s.PID)
}

// adopted is what an Audit of what ran before it has beside.
type adopted struct {
	running *opened
	stopped chan struct{}
	stop    sync.Once

	mu sync.Mutex
	// unadopted counts tasks that could not be given storage in the last scan.
	unadopted uint64
	rescans   uint64
	// what is known of programs that ran before they were watched, by index; the last
	// index that was looked at, and those up to it that have to be looked at again.
	ran    map[uint32]ranProgram
	last   uint32
	unsure []uint32
	// held is what those of the processes hold that were looked at, by group.
	held map[uint32]audit.Held
}

type ranProgram struct {
	path   string
	logins logins
}

// lost counts the tasks that are not watched.
func (t *adopted) lost() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unadopted
}

// maxScans bounds the passes of adopt. Each goes at least one generation down
// the tree of processes that there were when the first began.
const maxScans = 10000

// adopt takes in the tasks that are to be watched and are not yet. Forks of
// those that are have been tracked before this begins, so a pass that finds
// nothing proves that none is left.
func (a *Audit) adopt() error {
	name := "adopt_tree"
	if a.adopted.running.groups() {
		name = "adopt_group"
	}
	for range maxScans {
		found, failed := 0, uint64(0)
		err := a.kernel.iterate(name, int(unsafe.Sizeof(kernelAdopted{})), func(record []byte) error {
			adopted, err := decode[kernelAdopted](record)
			if adopted.failed != 0 {
				failed++
			} else {
				found++
			}
			return err
		})
		if err != nil {
			return err
		}
		a.adopted.mu.Lock()
		a.adopted.unadopted = failed
		a.adopted.mu.Unlock()
		if found == 0 {
			return a.lookUpPaths()
		}
	}
	return errors.New("the processes to watch multiply faster than they can be found: stop what starts them")
}

// lookUpPaths finds the paths of programs that ran before they were watched,
// while a process that runs them lives.
func (a *Audit) lookUpPaths() error {
	state, err := a.kernel.state()
	if err != nil {
		return err
	}
	a.adopted.mu.Lock()
	defer a.adopted.mu.Unlock()
	for a.adopted.last < min(uint32(state.programs), maxPrograms-1) {
		a.adopted.last++
		a.adopted.unsure = append(a.adopted.unsure, a.adopted.last)
	}
	found := map[uint32]ranProgram{}
	var unsure []uint32
	for _, i := range a.adopted.unsure {
		p, err := a.kernel.program(i)
		switch {
		case errors.Is(err, unix.ENOENT): // not there yet, or given up since another CPU was first
			unsure = append(unsure, i)
			continue
		case err != nil:
			return err
		case p.ran == 0:
			continue
		}
		unsure = append(unsure, i)
		link := fmt.Sprintf("/proc/%d/exe", p.pid)
		if path, err := os.Readlink(link); err == nil {
			found[i] = ranProgram{strings.TrimSuffix(path, " (deleted)"), loginsAt(link)}
		}
	}
	err = a.keep(found)
	a.adopted.unsure = slices.DeleteFunc(unsure, func(i uint32) bool {
		_, known := a.adopted.ran[i]
		return known
	})
	return err
}

// keep notes what was found of programs, and by which paths they are known.
func (a *Audit) keep(found map[uint32]ranProgram) error {
	if len(found) == 0 {
		return nil
	}
	// a process that lives after its link was read is the one that was meant
	alive, err := a.kernel.liveProcesses()
	if err != nil {
		return err
	}
	index, err := a.kernel.module.GetMap("program_index")
	if err != nil {
		return err
	}
	for i, program := range found {
		p, err := a.kernel.program(i)
		if err != nil {
			return err
		}
		if !slices.Contains(alive, int(p.pid)) {
			continue
		}
		if a.adopted.ran == nil {
			a.adopted.ran = map[uint32]ranProgram{}
		}
		a.adopted.ran[i] = program
		if path := program.path; len(path) < maxPath-1 {
			// executed from now on, it is the same program; unless that has happened
			key := kernelKey{file: p.file, group: p.group}
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&key.path)), maxPath), path)
			atMaps(func() error {
				return index.UpdateValueFlags(unsafe.Pointer(&key), unsafe.Pointer(&i),
					bpflib.MapFlagUpdateNoExist)
			})
		}
	}
	return nil
}

// pathOf is the path of a program of the tree.
func (a *Audit) pathOf(index uint32, p kernelProgram) string {
	if ran, ok := a.ranBefore(index); ok {
		return ran.path
	}
	return cString(p.path[:])
}

// ranBefore is what is known of a program that ran before it was watched.
func (a *Audit) ranBefore(index uint32) (ranProgram, bool) {
	if a.adopted == nil {
		return ranProgram{}, false
	}
	a.adopted.mu.Lock()
	defer a.adopted.mu.Unlock()
	program, ok := a.adopted.ran[index]
	return program, ok
}

// lookEvery is how often an audit that adopted looks after what the kernel half
// leaves to it: paths, and threads of processes that were moved into the group.
const lookEvery = 200 * time.Millisecond

// Stop makes Wait of an audit that adopted return: what was watched goes on.
func (a *Audit) Stop() { a.adopted.stop.Do(func() { close(a.adopted.stopped) }) }

// waitAdopted returns when what was adopted has ended, or after Stop.
func (a *Audit) waitAdopted() error {
	s := a.adopted.running
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	// what was adopted may have left the group before the first look
	state, err := a.kernel.state()
	if err != nil {
		return err
	}
	inhabited := state.whole.tasks > 0
	for {
		select {
		case <-a.adopted.stopped:
			return nil
		case <-s.Ended:
			a.ended.Store(true)
			return nil
		case <-ticker.C:
		}
		if err := a.lookAfter(); err != nil {
			return err
		}
		switch {
		case s.Ended != nil:
			continue
		case s.pidfd >= 0:
			if hasEnded(s.pidfd) {
				a.ended.Store(true)
				return nil
			}
		case s.each():
			if !s.exists() {
				a.ended.Store(true)
				return nil
			}
		default:
			was := inhabited
			inhabited = isInhabited(s.directory())
			if was && !inhabited {
				a.ended.Store(true)
				return nil
			}
		}
	}
}

func (a *Audit) lookAfter() error {
	state, err := a.kernel.state()
	if err != nil {
		return err
	}
	if rescans := uint64(state.rescans); rescans != a.adopted.rescans {
		a.adopted.rescans = rescans
		return a.adopt()
	}
	return a.lookUpPaths()
}

// hasEnded: a pidfd becomes readable when its process has ended.
func hasEnded(pidfd int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// isInhabited reports whether processes are in a group or below it.
func isInhabited(group string) bool {
	raw, err := os.ReadFile(group + "/cgroup.events")
	if err != nil && group == cgroup.Root() {
		return true // the root has no such file
	}
	return err == nil && strings.Contains(string(raw), "populated 1")
}
