package tracer

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/unwind"
)

const (
	// mostStacks are kept of an audit.
	mostStacks = 1024
	// mostUnwinding is how long all of them may take: what files say can make it long.
	mostUnwinding = 5 * time.Second
	// mostLists of mappings are kept: a stack comes soon after its list.
	mostLists = 256
	// stacksQueued can wait to be unwound, outside of the kernel's ring buffer.
	stacksQueued = 64
	// stacksWait is how long the end of an audit waits for those that are on their way.
	stacksWait = time.Second
)

// ownMachine is the one whose programs run here, but for those of 32 bits.
var ownMachine = map[string]unwind.Machine{"amd64": unwind.AMD64, "arm64": unwind.ARM64}[runtime.GOARCH]

// stackReader unwinds the stacks that the kernel half hands over, while their
// processes run if they live that long. What can make it wait, such as a file in
// a file system of the program's own, keeps nobody waiting for it.
type stackReader struct {
	ring   *ring
	files  *codeFiles
	lists  map[uint32][]unwind.Mapping
	order  []uint32 // of lists, the oldest first
	spent  time.Duration
	number int

	mu     sync.Mutex
	stacks map[int][]audit.Stack // by kind
	lost   uint64
}

func newStackReader(root int) *stackReader {
	return &stackReader{files: newCodeFiles(root), lists: map[uint32][]unwind.Mapping{},
		stacks: map[int][]audit.Stack{}}
}

// readStacks begins to read. Files are looked for as the process sees them, then as root does.
func (k *kernel) readStacks(root int) (r *stackReader, err error) {
	r = newStackReader(root)
	r.ring, err = k.readRing("stacks", stacksQueued, r.take)
	return r, err
}

func (r *stackReader) take(record []byte) {
	if m, err := decode[kernelMapping](record); err == nil && m.what == stackMapping {
		r.list(&m)
	} else {
		r.unwind(stackIn(record))
	}
}

// stackIn is a stack of which not all pages need be in the record.
func stackIn(record []byte) *kernelStack {
	s := &kernelStack{}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s)), record)
	return s
}

// list adds a mapping to its list, and gives up the oldest list where there are too many.
func (r *stackReader) list(m *kernelMapping) {
	id := uint32(m.list)
	if _, ok := r.lists[id]; !ok {
		if len(r.order) == mostLists {
			delete(r.lists, r.order[0])
			r.order = r.order[1:]
		}
		r.order = append(r.order, id)
	}
	r.lists[id] = append(r.lists[id], r.files.mapping(m))
}

func (r *stackReader) unwind(s *kernelStack) {
	if r.number == mostStacks || r.spent > mostUnwinding {
		r.mu.Lock()
		r.lost++
		r.mu.Unlock()
		return
	}
	r.number++
	begin := time.Now()
	stack := r.unwound(s)
	r.spent += time.Since(begin)
	kind := int(s.kind)
	r.mu.Lock()
	r.stacks[kind] = append(r.stacks[kind], stack)
	r.mu.Unlock()
}

func (r *stackReader) unwound(s *kernelStack) audit.Stack {
	mappings, ok := r.lists[uint32(s.list)]
	r.files.of(int(s.pid))
	if !ok {
		mappings = r.files.mappings(int(s.pid), uint64(s.born))
	}
	if mappings == nil { // it has ended: what was mapped since is not there
		mappings = r.lists[uint32(s.list_before)]
	}
	if mappings == nil {
		return audit.Stack{Ended: "the process ended before its memory was looked at"}
	}
	stack := unwind.Stack{Machine: ownMachine, Base: uint64(s.base), Missing: ^uint64(s.pages)}
	for i, value := range s.registers {
		stack.Registers[i] = uint64(value)
	}
	stack.Memory = unsafe.Slice((*byte)(unsafe.Pointer(&s.memory)), len(s.memory))
	frames, end, err := unwind.Unwind(&stack, mappings)
	if err != nil {
		return audit.Stack{Ended: err.Error()}
	}
	out := audit.Stack{Ended: string(end)}
	for _, f := range frames[:min(len(frames), audit.MaxFrames)] {
		out.Frames = append(out.Frames, audit.Frame(f))
	}
	return out
}

// finish waits for n records that were handed over, and says how many stacks are missing.
func (r *stackReader) finish(n uint64) (lost uint64) {
	r.ring.finish(n, time.After(stacksWait))
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost + n - min(r.ring.read.Load(), n)
}

// into gives what was unwound to the sites by which it came.
func (r *stackReader) into(o *audit.Observation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range o.Checks {
		for j := range o.Checks[i].Sites {
			site := &o.Checks[i].Sites[j]
			site.Stacks = r.stacks[site.Kind]
		}
	}
}

// readStacks gives what was unwound to the call sites.
func (a *Audit) readStacks(r *reading) error {
	if a.stacks == nil {
		return nil
	}
	state, err := a.kernel.state()
	if err != nil {
		return err
	}
	lost := a.stacks.finish(uint64(state.stack_records))
	for _, o := range r.observations {
		o.Losses.Stacks += lost
		a.stacks.into(o)
	}
	return nil
}
