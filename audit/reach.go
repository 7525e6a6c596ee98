package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/reach"
)

// Reach is what the code of the programs that ran can ask for, of all of them together.
// What is recommended is in none of its lists; what is in none of these either is not known.
type Reach struct {
	// Possible can be asked for, OnFiles only where others' files are met; by number.
	Possible, OnFiles []Reachable
	// RuledOut is asked for by no code that was found, and was not in the run.
	RuledOut uint64
	// Programs are those that were to be looked at, by path; there are Others.
	Programs []Coverage
	Others   uint64
	// Untold is how many reports of a union say nothing of code.
	Untold uint64
}

// Reachable is a capability with what can ask for it, first what the run did not do.
type Reachable struct {
	Number     int
	Operations []Operation
	Others     uint64 // operations that are left out
}

// Operation is one of a program, the file of that or of its interpreter: see reach.Operation.
// Where its own code makes it, Object is Program.
type Operation struct {
	Call, Object, Function, Asks, Program string
	Made                                  Answer
}

// Answer is whether a program made a system call, with whatever arguments.
type Answer string

// The answers; "" is not known.
const (
	MadeNot     Answer = "no"
	MadeRefused Answer = "refused" // each time, with EPERM or ENOSYS
	MadeYes     Answer = "yes"
)

// byAnswer is how little a run showed of a call.
var byAnswer = map[Answer]int{MadeNot: 0, "": 1, MadeRefused: 2, MadeYes: 3}

// Shown is Made where the call is made with whatever arguments. That a program made it with
// some does not say that these were among them.
func (o Operation) Shown() Answer {
	if o.Made == MadeYes && strings.Contains(o.Call, "(") {
		return ""
	}
	return o.Made
}

// Coverage is how far the code of a program was looked at.
type Coverage struct {
	Path string
	// Failed says why it was not, "" where it was.
	Failed string
	// Objects are the files that it was found in.
	Objects []string
	// Reachable is how many system calls it can make, and Made how many it made that
	// returned; nil for not known.
	Reachable uint64
	Made      *uint64
	// These are as in reach.Result.
	AnySystemCall, Executes, Loads bool
	Missing                        []string
}

// Bounds of what is kept.
const (
	maxOperations = 16      // of a capability
	maxCovered    = 256     // programs
	maxPaths      = 256     // of objects of a program, and as many that are missing
	maxAllPaths   = 1 << 13 // of all
)

// Everything: nothing is ruled out, and nothing depends on files.
func (r *Reach) Everything() bool {
	return r.RuledOut == 0 && len(r.OnFiles) == 0 && len(r.Possible) > 0 && slices.ContainsFunc(r.Programs,
		func(c Coverage) bool { return c.AnySystemCall || len(c.Missing) > 0 })
}

// Reach is nil where no code was looked at.
func (f *Findings) Reach() *Reach {
	if f.StatedReach != nil {
		return f.StatedReach.with(f.earnest()).without(f.Recommended())
	}
	if f.Bounds == nil {
		return nil
	}
	uses := map[int]*ProgramUse{}
	for i := range f.Programs {
		for _, index := range append(f.Programs[i].Members, f.Programs[i].Index) {
			uses[index] = &f.Programs[i]
		}
	}
	pile := reachPile{}
	if f.Losses.Code|f.Losses.Programs|f.Losses.Tasks != 0 {
		pile.mayBe = ^uint64(0) // there is code that nobody knows of
	}
	for _, p := range f.Bounds.Programs {
		pile.add(f.reachOf(p, uses[p.Index]))
	}
	if r := pile.reach(); r != nil {
		return r.with(f.earnest()).without(f.Recommended())
	}
	return nil // no program ran
}

// earnest is what the kernel was asked for, where that decided something, or would have been by a caller
// who holds less: of files that ask by themselves a program's code may name none, and it opens what it is
// told to.
func (f *Findings) earnest() []Reachable {
	asked := map[int][]CallSite{}
	for _, c := range f.Required {
		asked[c.Number] = slices.Clone(c.CallSites)
	}
	for _, d := range f.Denied {
		asked[d.Number] = append(asked[d.Number], d.CallSites...)
	}
	for _, c := range f.Unasked {
		for _, call := range c.Calls {
			asked[c.Number] = append(asked[c.Number], CallSite{Syscall: call.Syscall})
		}
	}
	var list []Reachable
	for n, sites := range asked {
		one := Reachable{Number: n}
		for _, p := range f.Programs {
			if !slices.Contains(p.Needs, n) && !slices.Contains(p.Refused, n) {
				continue
			}
			for _, s := range sites {
				one.Operations = append(one.Operations, Operation{Call: s.Syscall.Name, Object: p.Path,
					Asks: s.Function, Program: p.Path, Made: MadeYes})
			}
		}
		list = append(list, one.few())
	}
	return list
}

