package audit

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Analyze turns an observation into findings.
func Analyze(o *Observation) *Findings {
	a := analysis{o: o, caps: map[int]*ledger{}}
	for _, row := range o.Checks {
		a.add(row)
	}
	f := &Findings{
		Application:    o.Application,
		Subject:        o.Subject,
		Interim:        o.Interim,
		Took:           o.Took,
		Lasted:         o.Lasted,
		Serving:        o.Serving,
		System:         o.System,
		Backend:        o.Backend,
		BlindSpots:     blindSpots(o),
		Dropped:        o.Dropped,
		CapsetCalls:    o.CapsetCalls,
		Requested:      o.Requested.Effective | o.Requested.Permitted | o.Requested.Inheritable,
		Tasks:          o.Tasks,
		StillRunning:   o.StillRunning,
		MissedExits:    o.MissedExits,
		Sampled:        o.Sampled,
		Losses:         o.Losses,
		Held:           o.Held,
		Gains:          o.gains(),
		Refusals:       a.refusals(),
		Grants:         a.grants(),
		RefusedUnasked: a.refusedUnasked(),
	}
	for _, t := range o.Totals {
		f.TotalChecks += t.Granted + t.Denied
	}
	for _, n := range slices.Sorted(maps.Keys(a.caps)) {
		l := a.caps[n]
		switch {
		case l.need.Granted > 0:
			f.Required = append(f.Required, a.capability(n, l.need, l.needRows))
		case l.need.Denied > 0:
			f.Denied = append(f.Denied, a.denied(n, l))
		}
		for phase, list := range map[Phase]*[]Capability{PhaseInit: &f.Init, PhaseDropped: &f.Operational} {
			if part := l.phases[phase]; o.Dropped && part.Granted > 0 {
				*list = append(*list, a.capability(n, part, inPhase(l.needRows, phase)))
			}
		}
		if l.advisory.Total() > 0 {
			f.Advisory = append(f.Advisory, Advisory{n, l.advisory,
				callSites(l.advisoryRows, reasonToDiscount)})
		}
		if l.nested.Total() > 0 {
			f.Nested = append(f.Nested, Nested{n, l.nested, callSites(l.nestedRows, reasonToDiscount)})
		}
	}
	f.LogsIn, f.RefusedEnd = o.logsIn(), a.refusedEnd()
	f.CapsetOnly = a.capsetOnly()
	kept := f.used() // by checks, so far
	f.Unasked = a.unasked(kept)
	f.Programs = a.programs(kept)
	return f
}

// ledger holds the checks of one capability, sorted by what its checks mean.
type ledger struct {
	need, advisory, nested             Tally
	phases                             [2]Tally // of need
	needRows, advisoryRows, nestedRows []Checks
	sites                              map[int]bool // by kind: needs came by it
}

// keep adds a row to one of the lists.
func (l *ledger) keep(list *[]Checks, row Checks) {
	*list = append(*list, row)
	for _, s := range row.Sites {
		l.sites[s.Kind] = l.sites[s.Kind] || list == &l.needRows
	}
}

// needs tells whether checks of a kind count as a need; those of an unknown one do.
func (l *ledger) needs(kind int) bool {
	need, known := l.sites[kind]
	return need || !known || kind == 0
}

// analysis sorts an observation's rows.
type analysis struct {
	o    *Observation
	caps map[int]*ledger
}

func (t *Tally) add(v Verdict, n uint64) {
	if v == Granted {
		t.Granted += n
	} else {
		t.Denied += n
	}
}

func (a *analysis) add(row Checks) {
	l := a.caps[row.Capability]
	if l == nil {
		l = &ledger{sites: map[int]bool{}}
		a.caps[row.Capability] = l
	}
	switch {
	case row.Scope == ScopeNested && (row.Credentials.Nested || row.Credentials.Owner):
		l.nested.add(row.Verdict, row.Count)
		l.keep(&l.nestedRows, row)
	case kernelsOwn(row):
		l.advisory.add(row.Verdict, row.Count)
		l.keep(&l.advisoryRows, row)
	default:
		needed, probed := a.split(row)
		if probed.Count > 0 {
			l.advisory.add(row.Verdict, probed.Count)
			l.keep(&l.advisoryRows, probed)
		}
		if needed.Count > 0 {
			l.need.add(row.Verdict, needed.Count)
			l.phases[row.Phase].add(row.Verdict, needed.Count)
			l.keep(&l.needRows, needed)
		}
	}
}

