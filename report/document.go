// Package report writes findings down: as text for people, as JSON and YAML
// for programs, and as snippets for what runs the program next.
package report

import (
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// SchemaVersion is that of Document. It grows when a key is taken away or
// changes its meaning, not when one is added.
const SchemaVersion = 1

// Document is the report as JSON and, made from that, YAML carry it. Names, types and order of
// the first keys are those of the C cap-audit, whose callers parse them; from
// schema_version on they are ours. schema.json describes all of it.
//
// Its strings are valid UTF-8: see valid.
type Document struct {
	Application   Application   `json:"application"`
	SystemContext SystemContext `json:"system_context"`
	Dropped       bool          `json:"capability_drop_observed"`
	CapsetCalls   uint64        `json:"successful_capset_calls"`
	Required      []Capability  `json:"required_capabilities"`
	CapsetOnly    []CapsetOnly  `json:"capset_only_capabilities"`
	// The keys of these two exist only when a drop was observed.
	Initialization *[]Capability `json:"initialization_capabilities,omitempty"`
	Operational    *[]Capability `json:"operational_capabilities,omitempty"`
	Denied         []Denied      `json:"denied_capabilities"`

	SchemaVersion int        `json:"schema_version"`
	Tool          Tool       `json:"tool"`
	Backend       string     `json:"backend"`
	Limits        []string   `json:"limits"`
	TotalChecks   uint64     `json:"total_checks"`
	Advisory      []Unneeded `json:"advisory_capabilities"`
	Nested        []Unneeded `json:"nested_capabilities"`
	Programs      []Program  `json:"programs"`
	Tasks         uint64     `json:"tasks"`
	StillRunning  int        `json:"still_running"`
	// MissedExits bounds by how much the outcomes may be fewer than the calls.
	MissedExits uint64       `json:"missed_exits"`
	Losses      audit.Losses `json:"losses"`
	// Complete: it was traced, nothing was lost and nothing was still running, unless it
	// ran before the audit.
	Complete    bool     `json:"complete"`
	Recommended []string `json:"recommended_capabilities"`
	Exit        Exit     `json:"exit"`
	// RunAs is the account of --as, null for the caller's own.
	RunAs *string `json:"run_as"`
	// Verified is null when --verify was not asked for, or could not be done.
	Verified *bool   `json:"verified"`
	Proof    *Proof  `json:"proof"`
	Subject  Subject `json:"target"`
	// Interim: the audit went on when this was written.
	Interim bool `json:"interim"`
	// Policy is null without --check.
	Policy *PolicyFit `json:"policy"`
	// Merged is null where this is not a union of earlier reports.
	Merged *Merged `json:"merged"`
	// UnitFile is that of --service, null without.
	UnitFile *UnitFile `json:"service"`
	// TestFailed says what went wrong with --test, null for nothing.
	TestFailed *string `json:"test_failed"`
	// Unasked are recommended although no check was made.
	Unasked []Unasked `json:"unasked_capabilities"`
	// Gains are why no_new_privs is not advised, see audit.Gains.
	Gains []string `json:"new_privileges"`
	// Command is the program as it was named, null where it ran already.
	Command *string `json:"command"`
	// Outcomes tells of which system calls with a check in them it was seen how they
	// ended: all, or sampled.
	Outcomes string `json:"outcomes"`
	// RefusedEnd is null where no refusal is to blame for the end.
	RefusedEnd *RefusedEnd `json:"ended_after_refusal"`
	// Lasted is how long it was watched, null for not known.
	Lasted *float64 `json:"watched_seconds"`
	// Serving is null where it was not seen to begin to serve.
	Serving *Serving `json:"serving"`
	// Without are ways to do without recommended capabilities.
	Without []Without `json:"without"`
	// Possible, OnFiles and RuledOut are what the code of the programs can ask for, what it
	// can where others' files are met, and what it cannot: what is recommended is in none.
	// All are null where no code was looked at, and so is Coverage.
	Possible []Possible `json:"possible_capabilities"`
	OnFiles  []Possible `json:"file_capabilities"`
	RuledOut []string   `json:"ruled_out_capabilities"`
	Coverage *Coverage  `json:"coverage"`
	// Held is null where nothing ran before, or it is not known.
	Held *Held `json:"held"`
	// AtLeast: a refusal may be why it failed, so that more than what is recommended is needed; or nothing
	// is recommended, and its start was not seen.
	AtLeast bool `json:"at_least"`
	// PodSecurity is of a container with what is recommended.
	PodSecurity PodSecurity `json:"pod_security"`
	// Exposure is a service's, null where it is not known. Its caller sets it.
	Exposure *Exposure `json:"exposure"`
	// LogsIn: a program of it is made to log users in.
	LogsIn bool `json:"logs_in"`

	// blindSpots are those that Limits has in words.
	blindSpots []audit.BlindSpot
	// fromStart: nothing that was audited had begun before the audit.
	fromStart bool
	// commandLine, uid and held are the command's, took is how long that ran: for the
	// text alone, since arguments can be passwords.
	commandLine []string
	uid         int
	held        uint64
	took        time.Duration
	// cutShort: see audit.Subject
	cutShort string
	// recorded: of what was traced nothing is missing. untraced: nothing was, of one
	// run at least.
	recorded, untraced bool
	// everything: see audit.Reach. notKnown is how many capabilities are in no class.
	everything bool
	notKnown   int
	// becomes is the account that it changes to, "" for none or several; around are the ways
	// around refused capabilities.
	becomes string
	around  map[int][]string
	// lessers are those recommended in the place of required ones.
	lessers []audit.Lesser
	// covered are required ones that are not recommended, since another one does.
	covered []int
	// fileExcess are capabilities of the program's file that are not recommended.
	fileExcess []int
	// secureLosses are what the program's file capabilities would take from it.
	secureLosses []audit.SecureLoss
	// advice is what the text report's snippets are made from. It has the
	// path as it is, where Application has it as UTF-8.
	advice snippets.Advice
}

// Application is the program under audit; Comm is its path.
type Application struct {
	PID  int    `json:"pid"`
	Comm string `json:"comm"`
}

// SystemContext holds settings of the host; -1 where one was not readable.
type SystemContext struct {
	KernelVersion           string `json:"kernel_version"`
	YamaPtraceScope         int    `json:"yama_ptrace_scope"`
	KptrRestrict            int    `json:"kptr_restrict"`
	DmesgRestrict           int    `json:"dmesg_restrict"`
	ModulesDisabled         int    `json:"modules_disabled"`
	PerfEventParanoid       int    `json:"perf_event_paranoid"`
	UnprivilegedBPFDisabled int    `json:"unprivileged_bpf_disabled"`
	BPFJITEnable            int    `json:"bpf_jit_enable"`
	BPFJITHarden            int    `json:"bpf_jit_harden"`
	BPFJITKallsyms          int    `json:"bpf_jit_kallsyms"`
	VMMmapMinAddr           int    `json:"vm_mmap_min_addr"`
	FSProtectedHardlinks    int    `json:"fs_protected_hardlinks"`
	FSProtectedSymlinks     int    `json:"fs_protected_symlinks"`
	FSSuidDumpable          int    `json:"fs_suid_dumpable"`

	// byKey has the same by key of audit.SysctlKeys.
	byKey map[string]int
}

// Checks counts the checks of one capability.
type Checks struct {
	Total   uint64 `json:"total"`
	Granted uint64 `json:"granted"`
	Denied  uint64 `json:"denied"`
}

// Capability is one that was granted.
type Capability struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Checks Checks `json:"checks"`
	Reason string `json:"reason"`

	CallSites []CallSite `json:"call_sites"`
	// FailedAnyway are system calls that failed although they were granted it.
	FailedAnyway []Outcome `json:"failed_anyway"`
	// LookedAt is how large the sample is, nil where all were looked at.
	LookedAt *uint64 `json:"calls_looked_at,omitempty"`
	Times
	// UserNamespace is where it has to be held, nil for not known.
	UserNamespace *string `json:"user_namespace"`

	// syscall is the one of Reason.
	syscall Syscall
	// byRepetition: there is none, see audit.Capability.
	byRepetition bool
}

