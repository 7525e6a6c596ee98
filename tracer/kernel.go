package tracer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"unsafe"

	bpflib "github.com/aquasecurity/libbpfgo"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/bpf"
	"github.com/cap-audit/cap-audit/privilege"
)

// kernel is the loaded and attached kernel half.
type kernel struct {
	module  *bpflib.Module
	backend Backend
	// preemptible: tracepoints are, and preemptedPrograms attached
	preemptible bool
	// sampled: callEndPrograms are not
	sampled bool
	// each: groups below the watched one are told apart
	each bool
	// groupNames are by index
	naming     sync.Mutex
	groupNames map[uint32]groupName
	// iterating: libbpfgo keeps a list of links, one iterator at a time
	iterating sync.Mutex
	iterated  []byte // what was read last
}

// libbpfLog keeps what libbpf warns of: it must not reach the terminal, and a
// verifier's refusal is only "permission denied" without it. libbpf calls
// back on the calling thread.
var libbpfLog struct {
	sync.Mutex
	text strings.Builder
}

// logLimit bounds the log in bytes; the verifier can write megabytes.
const logLimit = 64 << 10

func captureLibbpfLog() {
	bpflib.SetLoggerCbs(bpflib.Callbacks{Log: func(_ int, msg string) {
		libbpfLog.Lock()
		defer libbpfLog.Unlock()
		if libbpfLog.text.Len() < logLimit {
			libbpfLog.text.WriteString(msg)
		}
	}})
}

func takeLibbpfLog() string {
	libbpfLog.Lock()
	defer libbpfLog.Unlock()
	text := libbpfLog.text.String()
	libbpfLog.text.Reset()
	return text
}

// settings go into the kernel half's read-only data before it is loaded.
type settings struct {
	verbose bool
	// idleMatters is a mask of capabilities of which idle checks are told apart.
	idleMatters uint64
	// sampled and stacks: see Options.
	sampled, stacks bool
	// objects: it is noted what capabilities are asked for; code: what programs map.
	objects, code bool
	// running is what runs already, nil for a target that is to be started.
	running *opened
}

// openKernel loads and attaches the first of the backends that this kernel
// takes. The error joins one BackendError for each that it did not.
func openKernel(backends []Backend, set settings) (*kernel, error) {
	captureLibbpfLog()
	types, err := readTypes()
	if err != nil {
		return nil, err
	}
	defer types.close()
	var failures []error
	for _, backend := range backends {
		var k *kernel
		var stage string
		err := raised(func() (err error) {
			k, stage, err = tryBackend(backend, set, types)
			return err
		})
		if err == nil {
			return k, nil
		}
		failures = append(failures, &BackendError{Backend: backend, Stage: stage, Err: err,
			Log: takeLibbpfLog()})
	}
	return nil, errors.Join(failures...)
}

// raised runs a step with the capabilities that tracing takes, which nothing else
// has that cap-audit does. Up to 5.18 each bpf(2) takes CAP_BPF where
// kernel.unprivileged_bpf_disabled is set (kernel/bpf/syscall.c, __sys_bpf()),
// since then loading does, attaching, and making a map.
func raised(step func() error) error { return privilege.Raise(privilege.Tracing, step) }

func tryBackend(backend Backend, set settings, types kernelTypes) (k *kernel, stage string, err error) {
	// both are known before anything is loaded, which takes long
	if backend == Fentry && fexitRefused() {
		return nil, "load", fmt.Errorf("the kernel refuses fexit programs: %w", unix.EPERM)
	}
	if backend == Kprobe && noKprobes() {
		return nil, "load", fmt.Errorf("the kernel has no kprobes: %w", unix.ENOTSUP)
	}
	module, err := bpflib.NewModuleFromBufferArgs(bpflib.NewModuleArgs{
		BPFObjBuff: bpf.Object,
		BPFObjName: "cap_audit",
		BTFObjPath: types.path(),
		// raising RLIMIT_MEMLOCK needs CAP_SYS_RESOURCE, would leak into
		// the target and hide its CAP_IPC_LOCK; since 5.11 BPF memory is
		// charged to the cgroup and the limit does not matter
		SkipMemlockBump: true,
	})
	if err != nil {
		return nil, "open", err
	}
	defer func() {
		if err != nil {
			module.Close()
		}
	}()
	k = &kernel{module: module, backend: backend, preemptible: preemptibleTracepoints(),
		sampled: set.sampled, each: set.running.each()}
	if err = k.configure(set, types); err != nil {
		return nil, "open", err
	}
	if err = module.BPFLoadObject(); err != nil {
		return nil, "load", err
	}
	if err = k.attach(set.running); err != nil {
		return nil, "attach", err
	}
	return k, "", nil
}

