package audit

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Bounds of a union, so that it takes the same memory for three reports as for
// a hundred thousand. What does not fit is counted.
const (
	maxNames      = 8         // reports that are named in one place
	maxShares     = 64        // programs and kernels that are told apart
	maxSites      = 256       // call sites, and outcomes, of a capability
	maxPrograms   = 1<<15 - 1 // as in the kernel half
	maxCalls      = 512       // system calls of a program
	maxAllCalls   = 1 << 20   // and of all
	maxAllObjects = 1 << 13   // what all call sites asked for
	maxAllFrames  = 1 << 15   // of the stacks of all call sites
	capabilities  = 64
)

// Merged says what a union was made of.
type Merged struct {
	// Reports is how many were joined, those inside of unions included.
	Reports uint64
	// Incomplete may lack needs; Untold, of other programs, do not say whether
	// they do; Failed are of runs that failed, see Findings. AtLeast say themselves that
	// more may be needed. Late are of what had started before the audit.
	Incomplete, Untold, Failed, AtLeast, Late Reports
	// Applications and Kernels are in order of their names.
	Applications, Kernels []Share
	Capabilities          []Provenance
	// LeftOut is how many details did not fit.
	LeftOut uint64
}

// Reports counts reports, and names the first of them.
type Reports struct {
	Count uint64
	Names []string
}

// Share is how many reports say the same.
type Share struct {
	Name    string // "" for all that are not told apart
	Reports uint64
}

// Provenance says which reports showed what of a capability.
type Provenance struct {
	Number                       int
	Required, CapsetOnly, Denied Reports
}

func (r *Reports) add(name string) { r.join(Reports{1, []string{name}}) }

func (r *Reports) join(other Reports) {
	r.Count = Sum(r.Count, other.Count)
	for _, name := range other.Names {
		if len(r.Names) == maxNames {
			return
		}
		r.Names = append(r.Names, name)
	}
}

// Union joins findings of several runs, on whatever machines.
type Union struct {
	first  *Findings // nil before the first
	f      Findings
	merged Merged
	caps   [capabilities]pile

	stated      uint64 // union of the recommended sets
	operational uint64
	shares      struct{ applications, kernels map[string]uint64 }
	backends    map[string]bool
	blindSpots  map[BlindSpot]bool
	programs    map[string]*programPile
	reach       reachPile
	calls       int // of all programs
	objects     int // of all call sites
	frames      int // likewise
	// what all reports so far agree in
	sameRunAs, sameCommand, sameExit, allEnded bool
}

// pile collects what reports say about one capability.
type pile struct {
	seen                struct{ need, capset, denied, advisory, nested bool }
	need, init, operate part
	advisory, nested    part
	unasked             UnaskedCapability // without calls: in none of the reports
	sets                CapsetOnly
	denied, lsm         uint64
	deniedCalls         map[Syscall]bool
	outcomes            map[outcomeKey]uint64
	inconclusive        bool
	lookedAt            *uint64 // of those refused
	provenance          Provenance
}

// part is a tally with its reasons.
type part struct {
	Tally
	seen  bool
	calls map[Syscall]uint64 // granted checks by the system call of the reason
	sites map[siteKey]*CallSite
	// failedAnyway are calls that failed although they were granted it
	failedAnyway map[outcomeKey]uint64
	lookedAt     *uint64
	namespace    UserNamespace
}

type siteKey struct {
	function, advisory string
	syscall            Syscall
	maybeProbe         bool
}

type programPile struct {
	parent    string
	processes uint64
	standsFor uint64 // in one of the reports

	needs, refused, fileCaps uint64

	calls      calls
	namespaces bool
}

// NewUnion is a union of nothing.
func NewUnion() *Union {
	u := &Union{
		backends: map[string]bool{}, blindSpots: map[BlindSpot]bool{}, programs: map[string]*programPile{},
		sameRunAs: true, sameCommand: true, sameExit: true, allEnded: true,
	}
	u.shares.applications, u.shares.kernels = map[string]uint64{}, map[string]uint64{}
	for n := range u.caps {
		u.caps[n].provenance.Number = n
	}
	return u
}