// Syscall names a system call. ABI is "native", or that of the compatibility
// mode whose numbers are meant.
type Syscall struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	ABI    string `json:"abi"`
}

// CallSite is a kernel function that asked for a capability. Checks is a
// number of samples where Sampled is true. Advisory is the reason why a refusal
// would not matter, nil where it would. MaybeProbe marks one that is not known
// and that the kernel did not want audited.
type CallSite struct {
	Function      string  `json:"function"`
	SyscallNumber int     `json:"syscall_number"`
	Syscall       string  `json:"syscall"`
	ABI           string  `json:"abi"`
	Checks        uint64  `json:"checks"`
	Sampled       bool    `json:"sampled"`
	Advisory      *string `json:"advisory"`
	MaybeProbe    bool    `json:"maybe_probe,omitempty"`
	// Objects are what it asked for; Others is how many of the checks looked at were for others.
	Objects []Object `json:"objects"`
	Others  uint64   `json:"checks_for_others,omitempty"`
	// Stacks are of the first checks here that came different ways.
	Stacks []Stack `json:"stacks"`
}

// Stack is how the program's own code came to a check, the innermost function first. Ended
// says why there are no more, nil where the last one has no caller.
type Stack struct {
	Frames []Frame `json:"frames"`
	Ended  *string `json:"ended"`
}