func (k *kernel) configure(set settings, types kernelTypes) error {
	autoload := map[string]bool{}
	for _, backend := range Backends {
		for _, name := range checkPrograms[backend] {
			autoload[name] = backend == k.backend
		}
	}
	for _, name := range preemptedPrograms {
		autoload[name] = k.preemptible
	}
	if k.sampled {
		for _, name := range callEndPrograms {
			autoload[name] = false
		}
	}
	for _, name := range adoptPrograms {
		autoload[name] = slices.Contains(set.running.programs(), name)
	}
	for name, wanted := range autoload {
		prog, err := k.module.GetProgram(name)
		if err != nil {
			return err
		}
		if err := prog.SetAutoload(wanted); err != nil {
			return err
		}
	}
	variables, err := k.variables(set, types)
	if err == nil {
		err = variables.give(k.module)
	}
	if err != nil {
		return err
	}
	if set.running.each() {
		if err := enlarge(k.module); err != nil {
			return err
		}
	}
	return k.shrink(set)
}

// shrink makes the ring buffers to which nothing is written the smallest that there are.
func (k *kernel) shrink(set settings) error {
	events, err := k.module.GetMap("events")
	if err != nil {
		return err
	}
	stacks, err := k.module.GetMap("stacks")
	if err != nil {
		return err
	}
	const smallest = 4096
	if !set.verbose {
		err = events.SetMaxEntries(smallest)
	}
	if !set.stacks {
		err = errors.Join(err, stacks.SetMaxEntries(smallest))
	}
	return err
}

// variables say what is looked at.
func (k *kernel) variables(set settings, types kernelTypes) (variables, error) {
	tick, err := jiffy()
	if err != nil {
		return nil, err
	}
	v := set.running.variables()
	v["an_integer"] = types.anInteger
	v["preemptible"] = k.preemptible
	v["verbose"] = set.verbose
	v["idle_matters"] = set.idleMatters
	v["concludes"] = k.concludes()
	v["sampled"] = k.sampled
	v["code_wanted"] = set.code
	v["takes_stacks"] = set.stacks
	v["stacks_at_end"] = set.stacks && !k.sampled && k.backend.interruptsOff()
	v["long_wait"] = uint64(longWait / tick)
	v["objects_wanted"] = set.objects
	if set.objects {
		v["arguments"] = argumentTable()
	}
	return v, nil
}

// concludes: what is granted without a check, from the system calls.
func (k *kernel) concludes() bool { return k.backend.concludes() && !k.sampled }

