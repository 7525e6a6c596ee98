package report

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// NewDocument puts findings into the shape of the report. It reads nothing but
// f, and f is not changed.
func NewDocument(f *audit.Findings) *Document {
	d := &Document{
		Application:   Application{PID: f.Application.PID, Comm: valid(f.Application.Path)},
		SystemContext: systemContext(f.System),
		Dropped:       f.Dropped,
		CapsetCalls:   f.CapsetCalls,
		Required:      capabilities(f, f.Required),
		CapsetOnly:    each(f.CapsetOnly, capsetOnly),
		Denied:        each(f.Denied, denied),

		SchemaVersion: SchemaVersion,
		Tool:          Tool{Name: "cap-audit", Version: "unknown"},
		Backend:       valid(f.Backend),
		Limits:        each(f.BlindSpots, limit),
		TotalChecks:   f.TotalChecks,
		Advisory:      each(f.Advisory, unneeded),
		Nested:        each(f.Nested, func(n audit.Nested) Unneeded { return unneeded(audit.Advisory(n)) }),
		Programs:      each(f.Programs, program),
		Tasks:         f.Tasks,
		StillRunning:  f.StillRunning,
		MissedExits:   f.MissedExits,
		Losses:        f.Losses,
		Complete:      recorded(f) && !f.Untraced(),
		Recommended:   capng.Names(f.Recommended()),
		Exit:          exit(f),
		RunAs:         optional(f.RunAs),
		Verified:      verified(f.Proof),
		Proof:         proof(f.Proof),
		Subject:       subject(f.Subject),
		Interim:       f.Interim,
		Merged:        merged(f.Merged),
		UnitFile:      unitFile(f),
		TestFailed:    optional(f.TestFailed),
		Unasked:       each(f.Unasked, unasked),
		Gains:         each(f.Gains, func(g audit.Gain) string { return valid(string(g)) }),
		Command:       optional(f.Application.Command),
		Outcomes:      lookedAt(f),
		LogsIn:        f.LogsIn,

		blindSpots:   f.BlindSpots,
		fromStart:    f.Unbegun() == "",
		commandLine:  append([]string{f.Application.Command}, f.Application.Arguments...),
		uid:          f.Application.UID,
		held:         f.Application.Held,
		took:         f.Took,
		cutShort:     f.Subject.CutShort,
		recorded:     recorded(f),
		untraced:     f.Untraced(),
		lessers:      f.Lessers(),
		covered:      capng.Numbers(f.Covered() &^ f.Recommended()),
		fileExcess:   capng.Numbers(f.Application.FilePermitted &^ f.Recommended()),
		secureLosses: f.Application.SecureLosses,
		advice:       advice(f),
	}
	d.conclude(f)
	return d
}

// conclude adds what takes more than a line.
func (d *Document) conclude(f *audit.Findings) {
	d.divide(f)
	d.foresee(f.Reach(), f.Application.Mentions)
	d.Held = held(f)
	d.UnitFile.refuse(d.notAdded())
	d.blame(f.RefusedEnd)
	d.findWays(f)
	d.time(f)
	d.AtLeast = d.blocked() || d.unknown() || d.partly()
	d.PodSecurity = podSecurity(d.advice)
}

// divide parts what was required by the drop, if there was one.
func (d *Document) divide(f *audit.Findings) {
	if f.Dropped {
		before, after := capabilities(f, f.Init), capabilities(f, f.Operational)
		d.Initialization, d.Operational = &before, &after
	}
}

// Which outcomes were looked at.
const outcomesAll, outcomesSampled = "all", "sampled"

func lookedAt(f *audit.Findings) string {
	if f.Sampled {
		return outcomesSampled
	}
	return outcomesAll
}