// Frame is a function under way. Module is nil where its code is in no file, Function where the
// file does not name it: then Offset is the address in the module, else in the function.
type Frame struct {
	Module   *string `json:"module"`
	Function *string `json:"function"`
	Offset   uint64  `json:"offset"`
}

// CapsetOnly is a capability that was asked for by capset and never used.
type CapsetOnly struct {
	Number        int      `json:"number"`
	Name          string   `json:"name"`
	RequestedSets []string `json:"requested_sets"`
}

// Denied is a capability with refused checks and no granted one.
type Denied struct {
	Number           int              `json:"number"`
	Name             string           `json:"name"`
	NotGrantedChecks uint64           `json:"not_granted_checks"`
	Syscalls         []Syscall        `json:"denied_syscalls"`
	Assessment       audit.Assessment `json:"assessment"`
	Outcomes         []Outcome        `json:"syscall_outcomes"`

	// LSMRefused is how many of the checks another security module refused
	// although the capability was held.
	LSMRefused uint64     `json:"lsm_refused_checks"`
	CallSites  []CallSite `json:"call_sites"`
	LookedAt   *uint64    `json:"calls_looked_at,omitempty"` // see Capability
}

// Outcome counts one way one system call returned. ReturnName is nil for a
// success and for a code without a name; Errno is nil for a success and for
// codes that only the kernel sees.
type Outcome struct {
	SyscallNumber int                `json:"syscall_number"`
	Syscall       string             `json:"syscall"`
	Class         audit.OutcomeClass `json:"outcome_class"`
	RawReturn     int                `json:"raw_return"`
	ReturnName    *string            `json:"return_name"`
	Errno         *int               `json:"errno"`
	Count         uint64             `json:"count"`
	ABI           string             `json:"abi"`
}

// Unneeded is a capability that was used in a way which needs no grant.
type Unneeded struct {
	Number    int        `json:"number"`
	Name      string     `json:"name"`
	Checks    Checks     `json:"checks"`
	CallSites []CallSite `json:"call_sites"`
}

// Unasked is a capability that was not asked for, only since the caller holds so
// much. Reason says what the kernel compares instead.
type Unasked struct {
	Number int           `json:"number"`
	Name   string        `json:"name"`
	Reason string        `json:"reason"`
	Calls  []UnaskedCall `json:"calls"`
	// AfterDrop: some of the calls came after the program's capability drop.
	AfterDrop bool `json:"after_drop"`
}

// UnaskedCall counts system calls that went through so. Concluded tells that
// this was concluded from the call and its arguments, where the kernel function
// that compares could not be watched.
type UnaskedCall struct {
	SyscallNumber int    `json:"syscall_number"`
	Syscall       string `json:"syscall"`
	ABI           string `json:"abi"`
	Count         uint64 `json:"count"`
	Concluded     bool   `json:"concluded"`
	// ReadsMM: they looked how another process's memory is laid out.
	ReadsMM bool `json:"reads_memory_map"`
}

// Program is one program of the tree, or several that are alike. Parent is the index of the one that
// first ran it, 0 for none.
type Program struct {
	Index     int      `json:"index"`
	Parent    int      `json:"parent"`
	Path      string   `json:"path"`
	Processes uint64   `json:"processes"`
	Needs     []string `json:"required_capabilities"`
	Refused   []string `json:"refused_capabilities"`
	// FileCaps are those that the bounding set must have for its file to be
	// executed.
	FileCaps []string `json:"file_capabilities"`
	// Syscalls are those that it made, RefusedSyscalls those of them that were only
	// ever answered with EPERM or ENOSYS.
	Syscalls        []string `json:"syscalls"`
	RefusedSyscalls []string `json:"refused_syscalls"`
	// Namespaces: clone or clone3 made some for it.
	Namespaces bool `json:"made_namespaces"`
	// StandsFor is how many programs this is the entry of: where it is more than one, a
	// * in the path may stand for what tells them apart.
	StandsFor uint64 `json:"stands_for"`
}

// Tool says what made the document. NewDocument cannot know the version: its
// caller sets it.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Exit is how the first process ended; Signal is 0 when it exited by itself,
// and Ended false when it still ran. Status and Signal are nil where that is not known.
type Exit struct {
	Status *int `json:"status"`
	Signal *int `json:"signal"`
	Ended  bool `json:"ended"`
}

func exit(f *audit.Findings) Exit {
	e := Exit{Ended: f.Application.Ended}
	if f.EndKnown() {
		e.Status, e.Signal = &f.Application.Status, &f.Application.Signal
	}
	return e
}
