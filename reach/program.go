package reach

import (
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/elastic/go-seccomp-bpf/arch"

	"github.com/cap-audit/cap-audit/objects"
)

// place is an address in one of the program's objects.
type place uint64

const addressBits = 48

func (o *object) place(address uint64) place {
	return place(uint64(o.order)<<addressBits | address&(1<<addressBits-1))
}

func (p place) address() uint64 { return uint64(p) & (1<<addressBits - 1) }

// site is where code goes elsewhere: by a call, or by a jump, which leaves
// registers and stack as they are.
type site struct {
	at   place
	jump bool
	// falls: it goes on to the next function, and changes registers on the way.
	falls bool
}

// program is all the code that a process can have.
type program struct {
	objects []*object
	from    *convention
	finder  *finder
	budget  budget
	// byFile tells which files are loaded, whatever their names.
	byFile map[FileID]*object
	// open is open, or what the options have in its place.
	open   opener
	yield  func()
	mapped []*object
	byName map[string]*object

	missing []string // libraries that were not found or not read

	work    []place
	scanned map[place]bool   // functions, by their start
	inbound map[place][]site // direct ways to an address
	sites   int
	// taken are addresses that code or data holds: who jumps there with what
	// in the registers is unknown.
	taken map[place]bool
	// takers is where code takes an address, 0 for data, and for more than maxTakers.
	takers   map[place][]place
	holdings []holding
	namings  []naming
	// endless are functions that do not return.
	endless map[place]bool
	gates   []place // system call instructions
	// lookedUp are names of functions that the code hands to dlsym.
	lookedUp map[string]bool
	// indirect are calls to addresses that are computed, by object.
	indirect map[int][]place
	// names are paths under /dev, /proc and /sys that the code names.
	names  map[string]place
	bodies map[place]*body
	cost   int // instructions in bodies
	traces map[traced]value
	tracer tracer
	room   room
}

func newProgram() *program {
	return &program{budget: budget{maxAll, maxNames}, open: open, yield: func() {},
		byFile: map[FileID]*object{}, byName: map[string]*object{},
		scanned: map[place]bool{}, inbound: map[place][]site{}, taken: map[place]bool{},
		takers:  map[place][]place{},
		endless: map[place]bool{}, indirect: map[int][]place{}, names: map[string]place{},
		bodies: map[place]*body{}, traces: map[traced]value{}, lookedUp: map[string]bool{}}
}

func (p *program) object(at place) *object { return p.objects[at>>addressBits] }

// read adds a file's object, or finds it among those that are there.
func (p *program) read(path string) (*object, error) {
	o, err := p.look(path)
	if err != nil {
		return nil, err
	}
	p.add(o)
	return o, nil
}

// look reads a file's object, or finds it among those that were read.
func (p *program) look(path string) (*object, error) {
	p.yield()
	file, err := p.open(path)
	if err != nil {
		return nil, unwrapPath(err)
	}
	defer file.Close()
	id, err := identify(file)
	if err != nil {
		return nil, err
	}
	if o := p.byFile[id]; o != nil {
		return o, nil
	}
	if len(p.byFile) == maxObjects {
		return nil, fmt.Errorf("is one library more than %d", maxObjects)
	}
	o, err := load(file, path, &p.budget)
	if err != nil {
		return nil, err
	}
	if len(p.objects) > 0 && o.machine != p.objects[0].machine {
		defer o.unload()
		return nil, fmt.Errorf("is for another machine than the program: %v", o.machine)
	}
	o.file = id
	p.byFile[id] = o
	return o, nil
}

// unload gives the files' bytes back.
func (p *program) unload() {
	for _, o := range p.byFile {
		o.unload()
	}
}

// add tells whether the program did not have that object before.
func (p *program) add(o *object) (fresh bool) {
	if o.order < len(p.objects) && p.objects[o.order] == o {
		return false
	}
	o.order = len(p.objects)
	p.objects = append(p.objects, o)
	return true
}