func advice(f *audit.Findings) snippets.Advice {
	onHost, inside := onHost(f)
	return snippets.Advice{
		Subject:      f.Subject.Kind,
		Engine:       f.Subject.Engine,
		Pod:          f.Subject.Pod != "",
		Daemon:       daemon(f),
		Path:         f.Application.Path,
		Python:       f.Application.Python,
		Script:       f.Application.Script,
		User:         f.RunAs,
		Group:        f.RunAsGroup,
		Unprivileged: f.Application.Unprivileged,
		Ambient:      capng.Numbers(f.Subject.Ambient),
		Limited:      f.Subject.Limited,
		Gains:        f.Gains,
		SecureLosses: each(f.Application.SecureLosses, func(l audit.SecureLoss) string { return l.What }),
		SwitchesUser: f.SwitchesUser(),
		FileHas:      capng.Numbers(f.Application.FilePermitted),
		FileRaises:   f.Application.FileEffective,
		Unused:       each(f.CapsetOnly, func(c audit.CapsetOnly) int { return c.Number }),
		Itself:       itself(f),
		Others:       others(f),
		Grant:        capng.Numbers(f.Recommended()),
		Keep:         capng.Numbers(f.RecommendedOperational()),
		Dropped:      f.Dropped,

		Probed:        each(f.Advisory, func(c audit.Advisory) int { return c.Number }),
		Nested:        each(f.Nested, func(c audit.Nested) int { return c.Number }),
		Unbegun:       f.Unbegun() != "",
		UserNamespace: f.Subject.UserNamespace,

		Bounding: capng.Numbers(f.Bounding() & f.Recommended()),
		Made:     each(f.Programs, made),
		Met:      met(f),
		Filter:   filter(f),
		OnHost:   onHost,
		Inside:   inside,
	}
}

// itself is what the program needed, in all processes that began with it.
func itself(f *audit.Findings) []int {
	var set []int
	for _, p := range f.Programs {
		if isSubject(f, p) {
			set = append(set, p.Needs...)
		}
	}
	return set
}

// isSubject: it is what was audited, or a process of it that executed it anew.
func isSubject(f *audit.Findings, p audit.ProgramUse) bool {
	return p.Parent == 0 || p.Path == f.Application.Path
}

// others are the programs that it executed and that needed something, each path once.
func others(f *audit.Findings) []snippets.Holder {
	var list []snippets.Holder
	places := map[string]int{} // in the list
	for _, p := range f.Programs {
		if isSubject(f, p) || len(p.Needs) == 0 {
			continue
		}
		h := snippets.Holder{Path: p.Path, Needs: p.Needs, FileHas: p.FileCaps}
		if p.StandsFor > 1 {
			h.Path = ""
		}
		i, known := places[h.Path]
		if !known {
			places[h.Path] = len(list)
			list = append(list, h)
			continue
		}
		list[i].Needs = distinct(slices.Concat(list[i].Needs, h.Needs))
	}
	return list
}

// daemon: it stays, or changes to an account of its own.
func daemon(f *audit.Findings) bool { return stays(f) || f.SwitchesUser() }

// stays: it listens, goes on until it is ended, or goes into the background.
func stays(f *audit.Findings) bool {
	goesOn := f.Subject.Kind.Adopted() || f.StillRunning > 0 ||
		f.Application.Ended && audit.IsEnding(f.Application.Signal)
	listens := func(p audit.ProgramUse) bool { return slices.Contains(p.Syscalls, "listen") }
	return goesOn || slices.ContainsFunc(f.Programs, listens)
}

// made are the calls for which a filter makes a difference. Their names are the
// same for all ABIs.
func made(p audit.ProgramUse) snippets.Made {
	m := snippets.Made{Path: p.Path}
	for _, label := range p.Syscalls {
		_, name := call(label)
		if name != "clone" && !slices.Contains(p.RefusedSyscalls, label) && !slices.Contains(m.Calls, name) {
			m.Calls = append(m.Calls, name)
		}
	}
	if p.Namespaces {
		m.Calls = append(m.Calls, "clone")
	}
	return m
}

