package audit

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Refusal is a need that was refused in one system call.
type Refusal struct {
	Capability int
	Syscall    Syscall
	Checks     uint64
	// Failures are the ways in which calls that contained one failed.
	Failures []SyscallOutcome
}

// Grant is a need that was granted in one system call.
type Grant struct {
	Capability int
	Syscall    Syscall
}

// Proof is what repeating the run showed.
type Proof struct {
	// Verification is the run with what the first run showed, and with Added.
	Verification *Trial
	// Growth are the runs before, which did not behave and were refused
	// something new: that is in the next one's set.
	Growth []Trial
	// Added are the refusals that made the set grow, one for each capability.
	Added []Evidence
	// LeftBehind are capabilities of Added that a run with all capabilities is asked
	// for, too, while the first was not: it found what an earlier run left behind.
	LeftBehind []int
	// TakenBack are those of them that were refused even so, and are not added again.
	TakenBack []Evidence
	// Trials are the runs with one capability less, by number.
	Trials []Trial
	// Minimal is the run without any of the capabilities that no trial showed
	// to be needed; nil when there were none to leave out.
	Minimal *Trial
	// Skipped says why no run was repeated, "" if runs were.
	Skipped string
}

// Trial is one repetition with a smaller set.
type Trial struct {
	// Set is what the program was allowed, bit n for capability number n.
	Set uint64
	// Without is the capability left out, -1 for none in particular.
	Without int
	// Behaved: as in the first run, by the exit status or by the test.
	Behaved bool
	// GivesUp: it behaved, but could not give privileges up, see Findings.GivesUp.
	GivesUp bool
	// NotAsked: it behaved, but the capability was not needed as in the first run,
	// because of what that left behind.
	NotAsked bool
	// AnotherWay: it came to the same output although a call failed.
	AnotherWay bool
	// Evidence says what was seen: what differed if it did not behave.
	Evidence []Evidence
}

// Tried is false where the user did not wait for it, or it could tell nothing.
func (t *Trial) Tried() bool {
	return !slices.ContainsFunc(t.Evidence, func(e Evidence) bool {
		return e.Kind == "interrupted" || e.Kind == "spoilt"
	})
}

// Spare: the program can do without the capability that was left out.
func (t *Trial) Spare() bool { return t.Behaved && !t.GivesUp && !t.NotAsked }

// Refused: it was refused something new.
func (t *Trial) Refused() bool {
	return slices.ContainsFunc(t.Evidence, func(e Evidence) bool { return e.Kind == "refused" })
}

// EndedAlike: what speaks against the run is only what it was refused.
func (t *Trial) EndedAlike() bool {
	return !slices.ContainsFunc(t.Evidence, func(e Evidence) bool {
		return e.Kind != "refused" && e.Kind != "failed"
	})
}

// Open: the run ended like the first, and was refused something, so that its
// output decides whether it behaved.
func (t *Trial) Open() bool { return len(t.Evidence) > 0 && t.EndedAlike() }

// Weigh judges such a run by its output. Where that is unknown, a run behaved in
// which no call failed.
func (t *Trial) Weigh(output Likeness) {
	if !output.Known {
		return
	}
	t.Behaved = output.Difference == ""
	if !t.Behaved {
		t.Evidence = append(t.Evidence, Evidence{Kind: "output", Capability: -1, Text: output.Difference})
	}
	t.AnotherWay = t.Behaved && slices.ContainsFunc(t.Evidence, Evidence.failed)
}

// InPlace: the trial without the capability lacked others, too.
func (p *Proof) InPlace(capability int) bool {
	return slices.ContainsFunc(p.Trials, func(t Trial) bool {
		return t.Without == capability && t.Set|1<<capability != p.Verification.Set
	})
}