// Add joins the findings of the report called name. They may be a union
// themselves. Capability numbers have to be below 64.
func (u *Union) Add(name string, f *Findings) {
	if u.first == nil {
		u.first = f
		u.f.System = SystemContext{Sysctls: maps.Clone(f.System.Sysctls)}
		u.f.Dropped = f.Dropped
		u.f.Subject = f.Subject
	} else {
		u.f.Subject = u.f.Subject.join(f.Subject)
		u.agree(f)
	}
	u.allEnded = u.allEnded && f.Application.Ended
	u.f.Interim = u.f.Interim || f.Interim
	u.f.CapsetCalls = Sum(u.f.CapsetCalls, f.CapsetCalls)
	u.f.TotalChecks = Sum(u.f.TotalChecks, f.TotalChecks)
	u.f.Tasks = Sum(u.f.Tasks, f.Tasks)
	u.f.MissedExits = Sum(u.f.MissedExits, f.MissedExits)
	u.f.Sampled = u.f.Sampled || f.Sampled
	u.f.StillRunning = int(min(Sum(uint64(u.f.StillRunning), uint64(f.StillRunning)), math.MaxInt32))
	u.f.Losses = Losses{
		Tasks:    Sum(u.f.Losses.Tasks, f.Losses.Tasks),
		Checks:   Sum(u.f.Losses.Checks, f.Losses.Checks),
		Rows:     Sum(u.f.Losses.Rows, f.Losses.Rows),
		Sites:    Sum(u.f.Losses.Sites, f.Losses.Sites),
		Outcomes: Sum(u.f.Losses.Outcomes, f.Losses.Outcomes),
		Programs: Sum(u.f.Losses.Programs, f.Losses.Programs),
		Events:   Sum(u.f.Losses.Events, f.Losses.Events),
		Unasked:  Sum(u.f.Losses.Unasked, f.Losses.Unasked),
		Objects:  Sum(u.f.Losses.Objects, f.Losses.Objects),
		Stacks:   Sum(u.f.Losses.Stacks, f.Losses.Stacks),
		Code:     Sum(u.f.Losses.Code, f.Losses.Code),
	}
	u.stated |= f.Recommended()
	u.operational |= f.RecommendedOperational()
	note(u.backends, f.Backend)
	for _, spot := range f.BlindSpots {
		u.noteBlindSpot(spot)
	}
	u.f.Gains = joinGains(u.f.Gains, f.Gains)
	u.f.LogsIn = u.f.LogsIn || f.LogsIn
	u.addCapabilities(f)
	u.addPrograms(f.Programs)
	u.reach.add(f.Reach())
	u.addProvenance(name, f)
}

// agree forgets what the findings contradict.
func (u *Union) agree(f *Findings) {
	for key, value := range u.f.System.Sysctls {
		if other, ok := f.System.Sysctls[key]; !ok || other != value {
			delete(u.f.System.Sysctls, key)
		}
	}
	// the phases of some runs would hide what the others needed throughout
	u.f.Dropped = u.f.Dropped && f.Dropped
	a, b := u.first.Application, f.Application
	u.sameRunAs = u.sameRunAs && u.first.RunAs == f.RunAs
	u.sameCommand = u.sameCommand && a.Command == b.Command
	u.sameExit = u.sameExit && f.EndKnown() && a.Status == b.Status && a.Signal == b.Signal
}

// note adds to a set that stays small.
func note[T comparable](set map[T]bool, one T) {
	if len(set) < maxNames {
		set[one] = true
	}
}

// noteBlindSpot keeps one of each kind that is known, however many others there are.
func (u *Union) noteBlindSpot(spot BlindSpot) {
	alike := func(other BlindSpot) bool { return other.Kind == spot.Kind }
	if spot.Kind.known() && !slices.ContainsFunc(slices.Collect(maps.Keys(u.blindSpots)), alike) {
		u.blindSpots[spot] = true
	}
	note(u.blindSpots, spot)
}