// recorded: nothing is missing of what was to be recorded.
func recorded(f *audit.Findings) bool {
	if f.Losses.Any() || f.Untold || f.Subject.CutShort != "" {
		return false
	}
	if m := f.Merged; m != nil { // what had not ended and should have is incomplete
		return m.Incomplete.Count+m.Untold.Count == 0
	}
	return f.Subject.Kind.Adopted() || f.StillRunning == 0 && f.Application.Ended
}

// optional is nil, null in JSON, for "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	s = valid(s)
	return &s
}

// each is never nil: a list without entries is [] in JSON, not null.
func each[F, T any](from []F, convert func(F) T) []T {
	to := make([]T, 0, len(from))
	for _, f := range from {
		to = append(to, convert(f))
	}
	return to
}

// minus are those of a list that the other one has not.
func minus(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list),
		func(name string) bool { return slices.Contains(other, name) })
}

func systemContext(s audit.SystemContext) SystemContext {
	byKey := make(map[string]int, len(audit.SysctlKeys))
	for _, k := range audit.SysctlKeys {
		byKey[k.Key] = -1
		if value, ok := s.Sysctls[k.Key]; ok {
			byKey[k.Key] = value
		}
	}
	return SystemContext{
		KernelVersion:           valid(s.KernelVersion),
		YamaPtraceScope:         byKey["yama_ptrace_scope"],
		KptrRestrict:            byKey["kptr_restrict"],
		DmesgRestrict:           byKey["dmesg_restrict"],
		ModulesDisabled:         byKey["modules_disabled"],
		PerfEventParanoid:       byKey["perf_event_paranoid"],
		UnprivilegedBPFDisabled: byKey["unprivileged_bpf_disabled"],
		BPFJITEnable:            byKey["bpf_jit_enable"],
		BPFJITHarden:            byKey["bpf_jit_harden"],
		BPFJITKallsyms:          byKey["bpf_jit_kallsyms"],
		VMMmapMinAddr:           byKey["vm_mmap_min_addr"],
		FSProtectedHardlinks:    byKey["fs_protected_hardlinks"],
		FSProtectedSymlinks:     byKey["fs_protected_symlinks"],
		FSSuidDumpable:          byKey["fs_suid_dumpable"],
		byKey:                   byKey,
	}
}

func checks(t audit.Tally) Checks {
	return Checks{Total: t.Total(), Granted: t.Granted, Denied: t.Denied}
}

// neededInPlace is the reason for what repetitions put back.
const neededInPlace = "Needed where none that can stand in for it is granted"

func capability(c audit.Capability) Capability {
	s := syscallOf(c.Syscall)
	reason := "Used by " + s.Name
	switch {
	case c.ByRepetition() && c.InPlace:
		reason = neededInPlace
	case c.ByRepetition():
		reason = "Needed in repetitions"
	case s.unknown():
		reason = "Used during capability check (syscall unknown)"
	}
	return Capability{
		Number:       c.Number,
		Name:         capng.Name(c.Number),
		Checks:       checks(c.Tally),
		Reason:       reason,
		CallSites:    each(c.CallSites, callSite),
		FailedAnyway: each(c.FailedAnyway, outcome),
		LookedAt:     c.LookedAt,

		UserNamespace: optional(string(c.UserNamespace)),
		syscall:       s,
		byRepetition:  c.ByRepetition(),
	}
}

func syscallOf(s audit.Syscall) Syscall {
	t := Syscall{Number: s.Number, Name: valid(s.Name), ABI: valid(s.ABI)}
	if t.Name == "" {
		t.Name = unknownSyscall
	}
	if t.ABI == "" {
		t.ABI = "native"
	}
	return t
}

const unknownSyscall = "unknown"

func (s Syscall) unknown() bool { return s.Name == unknownSyscall }

func callSite(c audit.CallSite) CallSite {
	s := syscallOf(c.Syscall)
	return CallSite{
		Function:      valid(c.Function),
		SyscallNumber: s.Number,
		Syscall:       s.Name,
		ABI:           s.ABI,
		Checks:        c.Checks,
		Sampled:       c.Sampled,
		Advisory:      optional(c.Advisory),
		MaybeProbe:    c.MaybeProbe,
		Objects:       each(c.Objects.Seen, seenObject),
		Others:        c.Objects.Others,
		Stacks:        each(c.Stacks, stack),
	}
}