// with has these as possible where they are ruled out.
func (r *Reach) with(asked []Reachable) *Reach {
	has := *r
	has.Possible = slices.Clone(r.Possible)
	for _, c := range asked {
		if r.RuledOut>>c.Number&1 == 1 {
			has.RuledOut &^= 1 << c.Number
			has.Possible = append(has.Possible, c)
		}
	}
	slices.SortFunc(has.Possible, func(a, b Reachable) int { return a.Number - b.Number })
	return &has
}

func (r *Reach) classOf(capability int) Class {
	is := func(c Reachable) bool { return c.Number == capability }
	switch {
	case slices.ContainsFunc(r.Possible, is):
		return ClassPossible
	case slices.ContainsFunc(r.OnFiles, is):
		return ClassOnFiles
	case r.RuledOut>>capability&1 != 0:
		return ClassRuledOut
	}
	return ClassUnknown
}

// without takes out what is recommended.
func (r *Reach) without(set uint64) *Reach {
	lacks := *r
	in := func(c Reachable) bool { return set>>c.Number&1 == 1 }
	lacks.Possible = slices.DeleteFunc(slices.Clone(r.Possible), in)
	lacks.OnFiles = slices.DeleteFunc(slices.Clone(r.OnFiles), in)
	lacks.RuledOut &^= set
	return &lacks
}

// reachOf is that of one program; use is nil where nothing is known of what it did.
func (f *Findings) reachOf(p ProgramBounds, use *ProgramUse) *Reach {
	if use == nil {
		use = &ProgramUse{}
	}
	covered := Coverage{Path: use.Path, Failed: p.Failed}
	if made := uint64(len(use.Syscalls)); f.madeKnown() && use.Index != 0 {
		covered.Made = &made
	}
	r := &Reach{}
	if p.Result == nil {
		r.Programs = []Coverage{covered}
		return r
	}
	if covered.Path == "" {
		covered.Path = p.Result.Program
	}
	covered.Objects, covered.Missing = p.Result.Objects, p.Result.Missing
	covered.Reachable = uint64(len(p.Result.SystemCalls))
	covered.AnySystemCall = p.Result.AnySystemCall
	covered.Executes, covered.Loads = p.Result.Executes, p.Result.Loads
	made, otherwise := answered(use), Answer("")
	if covered.Made != nil {
		otherwise = MadeNot
	}
	for n, v := range p.Result.Capabilities {
		one := Reachable{Number: n}
		for _, o := range v.Operations {
			if o.Files && v.Class == reach.Possible {
				continue
			}
			answer := Answer("")
			if call := callOf(o.Call); call != "" {
				answer = cmp.Or(made[call], otherwise)
			}
			one.Operations = append(one.Operations, Operation{o.Call, o.Object, o.Function, o.Asks,
				p.Result.Program, answer})
		}
		one = one.few()
		switch v.Class {
		case reach.Possible:
			r.Possible = append(r.Possible, one)
		case reach.OnFiles:
			r.OnFiles = append(r.OnFiles, one)
		default:
			r.RuledOut |= 1 << n
		}
	}
	r.Programs = []Coverage{covered}
	return r
}

// madeKnown: each system call that a program made and that returned is in its list.
func (f *Findings) madeKnown() bool {
	return !f.Sampled && !f.Untraced() && f.Losses.Programs|f.Losses.Tasks == 0
}

// callOf is the name of the system call that an operation is, "" for a file and the like.
func callOf(operation string) string {
	name, _, _ := strings.Cut(operation, "(")
	if strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r == ' ' }) {
		return ""
	}
	return name
}

// answered are the system calls that a program made, of whatever ABI, by name.
func answered(use *ProgramUse) map[string]Answer {
	made := map[string]Answer{}
	for _, label := range use.Syscalls {
		name := label[strings.IndexByte(label, ':')+1:]
		if !slices.Contains(use.RefusedSyscalls, label) {
			made[name] = MadeYes
		} else if made[name] == "" {
			made[name] = MadeRefused
		}
	}
	return made
}