func (u *Union) addCapabilities(f *Findings) {
	for _, c := range f.Required {
		p := &u.caps[c.Number]
		u.addNeed(&p.need, c)
		p.seen.need = true
	}
	for _, c := range f.Init {
		u.addNeed(&u.caps[c.Number].init, c)
	}
	for _, c := range f.Operational {
		u.addNeed(&u.caps[c.Number].operate, c)
	}
	for _, c := range f.CapsetOnly {
		p := &u.caps[c.Number]
		p.seen.capset = true
		p.sets.Effective = p.sets.Effective || c.Effective
		p.sets.Permitted = p.sets.Permitted || c.Permitted
		p.sets.Inheritable = p.sets.Inheritable || c.Inheritable
	}
	for _, d := range f.Denied {
		p := &u.caps[d.Number]
		p.lookedAt = joinLooks(p.seen.denied, p.lookedAt, d.LookedAt)
		p.seen.denied = true
		p.denied, p.lsm = Sum(p.denied, d.Checks), Sum(p.lsm, d.LSMRefused)
		p.inconclusive = p.inconclusive || d.Assessment == AssessInconclusive
		u.addOutcomes(&p.outcomes, d.Outcomes)
		u.addSites(&p.need, d.CallSites)
		for _, s := range d.Syscalls {
			if p.deniedCalls == nil {
				p.deniedCalls = map[Syscall]bool{}
			}
			if len(p.deniedCalls) < maxSites || p.deniedCalls[s] {
				p.deniedCalls[s] = true
			} else {
				u.leaveOut()
			}
		}
	}
	for _, a := range f.Advisory {
		u.addUnneeded(&u.caps[a.Number].advisory, a.Tally, a.CallSites)
	}
	for _, n := range f.Nested {
		u.addUnneeded(&u.caps[n.Number].nested, n.Tally, n.CallSites)
	}
	for _, c := range f.Unasked {
		u.addUnasked(&u.caps[c.Number].unasked, c)
	}
}

func (u *Union) addUnasked(to *UnaskedCapability, c UnaskedCapability) {
	to.Number = c.Number
	to.AfterDrop = to.AfterDrop || c.AfterDrop
	for _, call := range c.Calls {
		if to.add(call); len(to.Calls) > maxSites {
			to.Calls = to.Calls[:maxSites]
			u.leaveOut()
		}
	}
}

func (u *Union) leaveOut() { u.merged.LeftOut = Sum(u.merged.LeftOut, 1) }

func (u *Union) addNeed(p *part, c Capability) {
	p.lookedAt = joinLooks(p.seen, p.lookedAt, c.LookedAt)
	if !p.seen {
		p.namespace = c.UserNamespace
	}
	p.namespace = p.namespace.join(c.UserNamespace)
	p.seen = true
	p.Granted, p.Denied = Sum(p.Granted, c.Granted), Sum(p.Denied, c.Denied)
	if p.calls == nil {
		p.calls = map[Syscall]uint64{}
	}
	if _, known := p.calls[c.Syscall]; known || len(p.calls) < maxSites {
		p.calls[c.Syscall] = Sum(p.calls[c.Syscall], c.Granted)
	} else {
		u.leaveOut()
	}
	u.addSites(p, c.CallSites)
	u.addOutcomes(&p.failedAnyway, c.FailedAnyway)
}

// joinLooks adds up how many calls were looked at, where all reports so far say so.
func joinLooks(more bool, sum, n *uint64) *uint64 {
	switch {
	case !more:
		return n
	case sum == nil || n == nil:
		return nil
	}
	joined := Sum(*sum, *n)
	return &joined
}