// kernelsOwn tells checks of credentials that the kernel put in the task's
// place for work of its own, such as overlayfs on behalf of the mounter. Three
// uses of the same mechanism decide for the task: access(2), which asks with
// the real user id and for whose file it is alone (generic_permission()),
// io_uring's personalities, and the mount of an overlay, which is furnished with
// a copy of the caller's: fs/overlayfs/super.c, ovl_fill_super(), 6.15 to 7.3.
// Who mounts is asked for SYS_ADMIN before; that of an overlay which the path
// leads through is its mounter's (xattr_permission()), also where a user
// namespace's root mounts. For the rest of such a path see belowOverlay().
func kernelsOwn(row Checks) bool {
	if !row.Credentials.Overridden {
		return false
	}
	switch row.Syscall.Name {
	case "access", "faccessat", "faccessat2":
		return row.Capability != unix.CAP_DAC_OVERRIDE && row.Capability != unix.CAP_DAC_READ_SEARCH
	case "mount", "fsconfig":
		return row.Capability == unix.CAP_SYS_ADMIN
	case "io_uring_enter", "unknown":
		return false
	}
	return true
}

// belowOverlay tells checks for a layer's directory on the way through an overlay. It is looked at with the
// mounter's credentials, once the overlay's own has been searched with the caller's: fs/overlayfs/inode.c,
// ovl_permission(), and namei.c, ovl_lookup(), 6.1 to 7.3.
func belowOverlay(row Checks, site Site) bool {
	for i, frame := range site.Frames {
		switch trimVariant(frame) {
		case "ovl_permission":
			return row.Credentials.Overridden && i > 0 && trimVariant(site.Frames[i-1]) == "inode_permission"
		case "ovl_lookup":
			return row.Credentials.Overridden
		}
	}
	return false
}

// split parts a row into what counts as a need and what was only a probe. For
// capabilities with advisory sites each check's site is known; one whose site
// is not known counts as a need, and so does one that made calls fail all the same.
func (a *analysis) split(row Checks) (needed, probed Checks) {
	needed, probed = row, row
	needed.Sites, probed.Sites = nil, nil
	var probes, needs uint64
	for _, site := range row.Sites {
		if reasonToDiscount(row, site) != "" && !a.hindered(row, site) {
			probed.Sites = append(probed.Sites, site)
			probes += site.Samples
		} else {
			needs += site.Samples
			needed.Sites = append(needed.Sites, site)
		}
	}
	// sites may be ahead of the count, where a row still grows or a check was
	// moved to another verdict: what was seen to be a need stays one
	needed.Count = max(row.Count-min(probes, row.Count), min(needs, row.Count))
	probed.Count = row.Count - needed.Count
	return needed, probed
}

func inPhase(rows []Checks, phase Phase) []Checks {
	return slices.DeleteFunc(slices.Clone(rows), func(r Checks) bool { return r.Phase != phase })
}

func (a *analysis) capability(n int, t Tally, rows []Checks) Capability {
	c := Capability{Number: n, Tally: t, Syscall: mainSyscall(rows), CallSites: callSites(rows, none),
		Span: spanOf(rows), UserNamespace: userNamespaceOf(rows)}
	granted := a.outcomes(n, func(o Outcome) bool {
		return o.Verdict == Granted && slices.ContainsFunc(rows, func(r Checks) bool {
			return r.Verdict == Granted && r.Syscall == o.Syscall
		})
	})
	c.LookedAt = a.lookedAt(granted)
	c.FailedAnyway = slices.DeleteFunc(granted, func(o SyscallOutcome) bool { return o.Return == 0 })
	return c
}