// reachPile joins what is known of several programs, or reports.
type reachPile struct {
	possible, onFiles map[int]*reachablePile
	mayBe             uint64               // what not all rule out
	programs          map[string]*Coverage // nil until somebody says anything
	objects           int                  // of all programs
	others, untold    uint64
}

// reachablePile is one capability's.
type reachablePile struct {
	places map[Operation]int // without the answer, its place in the list
	list   []Operation
	others uint64
}

// add joins one more, nil for a report that says nothing of code.
func (p *reachPile) add(r *Reach) {
	if r == nil {
		p.untold = Sum(p.untold, 1)
		p.mayBe = ^uint64(0)
		return
	}
	if p.programs == nil {
		p.possible, p.onFiles = map[int]*reachablePile{}, map[int]*reachablePile{}
		p.programs = map[string]*Coverage{}
	}
	p.mayBe |= ^r.RuledOut
	p.untold, p.others = Sum(p.untold, r.Untold), Sum(p.others, r.Others)
	for _, c := range r.Possible {
		pileOf(p.possible, c.Number).add(c)
	}
	for _, c := range r.OnFiles {
		pileOf(p.onFiles, c.Number).add(c)
	}
	for _, c := range r.Programs {
		p.cover(c)
	}
}

func pileOf(piles map[int]*reachablePile, capability int) *reachablePile {
	if piles[capability] == nil {
		piles[capability] = &reachablePile{places: map[Operation]int{}}
	}
	return piles[capability]
}

func (p *reachablePile) add(c Reachable) {
	p.others = Sum(p.others, c.Others)
	for _, o := range c.Operations {
		key := o
		key.Made = ""
		at, known := p.places[key]
		switch {
		case known && byAnswer[o.Made] > byAnswer[p.list[at].Made]:
			p.list[at].Made = o.Made
		case known:
		case len(p.list) >= maxSites:
			p.others = Sum(p.others, 1)
		default:
			p.places[key] = len(p.list)
			p.list = append(p.list, o)
		}
	}
}

// cover joins a program with those of the same path.
func (p *reachPile) cover(c Coverage) {
	known := p.programs[c.Path]
	if known == nil {
		if len(p.programs) >= maxCovered {
			p.others = Sum(p.others, 1)
			return
		}
		known = &Coverage{Path: c.Path, Made: c.Made}
		p.programs[c.Path] = known
	}
	known.Failed = cmp.Or(known.Failed, c.Failed)
	known.Reachable = max(known.Reachable, c.Reachable)
	if known.Made != nil && c.Made != nil {
		most := max(*known.Made, *c.Made)
		known.Made = &most
	} else {
		known.Made = nil
	}
	known.AnySystemCall = known.AnySystemCall || c.AnySystemCall
	known.Executes, known.Loads = known.Executes || c.Executes, known.Loads || c.Loads
	known.Objects = p.joinPaths(known.Objects, c.Objects)
	known.Missing = p.joinPaths(known.Missing, c.Missing)
}

func (p *reachPile) joinPaths(list, more []string) []string {
	for _, path := range more {
		if len(list) >= maxPaths || p.objects >= maxAllPaths {
			break
		}
		if !slices.Contains(list, path) {
			list = append(list, path)
			p.objects++
		}
	}
	return list
}

// reach is nil where nobody said anything.
func (p *reachPile) reach() *Reach {
	if p.programs == nil {
		return nil
	}
	r := &Reach{RuledOut: ^p.mayBe, Others: p.others, Untold: p.untold}
	for n := range capabilities {
		switch {
		case p.possible[n] != nil:
			r.Possible = append(r.Possible, p.possible[n].reachable(n))
		case p.onFiles[n] != nil:
			r.OnFiles = append(r.OnFiles, p.onFiles[n].reachable(n))
		}
	}
	for _, c := range p.programs {
		r.Programs = append(r.Programs, *c)
	}
	slices.SortFunc(r.Programs, func(a, b Coverage) int { return strings.Compare(a.Path, b.Path) })
	return r
}

func (p *reachablePile) reachable(n int) Reachable {
	return Reachable{n, slices.Clone(p.list), p.others}.few()
}

// few keeps what a reader asks for first: what was not done, then the program's own.
func (c Reachable) few() Reachable {
	slices.SortStableFunc(c.Operations, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(byAnswer[a.Shown()], byAnswer[b.Shown()]),
			compareBools(a.Object != a.Program, b.Object != b.Program))
	})
	kept := min(len(c.Operations), maxOperations)
	c.Others = Sum(c.Others, uint64(len(c.Operations)-kept))
	c.Operations = c.Operations[:kept]
	return c
}