func (u *Union) addUnneeded(p *part, t Tally, sites []CallSite) {
	p.seen = true
	p.Granted, p.Denied = Sum(p.Granted, t.Granted), Sum(p.Denied, t.Denied)
	u.addSites(p, sites)
}

func (u *Union) addSites(p *part, sites []CallSite) {
	for _, s := range sites {
		key := siteKey{s.Function, s.Advisory, s.Syscall, s.MaybeProbe}
		if p.sites == nil {
			p.sites = map[siteKey]*CallSite{}
		}
		known := p.sites[key]
		if known == nil {
			if len(p.sites) >= maxSites {
				u.leaveOut()
				continue
			}
			known = &CallSite{Function: s.Function, Syscall: s.Syscall, Advisory: s.Advisory,
				MaybeProbe: s.MaybeProbe}
			p.sites[key] = known
		}
		known.Checks = Sum(known.Checks, s.Checks)
		known.Sampled = known.Sampled || s.Sampled
		u.addObjects(&known.Objects, s.Objects)
		u.addStacks(known, s.Stacks)
	}
}

func (u *Union) addObjects(to *Objects, more Objects) {
	if len(more.Seen) > 0 && u.objects >= maxAllObjects {
		u.leaveOut()
		more = Objects{Others: more.checks()}
	}
	before := len(to.Seen)
	to.Join(more)
	u.objects += len(to.Seen) - before
}

func (u *Union) addStacks(to *CallSite, more []Stack) {
	if len(more) > 0 && u.frames >= maxAllFrames {
		u.leaveOut()
		return
	}
	before := len(to.Stacks)
	to.Stacks = joinStacks(to.Stacks, more)
	for _, s := range to.Stacks[before:] {
		u.frames += len(s.Frames)
	}
}

func (u *Union) addOutcomes(to *map[outcomeKey]uint64, outcomes []SyscallOutcome) {
	for _, o := range outcomes {
		if *to == nil {
			*to = map[outcomeKey]uint64{}
		}
		key := outcomeKey{o.Syscall, o.Return}
		if _, known := (*to)[key]; known || len(*to) < maxSites {
			(*to)[key] = Sum((*to)[key], o.Count)
		} else {
			u.leaveOut()
		}
	}
}

// addPrograms joins programs by their path.
func (u *Union) addPrograms(list []ProgramUse) {
	paths := make(map[int]string, len(list))
	standFor := map[string]uint64{}
	for _, p := range list {
		paths[p.Index] = p.Path
		standFor[p.Path] = Sum(standFor[p.Path], p.StandsFor)
	}
	for _, p := range list {
		known := u.programs[p.Path]
		if known == nil {
			if len(u.programs) >= maxPrograms && p.Path != "" {
				u.leaveOut()
				continue
			}
			known = &programPile{calls: calls{}}
			u.programs[p.Path] = known
			if p.Parent != 0 {
				known.parent = paths[p.Parent]
			}
		}
		known.processes = Sum(known.processes, p.Processes)
		known.standsFor = max(known.standsFor, standFor[p.Path])
		known.needs |= bits(p.Needs)
		known.refused |= bits(p.Refused)
		known.fileCaps |= bits(p.FileCaps)
		known.namespaces = known.namespaces || p.Namespaces
		added, leftOut := known.calls.join(p, min(maxCalls-len(known.calls), maxAllCalls-u.calls))
		u.calls += added
		u.merged.LeftOut = Sum(u.merged.LeftOut, uint64(leftOut))
	}
}

// ofAll are the reports of a union that something is so of. Earlier versions do not count them, and say
// it of the union alone where it is so of all.
func ofAll(counted Reports, all uint64, so bool) Reports {
	if so && counted.Count == 0 {
		return Reports{Count: all}
	}
	return counted
}

