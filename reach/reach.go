// Package reach says which privileged operations the code of a program can reach:
// from its entry point and what its data points to, through its libraries, down to
// system calls with their numbers, and with the arguments that the kernel decides
// by. It reads the files that it is given and runs nothing.
//
// When in doubt, an operation is possible: a capability that is ruled out here is
// never asked for by that code.
package reach

import (
	"cmp"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Capabilities is how many there are.
const Capabilities = unix.CAP_CHECKPOINT_RESTORE + 1

// Class is what the code says of a capability.
type Class int

// The classes. What is of both of the latter is Possible.
const (
	RuledOut Class = iota
	// OnFiles depends on whose files the program meets, and how they are named.
	OnFiles
	Possible
)

// Options say what is known besides the program's file.
type Options struct {
	// Extra are objects that the program loads while it runs.
	Extra []string
	// Names are paths that the program was given, or opened.
	Names []string
	// Mapped are objects whose code a process of the program mapped: what the program
	// links is looked for among these first, and the others are as if Extra. One that
	// cannot be read is Missing.
	Mapped []string
	// Open opens a file of that path in the place of open(2), and the program is for the
	// root directory that this shows.
	Open func(path string) (*os.File, error)
	// Yield, if there is one, is called now and then, and may take its time.
	Yield func()
}

// Operation is a system call, or a file, that can make the kernel ask.
type Operation struct {
	// Call is the system call with the arguments that matter, where known, or the path.
	Call string
	// Object and Function are whose code makes it.
	Object, Function string
	// Asks is the kernel function.
	Asks string
	// Files: it asks only for others' files.
	Files bool
}

// Verdict is what is found for one capability.
type Verdict struct {
	Class      Class
	Operations []Operation
}

// Result is what the code of a program can reach.
type Result struct {
	Program      string
	Architecture string
	Objects      []string
	// Files are those of Objects.
	Files        []FileID
	Capabilities [Capabilities]Verdict
	// SystemCalls are those that can be reached; AnySystemCall that there can be others.
	SystemCalls   []string
	AnySystemCall bool
	// Missing are libraries that were not read, with the reason.
	Missing []string
	// Executes other programs; Loads other objects by name.
	Executes, Loads bool
}

// MaxOperations of a capability are kept.
const MaxOperations = 64

// Analyze finds what the code of a program can reach.
func Analyze(path string, options Options) (*Result, error) {
	p := newProgram()
	defer p.unload()
	if options.Open != nil {
		p.open = options.Open
	}
	if options.Yield != nil {
		p.yield = options.Yield
	}
	if err := p.loadAll(path, &options); err != nil {
		return nil, err
	}
	return p.analyze(path, options.Names), nil
}

// analyze looks at what is loaded.
func (p *program) analyze(path string, given []string) *Result {
	p.reachAll()
	r := &Result{Program: path, Missing: p.missing, Architecture: architectures[p.objects[0].machine]}
	for _, o := range p.objects {
		r.Objects = append(r.Objects, o.path)
		r.Files = append(r.Files, o.file)
	}
	a := analysis{program: p, result: r, calls: map[string]bool{}, seen: map[seenOperation]bool{},
		made: map[place][]place{}}
	calls := p.allCalls()
	if !a.resolves() {
		for c := range calls {
			c.forgetAddrinfo()
		}
	}
	for c := range calls {
		if c.name == "socket" || c.name == "" {
			if c.arguments[0].any && a.byLibrary(c, socketLibraries) {
				c.arguments[0] = value{constants: []constant{{number: addrinfoFamily, loaded: 4}}}
			}
			a.sockets = append(a.sockets, *c)
		}
	}
	for c := range calls {
		a.call(c)
	}
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		a.name(name, false, p.names[name])
	}
	for _, name := range given {
		a.name(filepath.Clean(name), true, 0)
	}
	for _, o := range p.objects {
		if o.callsByName() {
			a.result.AnySystemCall = true
			a.everything(Operation{Call: "any function, by its name", Object: o.path})
		}
	}
	for _, what := range p.missing {
		a.everything(Operation{Call: "whatever it calls", Object: what})
	}
	a.finish()
	return r
}

var architectures = map[elf.Machine]string{elf.EM_X86_64: "x86-64", elf.EM_AARCH64: "arm64"}

// analysis collects the result.
type analysis struct {
	*program
	result  *Result
	calls   map[string]bool
	sockets []call
	seen    map[seenOperation]bool
	// made are the makers of calls, by where these come from.
	made map[place][]place
	// kept are counted apart by Files: many that depend on files leave room for those that do not.
	kept [Capabilities][2]int
}

type seenOperation struct {
	capability int
	operation  Operation
}

