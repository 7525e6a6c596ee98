package audit

import (
	"time"

	"golang.org/x/sys/unix"
)

// Tally counts checks of one capability.
type Tally struct {
	Granted, Denied uint64
}

// Total is all of them.
func (t Tally) Total() uint64 { return Sum(t.Granted, t.Denied) }

// CallSite is a kernel function that asked for a capability.
type CallSite struct {
	Function string
	// Syscall is where it asked.
	Syscall Syscall
	// Checks is exact where Sampled is false. Else it is the number of checks
	// seen to come this way, or all of a row that was only seen to come this way.
	Checks  uint64
	Sampled bool
	// Advisory is the reason why refusing changes nothing that matters, or "".
	Advisory string
	// MaybeProbe: it asked without audit, and nobody has judged it yet.
	MaybeProbe bool
	// Objects are what it asked for.
	Objects Objects
	// Stacks are of the first checks here that came different ways.
	Stacks []Stack
}

// Capability is one that was granted to at least one check that counts as a need.
type Capability struct {
	Number int
	Tally
	// Syscall is the one most of its granted checks were made in.
	Syscall   Syscall
	CallSites []CallSite
	// Span is when it was asked for; nil where that is not known.
	Span *Span
	// FailedAnyway are system calls that failed although the check was granted.
	FailedAnyway []SyscallOutcome
	// LookedAt is how many calls with a granted check were seen to return, where that is
	// a sample; nil where all were, or it is not known.
	LookedAt *uint64
	// UserNamespace is where it has to be held for all its uses.
	UserNamespace UserNamespace
	// InPlace: repetitions showed it to be needed in the place of others, which are
	// not granted either.
	InPlace bool
}

// ByRepetition: no check was counted, but without it the program did not behave
// the same.
func (c Capability) ByRepetition() bool {
	return c.Total() == 0 && c.Syscall.Number < 0 && len(c.CallSites) == 0
}

// Repeated takes a set for what is required that repetitions alone have shown to
// be, where nothing was traced.
func (f *Findings) Repeated(set uint64) {
	f.Required = nil
	for _, n := range members(set) {
		f.Required = append(f.Required, Capability{Number: n, Syscall: Syscall{Number: -1, Name: "unknown"},
			InPlace: f.Proof.InPlace(n)})
	}
}

// CapsetOnly is a capability that a successful capset asked for and no check
// was granted.
type CapsetOnly struct {
	Number                            int
	Effective, Permitted, Inheritable bool
}

// OutcomeClass sorts the ways a system call can return.
type OutcomeClass string

// The classes of the drop-in contract.
const (
	Success           OutcomeClass = "success"
	PermissionFailure OutcomeClass = "permission_failure"
	Interrupted       OutcomeClass = "interrupted"
	OtherFailure      OutcomeClass = "other_failure"
)

// Assessment is what the outcomes say about refused checks.
type Assessment string

// The assessments of the drop-in contract.
const (
	AssessNone                 Assessment = "none"
	AssessPermissionFailure    Assessment = "permission_failure"
	AssessMixedInterruption    Assessment = "mixed_success_interruption"
	AssessInconclusive         Assessment = "inconclusive"
	AssessMixedOther           Assessment = "mixed_success_other_failure"
	AssessSucceededDespite     Assessment = "succeeded_despite_denial"
	AssessDenialNotEstablished Assessment = "denial_not_established"
)

// SyscallOutcome counts one way one system call returned.
type SyscallOutcome struct {
	Syscall Syscall
	Class   OutcomeClass
	// Return is 0 or the negative errno as the kernel has it, so that the
	// kernel's own ERESTART codes appear.
	Return int
	Count  uint64
}

// Denied is a capability with refused checks and no granted one.
type Denied struct {
	Number     int
	Checks     uint64
	LSMRefused uint64
	Syscalls   []Syscall
	CallSites  []CallSite
	Outcomes   []SyscallOutcome
	// LookedAt is how many calls with a refused check were seen to return, where that is
	// a sample; nil where all were, or it is not known.
	LookedAt   *uint64
	Assessment Assessment
}

// Advisory holds the checks of a capability that the kernel makes as probes,
// not to decide whether the program may go on. The same capability can be
// required as well, for other checks.
type Advisory struct {
	Number int
	Tally
	CallSites []CallSite
}

// Nested is a capability used only in user namespaces that the program itself
// made: it needs no grant on the host.
type Nested struct {
	Number int
	Tally
	CallSites []CallSite
}

// ProgramUse is what one program of the tree asked for.
type ProgramUse struct {
	Index int
	Path  string
	// Members are the indexes in Observation.Programs of those that this is the entry of,
	// its own left out.
	Members []int
	// StandsFor is how many programs this is the entry of: more than one where all
	// have this path, or one of which a * stands for a part: see together. It is 0 for
	// the rest, beyond the limit.
	StandsFor uint64
	Parent    int // index of the parent program, 0 for none
	Processes uint64
	// Needs are capabilities granted to it that count as needs, Refused those
	// with refused checks only.
	Needs   []int
	Refused []int
	// FileCaps are those that the bounding set must have for its file to be
	// executed.
	FileCaps []int
	// Syscalls are those that it made and that returned, in order: names, with
	// the ABI before a colon where it is a foreign one. RefusedSyscalls were only
	// ever answered with EPERM or ENOSYS.
	Syscalls, RefusedSyscalls []string
	// Namespaces: clone or clone3 made some for it.
	Namespaces bool
}