func (u *Union) addProvenance(name string, f *Findings) {
	if m := f.Merged; m != nil {
		u.merged.Reports = Sum(u.merged.Reports, m.Reports)
		u.merged.Incomplete.join(m.Incomplete)
		u.merged.Untold.join(m.Untold)
		u.merged.Failed.join(m.Failed)
		u.merged.AtLeast.join(ofAll(m.AtLeast, m.Reports, f.StatedAtLeast))
		u.merged.Late.join(ofAll(m.Late, m.Reports, f.Unbegun() != ""))
		u.merged.LeftOut = Sum(u.merged.LeftOut, m.LeftOut)
		for _, s := range m.Applications {
			share(u.shares.applications, s)
		}
		for _, s := range m.Kernels {
			share(u.shares.kernels, s)
		}
		for _, p := range m.Capabilities {
			to := &u.caps[p.Number].provenance
			to.Required.join(p.Required)
			to.CapsetOnly.join(p.CapsetOnly)
			to.Denied.join(p.Denied)
		}
		return
	}
	u.merged.Reports = Sum(u.merged.Reports, 1)
	share(u.shares.applications, Share{f.Application.Path, 1})
	share(u.shares.kernels, Share{f.System.KernelVersion, 1})
	switch {
	case f.Untold:
		u.merged.Untold.add(name)
	case f.Unsure() != "":
		u.merged.Incomplete.add(name)
	}
	if f.Failed() {
		u.merged.Failed.add(name)
	}
	if f.StatedAtLeast {
		u.merged.AtLeast.add(name)
	}
	if f.Unbegun() != "" {
		u.merged.Late.add(name)
	}
	for _, c := range f.Required {
		u.caps[c.Number].provenance.Required.add(name)
	}
	for _, c := range f.Unasked {
		if numbers(f.Required)>>c.Number&1 == 0 {
			u.caps[c.Number].provenance.Required.add(name)
		}
	}
	for _, c := range f.CapsetOnly {
		u.caps[c.Number].provenance.CapsetOnly.add(name)
	}
	for _, d := range f.Denied {
		u.caps[d.Number].provenance.Denied.add(name)
	}
}

func share(shares map[string]uint64, s Share) {
	if _, known := shares[s.Name]; !known && len(shares) >= maxShares {
		s.Name = ""
	}
	shares[s.Name] = Sum(shares[s.Name], s.Reports)
}

func shares(of map[string]uint64) []Share {
	list := make([]Share, 0, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list = append(list, Share{name, of[name]})
	}
	return list
}

// Findings is the union so far. The application is named if it is the same in
// all reports, and so is the rest of what cannot be added up.
func (u *Union) Findings() *Findings {
	f := u.f
	f.System.Sysctls = maps.Clone(u.f.System.Sysctls)
	m := u.merged
	f.Merged = &m
	m.Applications, m.Kernels = shares(u.shares.applications), shares(u.shares.kernels)
	f.Subject.Kind = cmp.Or(f.Subject.Kind, SubjectMerged)
	if len(m.Applications) == 1 {
		f.Application.Path = m.Applications[0].Name
	}
	if u.first != nil {
		if u.sameRunAs {
			f.RunAs = u.first.RunAs
		}
		if u.sameCommand {
			f.Application.Command = u.first.Application.Command
		}
		f.Application.Status, f.Application.Signal = u.first.Application.Status, u.first.Application.Signal
		f.Application.EndUnknown = !u.sameExit || !u.first.EndKnown()
	}
	f.Application.Ended = u.allEnded
	f.System.KernelVersion = words(m.Kernels)
	f.Backend = strings.Join(slices.Sorted(maps.Keys(u.backends)), ", ")
	f.StatedReach = u.reach.reach()
	f.BlindSpots = slices.SortedFunc(maps.Keys(u.blindSpots), compareBlindSpots)
	stated, operational := u.stated, u.operational
	f.Stated = &stated
	if f.Dropped {
		f.StatedOperational = &operational
	}
	for n := range u.caps {
		u.caps[n].into(n, &f)
		if p := u.caps[n].provenance; p.Required.Count+p.CapsetOnly.Count+p.Denied.Count > 0 {
			m.Capabilities = append(m.Capabilities, p)
		}
	}
	f.Programs = u.programUses()
	return &f
}