// mainSyscall is the one in which most checks were granted, of several the one
// that was made first; one without a number only where there is no other.
func mainSyscall(rows []Checks) Syscall {
	counts, first := map[Syscall]uint64{}, map[Syscall]uint64{}
	for _, row := range rows {
		if row.Verdict != Granted {
			continue
		}
		if at, known := first[row.Syscall]; !known || row.Order < at {
			first[row.Syscall] = row.Order
		}
		counts[row.Syscall] += row.Count
	}
	if len(counts) == 0 {
		return Syscall{Number: -1, Name: "unknown"}
	}
	return slices.MinFunc(slices.Collect(maps.Keys(counts)), func(a, b Syscall) int {
		return cmp.Or(compareBools(a.Number < 0, b.Number < 0), cmp.Compare(counts[b], counts[a]),
			cmp.Compare(first[a], first[b]), compareSyscalls(a, b))
	})
}

func compareSyscalls(a, b Syscall) int {
	// the same number has another name on another architecture
	return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.ABI, b.ABI),
		strings.Compare(a.Name, b.Name))
}

// compareSites puts the most frequent first.
func compareSites(a, b CallSite) int {
	return cmp.Or(cmp.Compare(b.Checks, a.Checks), strings.Compare(a.Function, b.Function),
		compareSyscalls(a.Syscall, b.Syscall), strings.Compare(a.Advisory, b.Advisory),
		compareBools(a.MaybeProbe, b.MaybeProbe))
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	if a == b {
		return 0
	}
	if b {
		return -1
	}
	return 1
}

// callSites sums up the functions that asked, the most frequent first, each with the reason to discount it.
func callSites(rows []Checks, reason func(Checks, Site) string) []CallSite {
	type key struct {
		function   string
		syscall    Syscall
		advisory   string
		maybeProbe bool
	}
	counts := map[key]*CallSite{}
	for _, row := range rows {
		var samples uint64
		for _, site := range row.Sites {
			samples += site.Samples
		}
		for _, site := range row.Sites {
			function := site.Function()
			if function == "" {
				continue
			}
			k := key{function, row.Syscall, reason(row, site), maybeProbe(row, function)}
			c := counts[k]
			if c == nil {
				c = &CallSite{Function: function, Syscall: row.Syscall, Advisory: k.advisory,
					MaybeProbe: k.maybeProbe}
				counts[k] = c
			}
			c.Objects.Join(site.Objects)
			if k.advisory == "" { // who asks for what does not matter is no question
				c.Stacks = joinStacks(c.Stacks, site.Stacks)
			}
			switch {
			case samples >= row.Count:
				c.Checks += site.Samples
			case len(row.Sites) == 1:
				// every look at this row found the same caller
				c.Checks += row.Count
				c.Sampled = true
			default:
				c.Checks += site.Samples
				c.Sampled = true
			}
		}
	}
	list := make([]CallSite, 0, len(counts))
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, compareSites)
	return list
}

// none is the reason to discount a need.
func none(Checks, Site) string { return "" }

// KernelsOwn is the reason to discount what the kernel asks on its own behalf.
const KernelsOwn = "no grant would help: for that the kernel takes other credentials than the program's"

func reasonToDiscount(row Checks, site Site) string {
	if kernelsOwn(row) || belowOverlay(row, site) {
		return KernelsOwn
	}
	return advisory(row, site)
}

func (a *analysis) denied(n int, l *ledger) Denied {
	d := Denied{Number: n, Checks: l.need.Denied, CallSites: callSites(l.needRows, none)}
	for _, row := range l.needRows {
		if row.Verdict == LSMRefused {
			d.LSMRefused += row.Count
		}
		if !slices.Contains(d.Syscalls, row.Syscall) {
			d.Syscalls = append(d.Syscalls, row.Syscall)
		}
	}
	slices.SortFunc(d.Syscalls, compareSyscalls)
	d.Outcomes = a.outcomes(n, func(o Outcome) bool {
		return o.Verdict != Granted && slices.Contains(d.Syscalls, o.Syscall)
	})
	unseen := slices.ContainsFunc(d.Syscalls, func(s Syscall) bool {
		return s.Number >= 0 && !slices.ContainsFunc(d.Outcomes,
			func(o SyscallOutcome) bool { return o.Syscall == s })
	})
	d.Assessment = assess(d.Checks, d.Outcomes, unseen)
	d.LookedAt = a.lookedAt(d.Outcomes)
	return d
}