// Missing are the refusals of a run that did not behave which may be why, one
// for each capability to add to its set: those that made a system call fail, or
// else any. Of several refusals in one system call the least is tried first,
// since the kernel often asks for a greater capability, too, before it gives up.
func (t *Trial) Missing() []Evidence {
	if t.Behaved {
		return nil
	}
	refused := slices.DeleteFunc(slices.Clone(t.Evidence), func(e Evidence) bool {
		return e.Kind != "refused" || t.Set>>e.Capability&1 == 1
	})
	if slices.ContainsFunc(refused, Evidence.failed) {
		refused = slices.DeleteFunc(refused, func(e Evidence) bool { return !e.failed() })
	}
	slices.SortStableFunc(refused, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(Breadth(a.Capability), Breadth(b.Capability)),
			cmp.Compare(a.Capability, b.Capability))
	})
	var list []Evidence
	for _, e := range refused {
		if !slices.ContainsFunc(list, func(other Evidence) bool {
			return other.Syscall == e.Syscall || other.Capability == e.Capability
		}) {
			list = append(list, e)
		}
	}
	return list
}

// OnlyAlike: it did not behave, and was refused nothing but what the first run had
// been, so that chance may be the reason.
func (t *Trial) OnlyAlike() bool {
	missing := t.Missing()
	return len(missing) > 0 && !slices.ContainsFunc(missing, func(e Evidence) bool { return !e.Alike })
}

// Breadth orders capabilities of which either will do: perfmon_capable() and
// others in include/linux/capability.h fall back to CAP_SYS_ADMIN,
// generic_permission() (fs/namei.c) to CAP_DAC_OVERRIDE, and mm_access()
// (kernel/fork.c) is content with CAP_PERFMON in the place of CAP_SYS_PTRACE.
func Breadth(capability int) int {
	return slices.Index([]int{unix.CAP_SYS_PTRACE, unix.CAP_DAC_OVERRIDE, unix.CAP_SYS_ADMIN}, capability)
}

// Grow takes what a run missed into the proof, and returns its set with that
// added: the same where nothing new came.
func (p *Proof) Grow(t *Trial) uint64 {
	set := t.Set
	missing := slices.DeleteFunc(t.Missing(), func(e Evidence) bool {
		return slices.ContainsFunc(p.TakenBack, e.sameCheck)
	})
	for _, e := range missing {
		set |= 1 << e.Capability
	}
	if len(missing) > 0 {
		p.Growth, p.Added = append(p.Growth, *t), append(p.Added, missing...)
	}
	return set
}

// Verify concludes with a run. If the program does not behave with them,
// additions are taken back that were refused in the same call even so, since the
// program had given them up, and those that only might have helped.
func (p *Proof) Verify(t *Trial) {
	p.Verification = t
	if t.Behaved {
		return
	}
	p.Added = slices.DeleteFunc(p.Added, func(added Evidence) bool {
		return added.Alike || slices.ContainsFunc(t.Evidence, added.sameCheck)
	})
}

// Find tells which additions are due to what earlier runs left behind, by a run
// with all capabilities that was not the first.
func (p *Proof) Find(first, again *Findings) {
	asked := func(f *Findings, capability int) bool {
		return slices.ContainsFunc(f.Grants, func(g Grant) bool { return g.Capability == capability })
	}
	for _, e := range p.Added {
		n := e.Capability
		if !asked(first, n) && asked(again, n) && !slices.Contains(p.LeftBehind, n) {
			p.LeftBehind = append(p.LeftBehind, n)
		}
	}
}

// TakeBack takes additions back over a run that behaved with them, and was refused
// them even so: in the same call each time, or wherever it asked. Granted nothing,
// it cannot have behaved because of them.
func (p *Proof) TakeBack(again *Findings) (changed bool) {
	useless := func(added Evidence) bool {
		granted, here, refused, refusedHere := false, false, false, false
		for _, g := range again.Grants {
			if g.Capability == added.Capability {
				granted, here = true, here || g.Syscall == added.Syscall
			}
		}
		for _, r := range again.Refusals {
			if r.Capability == added.Capability {
				refused, refusedHere = true, refusedHere || r.Syscall == added.Syscall
			}
		}
		return refusedHere && !here || refused && !granted
	}
	before := len(p.Added)
	for _, e := range p.Added {
		if useless(e) {
			p.TakenBack = append(p.TakenBack, e)
		}
	}
	p.Added = slices.DeleteFunc(p.Added, useless)
	return len(p.Added) < before
}