// words names shares, the first of many.
func words(list []Share) string {
	const most = 4
	var names []string
	for _, s := range list {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// into puts the pile of capability n into the lists.
func (p *pile) into(n int, f *Findings) {
	switch {
	case p.seen.need:
		c := p.need.capability(n)
		c.Denied = Sum(c.Denied, p.denied)
		f.Required = append(f.Required, c)
	case p.seen.denied:
		d := Denied{Number: n, Checks: p.denied, LSMRefused: p.lsm, CallSites: p.need.callSites(),
			Outcomes: outcomesOf(p.outcomes), LookedAt: p.lookedAt}
		d.Syscalls = slices.SortedFunc(maps.Keys(p.deniedCalls), compareSyscalls)
		d.Assessment = assess(d.Checks, d.Outcomes, p.inconclusive)
		f.Denied = append(f.Denied, d)
	}
	if p.seen.capset && !p.seen.need {
		c := p.sets
		c.Number = n
		f.CapsetOnly = append(f.CapsetOnly, c)
	}
	if f.Dropped && p.init.seen {
		f.Init = append(f.Init, p.init.capability(n))
	}
	if f.Dropped && p.operate.seen {
		f.Operational = append(f.Operational, p.operate.capability(n))
	}
	if p.advisory.seen {
		f.Advisory = append(f.Advisory, Advisory{n, p.advisory.Tally, p.advisory.callSites()})
	}
	if c := p.unasked; len(c.Calls) > 0 {
		c.Calls = slices.SortedFunc(slices.Values(c.Calls), compareUnaskedCalls)
		f.Unasked = append(f.Unasked, c)
	}
	if p.nested.seen {
		f.Nested = append(f.Nested, Nested{n, p.nested.Tally, p.nested.callSites()})
	}
}

func (p *part) capability(n int) Capability {
	c := Capability{Number: n, Tally: p.Tally, Syscall: Syscall{Number: -1}, CallSites: p.callSites(),
		FailedAnyway: outcomesOf(p.failedAnyway), LookedAt: p.lookedAt, UserNamespace: p.namespace}
	most := uint64(0)
	for _, s := range slices.SortedFunc(maps.Keys(p.calls), compareSyscalls) {
		if c.Syscall.Number == -1 && c.Syscall.Name == "" || p.calls[s] > most {
			c.Syscall, most = s, p.calls[s]
		}
	}
	return c
}

func (p *part) callSites() []CallSite {
	list := make([]CallSite, 0, len(p.sites))
	for _, s := range p.sites {
		list = append(list, *s)
	}
	slices.SortFunc(list, compareSites)
	return list
}

// programUses numbers the programs anew, in order of their paths.
func (u *Union) programUses() []ProgramUse {
	paths := slices.Sorted(maps.Keys(u.programs))
	index := make(map[string]int, len(paths))
	next := 1
	for _, path := range paths {
		if path != "" {
			index[path] = next
			next++
		}
	}
	list := make([]ProgramUse, 0, len(paths))
	for _, path := range paths {
		p := u.programs[path]
		use := ProgramUse{
			Index: index[path], Path: path, StandsFor: p.standsFor, Parent: index[p.parent],
			Processes: p.processes, Namespaces: p.namespaces, FileCaps: members(p.fileCaps),
			Needs: members(p.needs), Refused: members(p.refused &^ p.needs),
		}
		p.calls.into(&use)
		list = append(list, use)
	}
	return list
}

func bits(list []int) uint64 {
	var set uint64
	for _, n := range list {
		set |= 1 << n
	}
	return set
}

func members(set uint64) []int {
	var list []int
	for n := range capabilities {
		if set>>n&1 == 1 {
			list = append(list, n)
		}
	}
	return list
}

// Sum adds counts, and stays at the highest number where it would go beyond.
func Sum(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}