// loadAll loads a program with its interpreter, libraries, and what it is known
// to load besides.
func (p *program) loadAll(path string, options *Options) error {
	main, err := p.read(path)
	if err != nil {
		return &FileError{path, err}
	}
	main.executable, main.begins = true, true
	p.from = conventions()[main.machine]
	p.finder = newFinder(main, p.open, options.Open == nil)
	p.lookAtMapped(options.Mapped)
	p.loadNeeded(0)
	if main.interpreter != "" {
		p.loadInterpreter(main.interpreter)
	}
	for _, o := range p.mapped {
		p.addExtra(o)
	}
	for _, name := range options.Extra {
		o, err := p.look(name)
		if err != nil {
			return &FileError{name, err}
		}
		p.addExtra(o)
	}
	return nil
}

// lookAtMapped reads them, those first that none of them needs.
func (p *program) lookAtMapped(paths []string) {
	needed := map[string]bool{}
	for _, path := range paths {
		o, err := p.look(path)
		if err != nil {
			p.miss(path, err)
			continue
		}
		p.mapped = append(p.mapped, o)
		for _, name := range o.needed {
			needed[name] = true
		}
	}
	slices.SortStableFunc(p.mapped, func(x, y *object) int {
		return b2i(needed[x.soname]) - b2i(needed[y.soname])
	})
}

// addExtra adds what is loaded while the program runs.
func (p *program) addExtra(o *object) {
	before := len(p.objects)
	if !p.add(o) {
		return
	}
	p.loadNeeded(before)
	p.takeExports(o) // it is looked up by name, whatever it is asked for
}

// loadNeeded loads what objects need, from one on.
func (p *program) loadNeeded(from int) {
	for n := from; n < len(p.objects); n++ {
		o := p.objects[n]
		for _, name := range o.needed {
			if p.byName[name] == nil {
				p.findLibrary(o, name)
			}
		}
	}
}

func (p *program) findLibrary(o *object, name string) {
	for _, other := range slices.Concat(p.objects, p.mapped) {
		if other.isNamed(name) {
			p.add(other)
			p.byName[name] = other
			return
		}
	}
	var reason error = os.ErrNotExist
	for _, path := range p.finder.candidates(o, p.objects[0], name) {
		library, err := p.read(path)
		if err == nil {
			p.byName[name] = library
			return
		}
		if !os.IsNotExist(err) {
			reason = err
		}
	}
	p.miss(name, reason)
}

func (o *object) isNamed(name string) bool { return o.soname == name || filepath.Base(o.path) == name }

// loadInterpreter loads the dynamic linker, which runs first.
func (p *program) loadInterpreter(path string) {
	name := filepath.Base(path)
	if n := slices.IndexFunc(p.mapped, func(o *object) bool { return o.isNamed(name) }); n >= 0 {
		p.add(p.mapped[n])
		p.mapped[n].begins = true
		return
	}
	path = p.finder.root + path
	o, err := p.read(path)
	if err != nil {
		p.miss(path, err)
		return
	}
	o.begins = true
}

func (p *program) miss(name string, err error) {
	what := fmt.Sprintf("%s: %v", name, unwrapPath(err))
	if !slices.Contains(p.missing, what) {
		p.missing = append(p.missing, what)
	}
}

// definitions are the places of a dynamic symbol, in the object that the dynamic
// linker would take it from.
func (p *program) definitions(name string) []place {
	for _, o := range p.objects {
		if addresses := o.exports[name]; len(addresses) > 0 {
			list := make([]place, len(addresses))
			for n, address := range addresses {
				list[n] = o.place(address)
			}
			return list
		}
	}
	return nil
}

var conventions = sync.OnceValue(func() map[elf.Machine]*convention {
	x86.names, arm64.names = maps.Clone(arch.X86_64.SyscallNumbers), maps.Clone(objects.ARM64())
	for _, c := range []*convention{&x86, &arm64} {
		maps.Copy(c.names, newer)
	}
	return map[elf.Machine]*convention{elf.EM_X86_64: &x86, elf.EM_AARCH64: &arm64}
})

// newer are system calls of Linux 6.17 to 7.3, with the same numbers on all architectures.
var newer = map[int]string{468: "file_getattr", 469: "file_setattr", 470: "listns",
	471: "rseq_slice_yield", 472: "fchroot"}