func stack(s audit.Stack) Stack {
	return Stack{
		Frames: each(s.Frames, func(f audit.Frame) Frame {
			return Frame{optional(f.Module), optional(f.Function), f.Offset}
		}),
		Ended: optional(s.Ended),
	}
}

func (c CallSite) syscall() Syscall { return Syscall{c.SyscallNumber, c.Syscall, c.ABI} }

func capsetOnly(c audit.CapsetOnly) CapsetOnly {
	sets := []string{}
	for _, s := range []struct {
		asked bool
		name  string
	}{{c.Effective, "effective"}, {c.Permitted, "permitted"}, {c.Inheritable, "inheritable"}} {
		if s.asked {
			sets = append(sets, s.name)
		}
	}
	return CapsetOnly{Number: c.Number, Name: capng.Name(c.Number), RequestedSets: sets}
}

func denied(d audit.Denied) Denied {
	return Denied{
		Number:           d.Number,
		Name:             capng.Name(d.Number),
		NotGrantedChecks: d.Checks,
		Syscalls:         each(d.Syscalls, syscallOf),
		Assessment:       d.Assessment,
		Outcomes:         each(d.Outcomes, outcome),
		LSMRefused:       d.LSMRefused,
		CallSites:        each(d.CallSites, callSite),
		LookedAt:         d.LookedAt,
	}
}

func outcome(o audit.SyscallOutcome) Outcome {
	s := syscallOf(o.Syscall)
	out := Outcome{
		SyscallNumber: s.Number,
		Syscall:       s.Name,
		Class:         o.Class,
		RawReturn:     min(o.Return, 0),
		Count:         o.Count,
		ABI:           s.ABI,
	}
	if out.RawReturn < 0 {
		code := -out.RawReturn
		if name := errnoName(code); name != "" {
			out.ReturnName = &name
		}
		if !kernelOnly(code) {
			out.Errno = &code
		}
	}
	return out
}

func unneeded(a audit.Advisory) Unneeded {
	return Unneeded{
		Number:    a.Number,
		Name:      capng.Name(a.Number),
		Checks:    checks(a.Tally),
		CallSites: each(a.CallSites, callSite),
	}
}

func unasked(c audit.UnaskedCapability) Unasked {
	return Unasked{
		Number: c.Number,
		Name:   capng.Name(c.Number),
		Reason: unaskedReason(c.Number),
		Calls: each(c.Calls, func(c audit.UnaskedCall) UnaskedCall {
			s := syscallOf(c.Syscall)
			return UnaskedCall{s.Number, s.Name, s.ABI, c.Count, c.Concluded, c.ReadsMM}
		}),
		AfterDrop: c.AfterDrop,
	}
}

// unaskedReason is what the kernel does in the place of a check.
func unaskedReason(capability int) string {
	switch capability {
	case unix.CAP_SETFCAP:
		return "Not asked, since whoever made the user namespace held it then"
	case unix.CAP_SYS_RESOURCE:
		return "Not asked, since whoever opened the file of pressure held it then"
	}
	return "Not asked, since the caller holds at least what the other process holds"
}

func program(p audit.ProgramUse) Program {
	return Program{
		Index:     p.Index,
		Parent:    p.Parent,
		Path:      valid(p.Path),
		Processes: p.Processes,
		Needs:     each(p.Needs, capng.Name),
		Refused:   each(p.Refused, capng.Name),
		FileCaps:  each(p.FileCaps, capng.Name),

		Syscalls:        each(p.Syscalls, valid),
		RefusedSyscalls: each(p.RefusedSyscalls, valid),
		Namespaces:      p.Namespaces,
		StandsFor:       p.StandsFor,
	}
}