// attach attaches what was loaded, the task tracking first, so that no check
// of a task is seen before the task is known.
func (k *kernel) attach(s *opened) error {
	names := slices.Clone(trackPrograms)
	if s.groups() {
		names = append(names, "on_group_made", "on_moved")
	}
	if k.preemptible {
		names = append(names, preemptedPrograms...)
	}
	if k.sampled {
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(callEndPrograms, n) })
	}
	for _, name := range append(names, checkPrograms[k.backend]...) {
		prog, err := k.module.GetProgram(name)
		if err != nil {
			return err
		}
		if _, err := prog.AttachGeneric(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// close detaches and unloads everything. It takes up to 160 ms with kprobes;
// a process that ends anyway leaves it to the kernel.
func (k *kernel) close() { k.module.Close() }

// mark puts a task into the traced tree: with taskArmed recording begins when
// it execs, with taskRoot when it is adopted. The task is named by a pidfd, so
// that no other can be meant.
func (k *kernel) mark(pidfd int, flags uint32) error {
	tasks, err := k.module.GetMap("tasks")
	if err != nil {
		return err
	}
	task := markedTask(flags)
	key := int32(pidfd)
	err = atMaps(func() error { return tasks.Update(unsafe.Pointer(&key), unsafe.Pointer(&task)) })
	if err != nil {
		return fmt.Errorf("give the target task storage: %w", err)
	}
	return nil
}

// lookUp reads one entry of a map.
func lookUp[V, K any](m *bpflib.BPFMap, key K) (value V, err error) {
	err = atMaps(func() error {
		raw, err := m.GetValue(unsafe.Pointer(&key))
		if err == nil {
			value, err = decode[V](raw)
		}
		return err
	})
	return value, err
}

// state reads the single numbers.
func (k *kernel) state() (kernelState, error) {
	bss, err := k.module.GetMap(".bss")
	if err != nil {
		return kernelState{}, err
	}
	return lookUp[kernelState](bss, 0)
}

// totals reads the exact counts per capability, of one group after the other.
func (k *kernel) totals() (all []kernelTotal, err error) {
	groups, err := k.groups()
	if err != nil {
		return nil, err
	}
	err = eachOfArray(k, "totals", groups*maxCaps, func(t kernelTotal) { all = append(all, t) })
	return all, err
}

// each walks a map. New keys may appear meanwhile, none of a hash map is seen
// twice: the kernel restarts an iteration only when the key it stands on was
// deleted. Nothing deletes but for a program's row, of which one is enough.
func each[K, V any](k *kernel, name string, visit func(K, V)) error {
	m, err := k.module.GetMap(name)
	if err != nil {
		return err
	}
	return atMaps(func() error { return walk(m, name, visit) })
}

func walk[K, V any](m *bpflib.BPFMap, name string, visit func(K, V)) error {
	it := m.Iterator()
	for it.Next() {
		rawKey := it.Key()
		key, err := decode[K](rawKey)
		if err != nil {
			return err
		}
		rawValue, err := m.GetValue(unsafe.Pointer(&rawKey[0]))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		value, err := decode[V](rawValue)
		if err != nil {
			return err
		}
		visit(key, value)
	}
	if err := it.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// everyEntry is for eachOfArray.
const everyEntry = math.MaxUint32

// eachOfArray walks the first entries of an array, many at a time.
func eachOfArray[V any](k *kernel, name string, most uint32, visit func(V)) error {
	m, err := k.module.GetMap(name)
	if err != nil {
		return err
	}
	return atMaps(func() error { return walkArray(m, name, most, visit) })
}

func walkArray[V any](m *bpflib.BPFMap, name string, most uint32, visit func(V)) error {
	if err := fits[V](m.ValueSize()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	keys, values := make([]uint32, 64), make([]V, 64)
	var last uint32
	var after *uint32
	for left := min(m.MaxEntries(), most); left > 0; after = &last {
		wanted := min(left, uint32(len(keys)))
		n, err := lookUpBatch(m.FileDescriptor(), after, &last, keys[:wanted], values)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for i := range n {
			visit(values[i])
		}
		left -= min(left, max(uint32(n), 1))
	}
	return nil
}

// liveProcesses lists the processes of the tree that have not begun to exit.
func (k *kernel) liveProcesses() (pids []int, err error) {
	groups, err := k.living()
	for _, those := range groups {
		pids = append(pids, those...)
	}
	slices.Sort(pids)
	return slices.Compact(pids), err // threads of one can be in several groups
}

// living lists them by group.
func (k *kernel) living() (map[uint32][]int, error) {
	groups := map[uint32][]int{}
	err := k.eachLiving(func(living kernelLiving) {
		if group := uint32(living.group); living.exiting == 0 {
			groups[group] = append(groups[group], int(living.pid))
		}
	})
	for group, pids := range groups {
		slices.Sort(pids)
		groups[group] = slices.Compact(pids) // a pid for each of its threads
	}
	return groups, err
}

// anyLeft reports whether a process of the tree has not got to the end of its
// exit, at which its parent is told. What cannot be asked is waited for.
func (k *kernel) anyLeft() bool {
	left := false
	err := k.eachLiving(func(kernelLiving) { left = true })
	return left || err != nil
}

func (k *kernel) eachLiving(visit func(kernelLiving)) error {
	return k.iterate("list_tasks", int(unsafe.Sizeof(kernelLiving{})), func(record []byte) error {
		living, err := decode[kernelLiving](record)
		visit(living)
		return err
	})
}

// iterate runs an iterator over all tasks, once, and takes what it writes
// apart into records of size bytes.
func (k *kernel) iterate(name string, size int, visit func(record []byte) error) error {
	k.iterating.Lock()
	defer k.iterating.Unlock()
	prog, err := k.module.GetProgram(name)
	if err != nil {
		return err
	}
	var link *bpflib.BPFLink
	err = raised(func() (err error) {
		link, err = prog.AttachIter(bpflib.IterOpts{})
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer link.Destroy()
	var reader *bpflib.BPFLinkReader
	err = raised(func() (err error) {
		reader, err = link.Reader()
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer reader.Close()
	if k.iterated == nil {
		k.iterated = make([]byte, 32<<10)
	}
	for {
		// libbpfgo's reader says 0, nil at the end where io.Reader says io.EOF
		n, err := reader.Read(k.iterated)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if n == 0 {
			return nil
		}
		for raw := k.iterated[:n]; len(raw) >= size; raw = raw[size:] {
			if err := visit(raw[:size]); err != nil {
				return err
			}
		}
	}
}

// misses is how often a program was not run because it ran already on that
// CPU, whoever was missed: with a twin, how often at most neither was.
func (k *kernel) misses(name string) (uint64, error) {
	prog, err := k.module.GetProgram(name)
	if err != nil {
		return 0, err
	}
	var n uint64
	err = raised(func() (err error) {
		n, err = programMisses(prog.FileDescriptor())
		return err
	})
	if err != nil || !k.preemptible || !slices.Contains(preemptedPrograms, name+twin) {
		return n, err
	}
	both, err := k.misses(name + twin)
	return min(n, both), err
}

// program reads one entry of the programs array.
func (k *kernel) program(index uint32) (kernelProgram, error) {
	m, err := k.module.GetMap("programs")
	if err != nil {
		return kernelProgram{}, err
	}
	return lookUp[kernelProgram](m, index)
}
