package tracer

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

const (
	// mostLooks is how many processes' mappings are read at a time while the audit runs.
	mostLooks = 64
	// mostRan of those that ran before the audit are looked at when it begins.
	mostRan = 4096
	// looksWait is how long anybody waits for that: a process that changes its mappings locks them.
	looksWait = time.Second
)

// codeSeen is what /proc tells of the code that processes mapped: see lookForCode.
type codeSeen struct {
	mu     sync.Mutex
	now    *codeLook // under way, nil for none
	living []runs    // at the last look, by pid
	looked map[runs]bool
	files  map[codeKey]audit.CodeFile
	read   map[uint32]bool // programs of which a process was
	after  int             // the process that was read again last
	// not known: mappings for which there was no room, processes and programs that were to be
	// looked at and were not
	full, pending, unread uint64
}

// codeLook is one pass over the living processes.
type codeLook struct {
	done chan struct{}
	err  error
}

// codeKey tells what a program mapped from what else was.
type codeKey struct {
	program uint32
	id      fileID // without its generation, which /proc does not tell
}

// runs says that a process runs a program.
type runs struct {
	pid     int
	program uint32
}

// lost is how much is not known.
func (c *codeSeen) lost() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full + c.pending + c.unread
}

// judge counts the programs that ran before and of which no process was looked at: none lived for long
// enough, or they are not ours to see.
func (c *codeSeen) judge(programs map[uint32]kernelProgram) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unread = 0
	for i, p := range programs {
		if p.ran != 0 && !c.read[i] {
			c.unread++
		}
	}
}

// addCode says of the programs what code they mapped besides their own files.
func (a *Audit) addCode(list []audit.Program, programs map[uint32]kernelProgram) error {
	a.code.judge(programs)
	a.code.mu.Lock()
	all := maps.Clone(a.code.files)
	a.code.mu.Unlock()
	if all == nil {
		all = map[codeKey]audit.CodeFile{}
	}
	err := each(a.kernel, "code_files", func(key kernelCodeKey, code kernelCode) {
		if code.named == 0 { // by now
			return
		}
		id := fileID{inode: uint64(key.file.inode), device: uint32(key.file.device)}
		name, whole := pathOf((*kernelNames)(&code.path))
		all[codeKey{uint32(key.program), id}] = codeFile(id, name, whole)
	})
	for key, file := range all {
		if own := programs[key.program].file; int(key.program) < len(list) &&
			(key.id != fileID{inode: uint64(own.inode), device: uint32(own.device)}) {
			p := &list[key.program]
			p.Code = append(p.Code, file)
		}
	}
	for i := range list {
		slices.SortFunc(list[i].Code, func(f, g audit.CodeFile) int {
			return cmp.Or(cmp.Compare(f.Path, g.Path), cmp.Compare(f.Inode, g.Inode),
				cmp.Compare(f.Device, g.Device))
		})
	}
	return err
}

func codeFile(id fileID, name string, whole bool) audit.CodeFile {
	return audit.CodeFile{Path: name, Whole: whole, Inode: id.inode, Device: id.device}
}

// lookForCode reads the mappings of processes that the kernel half did not see to map: of those
// that ran before, once; where it sees no system call's end, but only how loaders go about it, of all,
// and again each time.
func (a *Audit) lookForCode(most int) error {
	if !a.options.Code {
		return nil
	}
	c := &a.code
	c.mu.Lock()
	look := c.now
	if look == nil {
		look = &codeLook{done: make(chan struct{})}
		c.now = look
		go func() {
			look.err = a.look(most)
			c.mu.Lock()
			c.now = nil
			c.mu.Unlock()
			close(look.done)
		}()
	}
	c.mu.Unlock()
	select {
	case <-look.done:
		return look.err
	case <-time.After(looksWait):
		return nil
	}
}

func (a *Audit) look(most int) error {
	living, err := a.running()
	if err != nil {
		return err
	}
	wanted, err := a.ofInterest(living)
	if err != nil {
		return err
	}
	chosen := a.code.choose(living, wanted, most, a.kernel.sampled)
	found := map[runs][]mapsLine{}
	for _, r := range chosen {
		found[r], _ = mapsOf(r.pid) // none: see keep
	}
	if len(found) == 0 {
		return nil
	}
	// who runs the same program now is who was meant
	still, err := a.running()
	for _, r := range still {
		if lines, ok := found[r]; ok {
			a.code.keep(r, lines)
		}
	}
	return err
}

// running are the processes of the tree that live, and their programs.
func (a *Audit) running() ([]runs, error) {
	programs := map[int]uint32{} // a process is listed for each of its threads
	err := a.kernel.eachLiving(func(living kernelLiving) {
		if living.exiting == 0 {
			programs[int(living.pid)] = uint32(living.program)
		}
	})
	list := make([]runs, 0, len(programs))
	for pid, program := range programs {
		list = append(list, runs{pid, program})
	}
	slices.SortFunc(list, func(r, s runs) int { return r.pid - s.pid })
	return list, err
}

// ofInterest are those of the living of which not all mappings are seen.
func (a *Audit) ofInterest(living []runs) ([]runs, error) {
	if a.kernel.sampled {
		return living, nil
	}
	if a.adopted == nil {
		return nil, nil
	}
	ran := map[uint32]bool{}
	for _, r := range living {
		if _, ok := ran[r.program]; ok {
			continue
		}
		p, err := a.kernel.program(r.program)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return nil, err
		}
		ran[r.program] = p.ran != 0
	}
	return slices.DeleteFunc(slices.Clone(living), func(r runs) bool { return !ran[r.program] }), nil
}

// choose says whose mappings are read now: first of those that were not looked at yet, then, if that is
// wanted, of the others in turn.
func (c *codeSeen) choose(living, wanted []runs, most int, again bool) []runs {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.living = living
	looked := map[runs]bool{} // without those that have ended
	var chosen, known []runs
	for _, r := range wanted {
		if c.looked[r] {
			looked[r] = true
			known = append(known, r)
		} else {
			chosen = append(chosen, r)
		}
	}
	c.looked = looked
	c.pending = uint64(max(len(chosen)-most, 0))
	if again && len(chosen) < most {
		next, _ := slices.BinarySearchFunc(known, c.after+1, func(r runs, pid int) int { return r.pid - pid })
		known = slices.Concat(known[next:], known[:next])
		known = known[:min(len(known), most-len(chosen))]
		if len(known) > 0 {
			c.after = known[len(known)-1].pid
		}
		chosen = append(chosen, known...)
	}
	return chosen[:min(len(chosen), most)]
}

// keep notes what a process mapped; that no code is there can only be because it is not ours to see.
func (c *codeSeen) keep(r runs, lines []mapsLine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files, c.read = map[codeKey]audit.CodeFile{}, map[uint32]bool{}
	}
	again := c.looked[r]
	c.looked[r] = true
	if len(lines) > 0 {
		c.read[r.program] = true
	}
	for _, l := range lines {
		key := codeKey{r.program, l.id}
		if _, ok := c.files[key]; ok || l.id.inode == 0 {
			continue
		}
		if len(c.files) == mostCode {
			if !again {
				c.full++
			}
			continue
		}
		c.files[key] = codeFile(l.id, l.name, l.name != "")
	}
}