// added are the capabilities that made the set grow.
func (p *Proof) added() uint64 {
	var set uint64
	if p != nil {
		for _, e := range p.Added {
			set |= 1 << e.Capability
		}
	}
	return set
}

// sameCheck: both are refusals of one capability in one system call.
func (e Evidence) sameCheck(other Evidence) bool {
	return e.Kind == "refused" && other.Kind == "refused" &&
		e.Capability == other.Capability && e.Syscall == other.Syscall
}

// failed: the refusal made the system call fail.
func (e Evidence) failed() bool { return e.Return < 0 }

// Evidence is one fact about a repetition.
type Evidence struct {
	// Kind is "status", "test", "stop" (it did not end as before when asked to),
	// "timeout", "start" (it could not even be executed), "refused", "failed" (a
	// call that the kernel asked for no capability), "output", "varies" (that
	// differs in all runs), "identity" (of a process at the end), "lost",
	// "not_asked" (for what the first run was granted), "spoilt" (by a run that had
	// to be killed) or "interrupted".
	Kind string
	// Capability is -1 where the fact is about none.
	Capability int
	Syscall    Syscall
	// Return is the failure of the system call, 0 for a success.
	Return int
	// Alike: calls failed like this in the first run, too.
	Alike bool
	Text  string
}

// Ending says in words how a run ended.
func (a Application) Ending() string {
	switch {
	case !a.Ended:
		return "was still running"
	case a.Signal != 0:
		return fmt.Sprintf("was terminated by signal %d", a.Signal)
	}
	return fmt.Sprintf("exited with status %d", a.Status)
}

// Compare lists what a repetition did otherwise than the first run: its end,
// and what it was refused with the set. It behaved if it ended alike, and no system call
// failed that had not failed like that before.
func Compare(first, again *Findings, set uint64) (list []Evidence, behaved bool) {
	if a, b := first.Application.Ending(), again.Application.Ending(); a != b {
		list = append(list, Evidence{Kind: "status", Capability: -1,
			Text: fmt.Sprintf("the program %s; before, it %s", b, a)})
	}
	list = append(list, News(first, again, set)...)
	return list, !slices.ContainsFunc(list, func(e Evidence) bool {
		return e.Kind != "refused" || e.failed()
	})
}

// News lists what the second run, with the set, was refused and the first was
// not: each way in which a system call failed over a need as none had failed
// before, and those needs that did not make their call fail.
func News(first, again *Findings, set uint64) []Evidence {
	known := first.known(set)
	var list []Evidence
	for _, r := range again.Refusals {
		failed := false
		for _, o := range r.Failures {
			if e := r.evidence(o.Return); o.Class != Interrupted {
				failed = true
				if !known[e] {
					list = append(list, e)
				}
			}
		}
		if e := r.evidence(0); !failed && !known[e] {
			list = append(list, e)
		}
	}
	for _, s := range again.RefusedUnasked {
		if !slices.Contains(first.RefusedUnasked, s) {
			list = append(list, Evidence{Kind: "failed", Capability: -1, Syscall: s,
				Return: -int(unix.EPERM)})
		}
	}
	return list
}

// Alike lists the ways in which calls of the second run failed over a need that
// the set lacks, as some of the first had. One of them can be a call that the
// first run did not make: it is for a run that did not behave, though nothing
// new was refused.
func Alike(again *Findings, set uint64) []Evidence {
	var list []Evidence
	for _, r := range again.Refusals {
		for _, o := range r.Failures {
			if e := r.evidence(o.Return); set>>r.Capability&1 == 0 && o.Class != Interrupted {
				e.Alike = true
				list = append(list, e)
			}
		}
	}
	return list
}

