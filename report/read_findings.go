package report

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/lazy"
)

// reader turns the parts of an earlier document into findings. It keeps the
// first thing that is wrong.
type reader struct {
	numbers map[string]int // of the document's own names
	err     error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// word is a string that is as short as such strings are.
func (r *reader) word(s string) string {
	if len(s) > maxWord {
		r.fail("a word of %d bytes, which none in a report has", len(s))
	}
	return s
}

func (r *reader) path(s string) string {
	if len(s) > maxPath {
		r.fail("a path of %d bytes, which none in Linux has", len(s))
	}
	return unescaped(s)
}

func (r *reader) optional(s *string) string {
	if s == nil {
		return ""
	}
	return r.path(*s)
}

// capability is a number that can be one, with the document's name for it.
func (r *reader) capability(n int, name string) int {
	if n < 0 || n > 63 {
		r.fail("%d is no number of a capability", n)
		return 0
	}
	if known, ok := capng.Number(name); ok && known != n {
		r.fail("%s has the number %d, not %d", quoted(name), known, n)
	}
	r.numbers[name] = n
	return n
}

// named are capabilities by name. One that this machine has no name for is
// known by the lists of the same document, which have the number, too.
func (r *reader) named(names []string) []int {
	var list []int
	for _, name := range names {
		n, ok := r.numbers[name]
		if !ok {
			n, ok = capng.Number(name)
		}
		if !ok {
			r.fail("%s is no capability", quoted(name))
			continue
		}
		list = append(list, n)
	}
	return list
}

func (r *reader) syscall(number int, name, abi string) audit.Syscall {
	switch abi {
	case "native", "":
		abi = ""
	case "i386", "x32", "arm":
	default:
		r.fail("%s is no ABI", quoted(abi))
	}
	return audit.Syscall{Number: max(number, -1), ABI: abi, Name: r.word(name)}
}

// callName is that of a system call, after that of a foreign ABI.
var callName = lazy.Regexp(`^([a-z0-9]+:)?[a-z0-9_]+$`)

// call is a system call by name.
func (r *reader) call(name string) string {
	if len(name) > maxCall || !callName().MatchString(name) {
		r.fail("%s is no system call", quoted(name))
	}
	return name
}

func (r *reader) sites(list []CallSite) []audit.CallSite {
	return each(list, func(c CallSite) audit.CallSite {
		return audit.CallSite{
			Function:   r.word(c.Function),
			Syscall:    r.syscall(c.SyscallNumber, c.Syscall, c.ABI),
			Checks:     c.Checks,
			Sampled:    c.Sampled,
			Advisory:   r.word(r.optional(c.Advisory)),
			MaybeProbe: c.MaybeProbe,
			Objects:    r.objects(c),
			Stacks:     r.stacks(c.Stacks),
		}
	})
}

func (r *reader) stacks(list []Stack) []audit.Stack {
	if len(list) > audit.MaxStacks {
		r.fail("a call site with %d stacks", len(list))
		return nil
	}
	return each(list, func(s Stack) audit.Stack {
		if len(s.Frames) > audit.MaxFrames {
			r.fail("a stack of %d frames", len(s.Frames))
		}
		return audit.Stack{
			Frames: each(s.Frames, func(f Frame) audit.Frame {
				return audit.Frame{Module: r.word(r.optional(f.Module)),
					Function: r.word(r.optional(f.Function)), Offset: f.Offset}
			}),
			Ended: r.word(r.optional(s.Ended)),
		}
	})
}

func (r *reader) outcomes(list []Outcome) []audit.SyscallOutcome {
	return each(list, func(o Outcome) audit.SyscallOutcome {
		if o.RawReturn > 0 || o.RawReturn < -4095 { // MAX_ERRNO of include/linux/err.h
			r.fail("%d is no return value of a system call", o.RawReturn)
		}
		return audit.SyscallOutcome{
			Syscall: r.syscall(o.SyscallNumber, o.Syscall, o.ABI),
			Class:   audit.Classify(o.RawReturn),
			Return:  o.RawReturn,
			Count:   o.Count,
		}
	})
}

func (r *reader) capabilities(list []Capability) []audit.Capability {
	return each(list, func(c Capability) audit.Capability {
		return audit.Capability{
			Number:       r.capability(c.Number, c.Name),
			Tally:        audit.Tally{Granted: c.Checks.Granted, Denied: c.Checks.Denied},
			Syscall:      r.reason(c),
			CallSites:    r.sites(c.CallSites),
			FailedAnyway: r.outcomes(c.FailedAnyway),
			LookedAt:     c.LookedAt,
			InPlace:      c.Reason == neededInPlace,

			UserNamespace: r.userNamespace(c.UserNamespace),
		}
	})
}

// userNamespace is "" in older reports.
func (r *reader) userNamespace(told *string) audit.UserNamespace {
	u := audit.UserNamespace(orEmpty(told))
	switch u {
	case "", audit.Inside, audit.OnHost:
	default:
		r.fail("%s does not tell where a capability has to be held", quoted(*told))
	}
	return u
}

// reason finds the system call that a capability's reason names. The C
// cap-audit has its name and not its number.
func (r *reader) reason(c Capability) audit.Syscall {
	var name string
	if _, err := fmt.Sscanf(c.Reason, "Used by %s", &name); err != nil {
		return audit.Syscall{Number: -1}
	}
	for _, s := range c.CallSites {
		if s.Syscall == name {
			return r.syscall(s.SyscallNumber, name, s.ABI)
		}
	}
	return r.syscall(-1, name, "")
}

// findings are those that the document was made from, as far as it tells.
func (d *earlier) findings() (*audit.Findings, error) {
	if d.Required == nil || d.Application == nil {
		return nil, errors.New("not a report of cap-audit: it has no application and required_capabilities")
	}
	r := &reader{numbers: map[string]int{}}
	f := &audit.Findings{
		Application: audit.Application{PID: d.Application.PID, Path: r.path(d.Application.Comm),
			Command: r.optional(d.Command)},
		Subject:      r.subject(d.Subject),
		Interim:      d.Interim,
		TestFailed:   r.optional(d.TestFailed),
		System:       r.system(d.SystemContext),
		Backend:      r.word(d.Backend),
		BlindSpots:   each(d.Limits, r.blindSpot),
		Dropped:      d.Dropped,
		CapsetCalls:  d.CapsetCalls,
		TotalChecks:  d.TotalChecks,
		Required:     r.capabilities(*d.Required),
		RunAs:        r.optional(d.RunAs),
		Tasks:        d.Tasks,
		StillRunning: r.notNegative("still_running", d.StillRunning),
		MissedExits:  d.MissedExits,
		Sampled:      d.Outcomes == outcomesSampled,
		Losses:       d.Losses,
		CapsetOnly:   each(d.CapsetOnly, r.capsetOnly),
		Init:         r.phase(d, d.Initialization),
		Operational:  r.phase(d, d.Operational),
		Denied:       each(d.Denied, r.denied),
		Advisory:     each(d.Advisory, r.unneeded),
		Nested:       each(d.Nested, func(u Unneeded) audit.Nested { return audit.Nested(r.unneeded(u)) }),
		Unasked:      each(d.Unasked, r.unasked),
		Programs:     each(d.Programs, r.program),
		Gains:        each(d.Gains, func(g string) audit.Gain { return audit.Gain(r.word(g)) }),
	}
	f.LogsIn = d.LogsIn
	r.exit(&f.Application, d.Exit)
	f.Merged = r.merged(d.Merged)
	if f.StatedReach = r.reach(d); f.StatedReach != nil {
		f.Application.Mentions = each(d.Coverage.Mentions, func(m Mention) string { return r.word(m.Word) })
	}
	f.Held = r.held(d.Held)
	f.StatedAtLeast = d.AtLeast
	if f.Stated = r.set(d.Recommended); f.Stated != nil {
		r.agree(d, f)
	}
	// A later version can know of losses that this one does not, and a document
	// can have no key for the reason, as for a start that was cut short.
	f.Untold = d.Complete == nil ||
		!*d.Complete && (d.SchemaVersion > SchemaVersion || recorded(f) && !f.Untraced())
	if f.TotalChecks == 0 {
		f.TotalChecks = countChecks(f)
	}
	return f, r.err
}

// agree refuses a document that requires what it does not recommend. A lesser
// capability can be recommended in its place, or a greater one alone; SETPCAP is not, where the
// program's file does not give it; repetitions can show that less does. A later
// version may have other reasons.
func (r *reader) agree(d *earlier, f *audit.Findings) {
	if d.Proof != nil || f.Merged != nil || d.SchemaVersion > SchemaVersion {
		return
	}
	explained := *f.Stated | 1<<unix.CAP_SETPCAP
	for _, l := range f.Lessers() {
		explained |= *f.Stated >> l.Enough & 1 << l.Asked
	}
	explained |= *f.Stated >> unix.CAP_DAC_OVERRIDE & 1 << unix.CAP_DAC_READ_SEARCH // audit.Findings.Covered
	for _, c := range f.Required {
		if explained>>c.Number&1 == 0 {
			r.fail("it contradicts itself: %s is required and not recommended", capng.Name(c.Number))
		}
	}
}

func (r *reader) subject(s Subject) audit.Subject {
	kind := s.Kind
	if !kind.Known() {
		kind = audit.SubjectMerged // it may be anything
	}
	return audit.Subject{
		Kind:        kind,
		Name:        r.optional(s.Name),
		Cgroup:      r.optional(s.Cgroup),
		Engine:      r.optional(s.Engine),
		Image:       r.optional(s.Image),
		ContainerID: r.optional(s.ContainerID),
		ImageDigest: r.optional(s.ImageDigest),
		Namespace:   r.optional(s.Namespace),
		Pod:         r.optional(s.Pod),
		PodUID:      r.optional(s.PodUID),

		UserNamespace: s.UserNamespace,
		FromStart:     s.FromStart,
	}
}

func (r *reader) system(s SystemContext) audit.SystemContext {
	return audit.SystemContext{KernelVersion: r.word(s.KernelVersion), Sysctls: s.sysctls()}
}

func (r *reader) blindSpot(limit string) audit.BlindSpot { return toldBlindSpot(r.word(limit)) }

func (r *reader) notNegative(key string, n int) int {
	if n < 0 {
		r.fail("%s is negative", key)
	}
	return n
}

func (r *reader) capsetOnly(c CapsetOnly) audit.CapsetOnly {
	return audit.CapsetOnly{
		Number:      r.capability(c.Number, c.Name),
		Effective:   slices.Contains(c.RequestedSets, "effective"),
		Permitted:   slices.Contains(c.RequestedSets, "permitted"),
		Inheritable: slices.Contains(c.RequestedSets, "inheritable"),
	}
}

// phase has the capabilities of one, where the document says that there were two.
func (r *reader) phase(d *earlier, list *[]Capability) []audit.Capability {
	if list == nil || !d.Dropped {
		return nil
	}
	return r.capabilities(*list)
}

func (r *reader) denied(c Denied) audit.Denied {
	return audit.Denied{
		Number:     r.capability(c.Number, c.Name),
		Checks:     c.NotGrantedChecks,
		LSMRefused: c.LSMRefused,
		Syscalls: each(c.Syscalls, func(s Syscall) audit.Syscall {
			return r.syscall(s.Number, s.Name, s.ABI)
		}),
		CallSites:  r.sites(c.CallSites),
		Outcomes:   r.outcomes(c.Outcomes),
		LookedAt:   c.LookedAt,
		Assessment: c.Assessment,
	}
}

func (r *reader) unneeded(u Unneeded) audit.Advisory {
	return audit.Advisory{
		Number:    r.capability(u.Number, u.Name),
		Tally:     audit.Tally{Granted: u.Checks.Granted, Denied: u.Checks.Denied},
		CallSites: r.sites(u.CallSites),
	}
}

func (r *reader) unasked(u Unasked) audit.UnaskedCapability {
	return audit.UnaskedCapability{
		Number: r.capability(u.Number, u.Name),
		Calls: each(u.Calls, func(c UnaskedCall) audit.UnaskedCall {
			return audit.UnaskedCall{Syscall: r.syscall(c.SyscallNumber, c.Syscall, c.ABI), Count: c.Count,
				Concluded: c.Concluded, ReadsMM: c.ReadsMM}
		}),
		AfterDrop: u.AfterDrop,
	}
}

func (r *reader) program(p Program) audit.ProgramUse {
	return audit.ProgramUse{
		Index:     p.Index,
		Parent:    p.Parent,
		Path:      r.path(p.Path),
		StandsFor: p.standsFor(),
		Processes: p.Processes,
		Needs:     r.named(p.Needs),
		Refused:   r.named(p.Refused),
		FileCaps:  r.named(p.FileCaps),

		Syscalls:        each(p.Syscalls, r.call),
		RefusedSyscalls: each(p.RefusedSyscalls, r.call),
		Namespaces:      p.Namespaces,
	}
}

// standsFor is how many programs there were. Reports of earlier versions do not say:
// one, if it is known which.
func (p Program) standsFor() uint64 {
	if p.StandsFor == 0 && p.Path != "" {
		return 1
	}
	return p.StandsFor
}

func (r *reader) exit(a *audit.Application, e *Exit) {
	if e == nil {
		a.Ended, a.EndUnknown = true, true // the C cap-audit reports at the end only
		return
	}
	a.Ended, a.EndUnknown = e.Ended, e.Status == nil || e.Signal == nil
	if !a.EndUnknown {
		a.Status, a.Signal = *e.Status, r.notNegative("exit.signal", *e.Signal)
	}
}

// set is nil where the document has no such list.
func (r *reader) set(names *[]string) *uint64 {
	if names == nil {
		return nil
	}
	var set uint64
	for _, n := range r.named(*names) {
		set |= 1 << n
	}
	return &set
}

// countChecks is the total where the document, of the C cap-audit, has none.
func countChecks(f *audit.Findings) uint64 {
	var total uint64
	for _, c := range f.Required {
		total = audit.Sum(total, c.Total())
	}
	for _, d := range f.Denied {
		total = audit.Sum(total, d.Checks)
	}
	return total
}

func (r *reader) merged(m *Merged) *audit.Merged {
	if m == nil {
		return nil
	}
	reports := func(from Reports) audit.Reports {
		if uint64(len(from.Names)) > from.Count {
			r.fail("%d reports have %d names", from.Count, len(from.Names))
		}
		return audit.Reports{Count: from.Count, Names: each(from.Names, r.path)}
	}
	share := func(from Share) audit.Share {
		return audit.Share{Name: r.optional(from.Name), Reports: from.Reports}
	}
	return &audit.Merged{
		Reports:      m.Reports,
		Incomplete:   reports(m.Incomplete),
		Untold:       reports(m.Untold),
		Failed:       reports(m.Failed),
		AtLeast:      reports(m.AtLeast),
		Late:         reports(m.Late),
		Applications: each(m.Applications, share),
		Kernels:      each(m.Kernels, share),
		Capabilities: each(m.Capabilities, func(p Provenance) audit.Provenance {
			return audit.Provenance{
				Number: r.capability(p.Number, p.Name), Required: reports(p.Required),
				CapsetOnly: reports(p.CapsetOnly), Denied: reports(p.Denied),
			}
		}),
		LeftOut: m.LeftOut,
	}
}

// unreadSettings are those of a document that has none.
var unreadSettings = systemContext(audit.SystemContext{})

// sysctls has the settings by key of audit.SysctlKeys.
func (s SystemContext) sysctls() map[string]int {
	return map[string]int{
		"yama_ptrace_scope":         s.YamaPtraceScope,
		"kptr_restrict":             s.KptrRestrict,
		"dmesg_restrict":            s.DmesgRestrict,
		"modules_disabled":          s.ModulesDisabled,
		"perf_event_paranoid":       s.PerfEventParanoid,
		"unprivileged_bpf_disabled": s.UnprivilegedBPFDisabled,
		"bpf_jit_enable":            s.BPFJITEnable,
		"bpf_jit_harden":            s.BPFJITHarden,
		"bpf_jit_kallsyms":          s.BPFJITKallsyms,
		"vm_mmap_min_addr":          s.VMMmapMinAddr,
		"fs_protected_hardlinks":    s.FSProtectedHardlinks,
		"fs_protected_symlinks":     s.FSProtectedSymlinks,
		"fs_suid_dumpable":          s.FSSuidDumpable,
	}
}