// lookedAt is the size of a sample.
func (a *analysis) lookedAt(outcomes []SyscallOutcome) *uint64 {
	if !a.o.Sampled {
		return nil
	}
	n := uint64(0)
	for _, o := range outcomes {
		n = Sum(n, o.Count)
	}
	return &n
}

// outcomes sums up those of one capability that are wanted.
func (a *analysis) outcomes(capability int, want func(Outcome) bool) []SyscallOutcome {
	counts := map[outcomeKey]uint64{}
	for _, o := range a.o.Outcomes {
		if o.Capability == capability && a.caps[capability].needs(o.Kind) && want(o) {
			counts[outcomeKey{o.Syscall, o.Return}] += o.Count
		}
	}
	return outcomesOf(counts)
}

type outcomeKey struct {
	syscall Syscall
	ret     int
}

func outcomesOf(counts map[outcomeKey]uint64) []SyscallOutcome {
	list := make([]SyscallOutcome, 0, len(counts))
	for k, n := range counts {
		list = append(list, SyscallOutcome{Syscall: k.syscall, Class: Classify(k.ret), Return: k.ret,
			Count: n})
	}
	slices.SortFunc(list, func(a, b SyscallOutcome) int {
		return cmp.Or(compareSyscalls(a.Syscall, b.Syscall), cmp.Compare(b.Return, a.Return))
	})
	return list
}

func (a *analysis) capsetOnly() []CapsetOnly {
	var list []CapsetOnly
	r := a.o.Requested
	for n := range 64 {
		c := CapsetOnly{n, r.Effective>>n&1 != 0, r.Permitted>>n&1 != 0, r.Inheritable>>n&1 != 0}
		if !c.Effective && !c.Permitted && !c.Inheritable {
			continue
		}
		if l := a.caps[n]; l != nil && l.need.Granted > 0 {
			continue
		}
		list = append(list, c)
	}
	return list
}

// kinds tells which capabilities those need, and those are refused, who are noted
// for a kind.
func (a *analysis) kinds(kept uint64) (granted, refused map[int]uint64) {
	granted, refused = map[int]uint64{}, map[int]uint64{}
	for n, l := range a.caps {
		for _, row := range l.needRows {
			to := refused
			if row.Verdict == Granted {
				to = granted
			}
			for _, kind := range row.Kinds {
				to[kind] |= 1 << n
			}
			for _, site := range row.Sites {
				to[site.Kind] |= 1 << n
			}
		}
	}
	for _, row := range a.o.Unasked {
		if row.needed(kept) {
			granted[row.Kind] |= 1 << row.Capability
		}
	}
	return granted, refused
}

// programs tells what each program of the tree needs, in the order in which they
// were first run. kept is what all of them will hold at least.
func (a *analysis) programs(kept uint64) []ProgramUse {
	list := make([]ProgramUse, len(a.o.Programs))
	granted, refused := a.kinds(kept)
	for i, p := range a.o.Programs {
		var needs, denied uint64
		for _, kind := range p.Kinds {
			needs |= granted[kind]
			denied |= refused[kind]
		}
		list[i] = ProgramUse{Index: i, Path: p.Path, Parent: p.Parent, Processes: p.Processes,
			Needs: members(needs), Refused: members(denied &^ needs),
			FileCaps: members(p.FileCaps), Namespaces: p.Namespaces}
		callsOf(p.Made).into(&list[i])
	}
	// index 0 stands for no program unless something was counted there
	list = slices.DeleteFunc(list, func(p ProgramUse) bool {
		return p.Path == "" && len(p.Needs) == 0 && len(p.Refused) == 0 && len(p.Syscalls) == 0
	})
	return together(list, func(index int) []int { return a.o.Programs[index].Users })
}