// known are the refusals that a run with the set need not be the reason of,
// since the first run had them. Not those of a capability that the set lacks
// and the first run was granted in the same system call: that some other call
// failed alike does not tell whether this one did.
func (f *Findings) known(set uint64) map[Evidence]bool {
	known := map[Evidence]bool{}
	for _, c := range f.Required {
		for _, o := range c.FailedAnyway {
			if o.Class != PermissionFailure {
				known[Refusal{Capability: c.Number, Syscall: o.Syscall}.evidence(o.Return)] = true
			}
		}
	}
	for _, r := range f.Refusals {
		if set>>r.Capability&1 == 0 && slices.Contains(f.Grants, Grant{r.Capability, r.Syscall}) {
			continue
		}
		known[r.evidence(0)] = true
		for _, o := range r.Failures {
			known[r.evidence(o.Return)] = true
		}
	}
	return known
}

// NotAsked lists the system calls in which the first run was granted a
// capability that no run after it was asked for: neither that with the whole set
// nor that without the capability. What the first run made is there in the
// second, which need not make it: that the program can do without the capability
// then says nothing about a new machine.
func NotAsked(first *Findings, capability int, after ...*Findings) []Evidence {
	var list []Evidence
	for _, g := range first.Grants {
		refused := func(r Refusal) bool { return g == Grant{r.Capability, r.Syscall} }
		asked := func(f *Findings) bool {
			return slices.Contains(f.Grants, g) || slices.ContainsFunc(f.Refusals, refused)
		}
		if g.Capability == capability && !slices.ContainsFunc(after, asked) {
			list = append(list, Evidence{Kind: "not_asked", Capability: g.Capability, Syscall: g.Syscall})
		}
	}
	return list
}

// evidence is the refusal with one way in which its call returned.
func (r Refusal) evidence(ret int) Evidence {
	return Evidence{Kind: "refused", Capability: r.Capability, Syscall: r.Syscall, Return: ret}
}

// refusals collects the refused needs of all capabilities.
func (a *analysis) refusals() []Refusal {
	var list []Refusal
	for n, l := range a.caps {
		checks := map[Syscall]uint64{}
		for _, row := range l.needRows {
			if row.Verdict != Granted {
				checks[row.Syscall] += row.Count
			}
		}
		for s, count := range checks {
			list = append(list, Refusal{n, s, count, a.outcomes(n, func(o Outcome) bool {
				return o.Verdict != Granted && o.Syscall == s && o.Return < 0
			})})
		}
	}
	slices.SortFunc(list, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.Capability, b.Capability), compareSyscalls(a.Syscall, b.Syscall))
	})
	return list
}

// grants collects the granted needs of all capabilities.
func (a *analysis) grants() []Grant {
	var list []Grant
	for n, l := range a.caps {
		for _, row := range l.needRows {
			if g := (Grant{n, row.Syscall}); row.Verdict == Granted && !slices.Contains(list, g) {
				list = append(list, g)
			}
		}
	}
	slices.SortFunc(list, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Capability, b.Capability), compareSyscalls(a.Syscall, b.Syscall))
	})
	return list
}

// refusedUnasked collects the calls that fail over a capability without a check for
// it: execs, and capset(2), which asks for CAP_SETPCAP alone
// (security/commoncap.c, bprm_caps_from_vfs_caps() and cap_capset()).
func (a *analysis) refusedUnasked() []Syscall {
	list := slices.Clone(a.o.RefusedExecs)
	for _, o := range a.o.Outcomes {
		if o.Syscall.Name == "capset" && o.Return == -int(unix.EPERM) {
			list = append(list, o.Syscall)
		}
	}
	slices.SortFunc(list, compareSyscalls)
	return slices.Compact(list)
}