// Findings is the answer.
type Findings struct {
	Application Application
	Subject     Subject
	Interim     bool          // see Observation
	Took        time.Duration // see Observation
	Lasted      time.Duration // likewise
	Serving     *Serving      // likewise
	System      SystemContext
	Backend     string
	BlindSpots  []BlindSpot

	Dropped     bool
	CapsetCalls uint64
	// Requested is all that a successful capset asked for, in whatever set.
	Requested   uint64
	TotalChecks uint64

	Required    []Capability
	CapsetOnly  []CapsetOnly
	Init        []Capability // only when Dropped
	Operational []Capability // only when Dropped
	Denied      []Denied
	Advisory    []Advisory
	Nested      []Nested
	// Unasked are needed without having been asked for.
	Unasked  []UnaskedCapability
	Programs []ProgramUse
	// Gains are why programs are to be able to gain privileges.
	Gains []Gain
	// LogsIn: a program is made to log users in, for a session or to serve them.
	LogsIn bool
	// Refusals are all needs that were refused, of capabilities that were
	// granted elsewhere, too.
	Refusals []Refusal
	// Grants are the system calls in which needs were granted.
	Grants []Grant
	// RefusedUnasked are calls that failed with EPERM where the kernel does not
	// ask for a capability, but compares sets.
	RefusedUnasked []Syscall
	// RefusedEnd is nil where no refusal is to blame for the end.
	RefusedEnd *RefusedEnd

	// Held is as in Observation.
	Held *Held
	// Bounds are nil where no code was looked at. StatedReach is what follows from them
	// as earlier reports state it.
	Bounds      *Bounds
	StatedReach *Reach

	// TestFailed says what went wrong with --test, "" for nothing: what it was to
	// exercise may be missing.
	TestFailed string
	// RunAs is the account of --as, "" for the caller's own.
	RunAs string
	// RunAsGroup is the group that --as names, "" for the account's own.
	RunAsGroup string
	// UnitFile is that of --service, nil without.
	UnitFile *UnitFile
	// Proof is what repeating the run showed, nil when none was asked for.
	Proof *Proof

	// Merged is set where this is the union of earlier reports.
	Merged *Merged
	// Untold: an earlier report that does not say what it may lack.
	Untold bool
	// Stated and StatedOperational are the recommended sets as earlier reports
	// state them; nil where they follow from the lists above.
	Stated, StatedOperational *uint64
	// StatedAtLeast: an earlier report says that more than that may be needed.
	StatedAtLeast bool

	Tasks        uint64
	StillRunning int
	MissedExits  uint64 // see Observation
	Sampled      bool   // likewise; in one run of a union at least
	Losses       Losses
}

// Recommended is the set to grant, bit n for capability number n: what was
// needed, asked for or not, and what a successful capset asked for, a lesser one
// where that does, but not what another one covers. A set whose file capabilities
// brought the privileges and lack SETPCAP shows that the program does not need
// that one. What the files of other programs insist on is in it, too, and what
// repetitions showed to be missing. Where they proved a smaller set to do, it is
// that one.
func (f *Findings) Recommended() uint64 {
	if f.Stated != nil {
		return *f.Stated
	}
	if f.Proof != nil && f.Proof.Minimal != nil && f.Proof.Minimal.Behaved {
		return f.Proof.Minimal.Set
	}
	return f.used() | f.Bounding()
}

// EndKnown: it is known how the first process ended. What ran before the audit is another's
// child, which learns of that.
func (f *Findings) EndKnown() bool {
	return f.Application.Ended && !f.Application.EndUnknown && !f.Subject.Kind.Adopted()
}

// used is what the programs needed, asked for or not.
func (f *Findings) used() uint64 {
	set := numbers(f.Required) | unaskedNumbers(f.Unasked)
	for _, c := range f.CapsetOnly {
		set |= 1 << c.Number
	}
	for _, l := range f.Lessers() {
		set = set&^(1<<l.Asked) | 1<<l.Enough
	}
	set &^= f.Covered()
	return f.withoutUnheldSetpcap(set) | f.Proof.added()
}

// Bounding is what only the bounding set has to have: programs were executed whose
// files insist on more than was used.
func (f *Findings) Bounding() uint64 {
	var set uint64
	for _, p := range f.Programs {
		set |= bits(p.FileCaps)
	}
	return set &^ f.used()
}

// RecommendedOperational is the set a program should keep for itself: after
// its own drop if it made one. A capability that only repetitions were refused
// is kept, since nothing tells when it is needed.
func (f *Findings) RecommendedOperational() uint64 {
	if f.StatedOperational != nil {
		return *f.StatedOperational & f.Recommended()
	}
	if !f.Dropped {
		return f.Recommended() &^ f.Bounding()
	}
	set := f.withoutUnheldSetpcap(numbers(f.Operational)) | f.Proof.added()
	for _, c := range f.Unasked {
		if c.AfterDrop {
			set |= 1 << c.Number
		}
	}
	return set & f.Recommended()
}

func (f *Findings) withoutUnheldSetpcap(set uint64) uint64 {
	held := f.Application.FilePermitted
	if held != 0 && held>>unix.CAP_SETPCAP&1 == 0 {
		set &^= 1 << unix.CAP_SETPCAP
	}
	return set
}

func numbers(list []Capability) uint64 {
	var set uint64
	for _, c := range list {
		set |= 1 << c.Number
	}
	return set
}