func (a *analysis) add(capability int, o Operation) {
	v := &a.result.Capabilities[capability]
	class := Possible
	if o.Files {
		class = OnFiles
	}
	v.Class = max(v.Class, class)
	key := seenOperation{capability, o}
	if kept := &a.kept[capability][b2i(o.Files)]; !a.seen[key] && *kept < MaxOperations {
		*kept++
		a.seen[key] = true
		v.Operations = append(v.Operations, o)
	}
}

// everything adds all capabilities: what is done there is not known.
func (a *analysis) everything(o Operation) {
	for n := range a.result.Capabilities {
		a.add(n, o)
	}
}

func (a *analysis) call(c *call) {
	if c.name == "" {
		a.result.AnySystemCall = true
		object, function := a.describe(c.by)
		a.everything(Operation{Call: "any system call", Object: object, Function: function})
		return
	}
	a.calls[c.name] = true
	if (c.name == "execve" || c.name == "execveat") && !a.object(c.by).isOf(linkers) {
		a.result.Executes = true
	}
	for _, r := range rowsOf()[c.name] {
		if !c.fulfils(r.when) || a.byLibrary(c, r.notBy) && !a.reached(r.unless, r.notBy) ||
			!a.hasSocket(r.on) {
			continue
		}
		for _, by := range a.makers(c.by) {
			object, function := a.describe(by)
			for _, n := range r.asks {
				a.add(n, Operation{c.text(), object, function, r.in, r.files})
			}
		}
	}
}

// hasSocket tells whether the program makes a socket that fulfils all conditions.
func (a *analysis) hasSocket(on []condition) bool {
	return len(on) == 0 || slices.ContainsFunc(a.sockets, func(c call) bool {
		return !a.byLibrary(&c, cLibrary) && c.fulfils(on)
	})
}

// byLibrary tells whether one of some libraries makes a call of its own, and nobody else.
func (a *analysis) byLibrary(c *call, libraries []string) bool {
	o := a.object(c.by)
	if len(libraries) == 0 || !o.isOf(libraries) {
		return false
	}
	n := o.at(c.by.address())
	if c.fromOutside && o.isOf(cLibrary) {
		return false
	}
	if n < 0 || a.object(c.gate) != o || n != o.at(c.gate.address()) {
		return n >= 0
	}
	f := o.functions[n] // the function that is there for this system call
	for address := f.start; address < f.end; address++ {
		if at := o.place(address); a.taken[at] || a.calledFromOutside(at, libraries) {
			return false
		}
	}
	return true
}

func (a *analysis) calledFromOutside(at place, libraries []string) bool {
	return slices.ContainsFunc(a.inbound[at], func(s site) bool { return !a.object(s.at).isOf(libraries) })
}

// isOf tells whether an object is one of some libraries, by the beginning of its name.
func (o *object) isOf(libraries []string) bool {
	return !o.executable && slices.ContainsFunc(libraries, func(prefix string) bool {
		return strings.HasPrefix(o.soname, prefix) || strings.HasPrefix(filepath.Base(o.path), prefix)
	})
}

// callsByName tells of an object that can call whatever function a script names, as
// Python's ctypes.
func (o *object) callsByName() bool {
	found := 0
	for _, slot := range o.slots {
		if slot.name == "ffi_call" || slot.name == "dlsym" {
			found++
		}
	}
	return found >= 2
}

// reached tells whether others call one of some functions of libraries.
func (a *analysis) reached(functions, libraries []string) bool {
	for _, name := range functions {
		for _, at := range a.definitions(name) {
			if a.calledFromOutside(at, libraries) || a.taken[at] {
				return true
			}
		}
	}
	return false
}

// resolves tells whether the program can have a struct addrinfo.
func (a *analysis) resolves() bool {
	if len(a.definitions("getaddrinfo")) > 0 {
		return a.reached(names("getaddrinfo"), cLibrary)
	}
	return slices.ContainsFunc(a.objects[0].symbols, func(s symbol) bool { return s.name == "getaddrinfo" })
}

// forgetAddrinfo has anything for what lies where a member of struct addrinfo would.
func (k *call) forgetAddrinfo() {
	for n, v := range k.arguments {
		if slices.ContainsFunc(v.constants, func(c constant) bool { return c.loaded == 4 }) {
			k.arguments[n] = value{any: true}
		}
	}
}

// name adds what a path can ask for.
func (a *analysis) name(name string, given bool, by place) {
	o := Operation{Call: name}
	if !given {
		if a.object(by).isOf(cLibrary) { // it reads, and reads its own
			return
		}
		o.Object, o.Function = a.describe(by)
	}
	for _, s := range asksFor(name, given) {
		o.Asks = s.in
		for _, n := range s.asks {
			a.add(n, o)
		}
	}
}

// makers are whose code makes a call that comes from a place: the callers of the C library's functions, all
// of the program itself and, of libraries, as many as are shown: one place in each function.
func (a *analysis) makers(from place) []place {
	if found, ok := a.made[from]; ok {
		return found
	}
	const (
		most    = 4   // of libraries
		through = 256 // functions of the C library
	)
	var own, others []place
	seen := map[place]bool{}
	passed := 0
	for work := []place{from}; len(work) > 0; {
		at := work[0]
		work = work[1:]
		o := a.object(at)
		inside := o.isOf(cLibrary)
		if !inside && o.order > 0 && len(others) == most {
			continue
		}
		n := o.at(at.address())
		start := at
		if n >= 0 {
			start = o.place(o.functions[n].start)
		}
		if seen[start] {
			continue
		}
		seen[start] = true
		switch {
		case inside && n >= 0:
			if passed++; passed <= through {
				for _, s := range a.inbound[start] {
					work = append(work, s.at)
				}
			}
		case o.order == 0:
			own = append(own, at)
		default:
			others = append(others, at)
		}
	}
	found := slices.Concat(own, others)
	if len(found) == 0 {
		found = []place{from}
	}
	a.made[from] = found
	return found
}

// describe is an object's path and the function that an address lies in.
func (a *analysis) describe(at place) (object, function string) {
	o := a.object(at)
	n := o.at(at.address())
	if n < 0 {
		return o.path, ""
	}
	if f := o.functions[n]; f.name != "" {
		return o.path, strings.Clone(f.name) // it lies in the file
	}
	return o.path, fmt.Sprintf("+%#x", o.functions[n].start)
}

// text is the call with the arguments that matter.
func (k *call) text() string {
	mask := argumentsOf()[k.name]
	if mask == 0 {
		return k.name
	}
	var parts []string
	for n, v := range k.arguments {
		if mask&(1<<n) == 0 {
			continue
		}
		parts = append(parts, v.text())
	}
	if strings.Trim(strings.Join(parts, ""), "?") == "" {
		return k.name
	}
	return k.name + "(" + strings.Join(parts, ", ") + ")"
}

func (v value) text() string {
	if v.any || len(v.constants) == 0 || len(v.constants) > 4 {
		return "?"
	}
	var parts []string
	for _, c := range v.constants {
		switch {
		case c.own:
			parts = append(parts, "own")
		case c.loaded != 0:
			parts = append(parts, "?")
		case c.in != nil:
			parts = append(parts, fmt.Sprintf("%q", c.in.text(uint64(c.number))))
		case low(c) > 255:
			parts = append(parts, fmt.Sprintf("%#x", low(c)))
		default:
			parts = append(parts, fmt.Sprint(low(c)))
		}
	}
	return strings.Join(parts, "|")
}

func (a *analysis) finish() {
	r := a.result
	r.SystemCalls = slices.Sorted(maps.Keys(a.calls))
	r.Executes = r.Executes || r.AnySystemCall
	r.Loads = a.reached(loaders, cLibrary)
	a.order()
}

// order puts first what a reader asks for first: what does not depend on files, then the program's own.
func (a *analysis) order() {
	r := a.result
	libraries := func(o Operation) int { return b2i(o.Object != r.Objects[0]) }
	for n := range r.Capabilities {
		operations := r.Capabilities[n].Operations
		slices.SortStableFunc(operations, func(x, y Operation) int {
			return cmp.Or(cmp.Compare(b2i(x.Files), b2i(y.Files)), cmp.Compare(libraries(x), libraries(y)))
		})
		r.Capabilities[n].Operations = operations[:min(len(operations), MaxOperations)]
	}
}

// linkers are dynamic linkers, which execute a program for those who run them by hand.
var linkers = names("ld-linux", "ld-musl")

// loaders are functions of the C library that load other objects: by name, the
// modules of NSS, conversions of characters.
var loaders = names("dlopen", "dlmopen", "getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname2",
	"gethostbyaddr", "gethostbyname_r", "gethostbyname2_r", "gethostbyaddr_r", "getpwnam", "getpwuid",
	"getpwent",
	"getpwnam_r", "getpwuid_r", "getpwent_r", "getgrnam", "getgrgid", "getgrent", "getgrnam_r", "getgrgid_r",
	"getgrent_r", "getgrouplist", "initgroups", "getspnam", "getspent", "getspnam_r", "getspent_r",
	"getservbyname",
	"getservbyport", "getservent", "getservbyname_r", "getservbyport_r", "getprotobyname", "getprotobynumber",
	"getnetbyname", "getnetbyaddr", "getnetent", "innetgr", "setnetgrent", "getrpcbyname", "getaliasbyname",
	"ether_hostton", "ether_ntohost", "iconv_open", "wordexp", "glob", "glob64")

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
