// Package audit turns what the kernel counted into what a program needs. It is
// pure: no I/O, no cgo, the same findings for the same observation.
package audit

import "time"

// Verdict is what became of a capability check.
type Verdict uint8

const (
	// Granted: the kernel said yes.
	Granted Verdict = iota
	// Refused: the capability was not in the effective set.
	Refused
	// LSMRefused: the effective set held it, another security module
	// (AppArmor, SELinux) refused. Only the fentry backend can tell.
	LSMRefused
)

// Scope is where the user namespace that a check asked about lies, seen from
// the namespace the command was started in.
type Scope uint8

const (
	// ScopeOwn is that namespace itself.
	ScopeOwn Scope = iota
	// ScopeNested lies below it: the program or one of its children made it.
	ScopeNested
	// ScopeOuter lies above or beside it.
	ScopeOuter
)

// Phase says on which side of the first process's last drop a check fell: of
// what it has given up by then, it keeps nothing.
type Phase uint8

const (
	// PhaseInit lasts until the last successful capset of the first process that
	// took a capability away.
	PhaseInit Phase = iota
	// PhaseDropped is all that comes after.
	PhaseDropped
)

// Syscall is a system call in the numbering of the ABI that the task used.
type Syscall struct {
	// Number is -1 for checks made outside of a system call.
	Number int
	// ABI is "" for the machine's own, else "i386", "x32" or "arm".
	ABI string
	// Name is "unknown" where the number has none.
	Name string
}

// Credentials tells whose credentials were asked, where they are not simply
// the task's own.
type Credentials struct {
	// Overridden: the kernel had put its own in the task's place
	// (task->cred != task->real_cred), as overlayfs does.
	Overridden bool
	// Foreign: those of a file's opener or of another task.
	Foreign bool
	// Owner: granted because the task owns the user namespace, whatever its
	// sets hold.
	Owner bool
	// Nested: they belong to a user namespace below the command's.
	Nested bool
}

// Checks is one row of what was counted: how many checks were alike in everything
// named here.
type Checks struct {
	Capability  int
	Verdict     Verdict
	Syscall     Syscall
	Options     uint8 // CAP_OPT_* bits; 0 where the backend is not shown them
	Scope       Scope
	Phase       Phase
	Credentials Credentials
	// Idle: the system call's own arguments show that nothing depends on the
	// answer, where the function that asks may ask in earnest, too.
	Idle  bool
	Count uint64
	Order uint64 // the later the first such check came the greater
	// Span is when such checks were made, nil for not known.
	Span *Span
	// Kinds are what programs are noted for that made such checks of which the site
	// is not known: see Program.
	Kinds []int
	// Sites says which kernel functions asked, by samples of the stack.
	Sites []Site
}

// Site is a kernel call path that ended in a capability check.
type Site struct {
	// Frames are function names from the innermost caller outwards, the
	// capability plumbing included.
	Frames []string
	// Samples is how many of the row's checks were seen to come this way.
	Samples uint64
	// Kind is what programs are noted for whose checks did.
	Kind int
	// Objects are what was asked for here.
	Objects Objects
	// Stacks are of the first checks that came different ways.
	Stacks []Stack
}

// Outcome counts system calls that contained a check and how they returned.
// Successful calls are counted only where a check was refused, or of a sample.
type Outcome struct {
	Capability int
	Verdict    Verdict
	Syscall    Syscall
	// Return is 0 for success, else the negative errno.
	Return int
	Count  uint64
	// Kind is of the call site by which all such checks in them came; 0 for several, or not known.
	Kind int
}

// Unasked counts system calls that the kernel let through without a check,
// since the caller holds at least what another process holds, or held what the
// call needs when it made a user namespace. With less it would have been asked
// for Capability.
type Unasked struct {
	Capability int
	Syscall    Syscall
	Phase      Phase
	Kind       int // what programs are noted for that made such calls
	// Held is what the other process, which is none of the audited tree, holds:
	// nobody is asked as long as the caller holds all of it. 0: there is no
	// other process.
	Held uint64
	// ReadsMM: to look how another process's memory is laid out.
	ReadsMM bool
	// Concluded: from the system call and its arguments. Else the kernel
	// function that compares was seen.
	Concluded bool
	Count     uint64
}

// Sets are three of a task's capability sets, bit n for capability number n.
type Sets struct {
	Effective, Permitted, Inheritable uint64
}

// Program is a distinct executable of the traced tree.
type Program struct {
	// Number is its tracer's, by which its file is found.
	Number int
	// Path is as given to execve; "" for the rest, when there were too many.
	Path string
	// Parent is the index of the program that first ran it, 0 for none.
	Parent int
	// Processes is how many processes ran it.
	Processes uint64
	// Kinds are what it asked for: numbers that rows, sites and grants without a
	// check have.
	Kinds []int
	// Users are the first two but root that it ran as.
	Users []int
	// SetID: its file has the set-user-ID or the set-group-ID bit.
	SetID bool
	// GainsCaps: its file has capabilities.
	GainsCaps bool
	// OpensSessions: it is made to open sessions for users.
	OpensSessions bool
	// BecomesUsers: it is made to become users by itself, and executes nothing for them.
	BecomesUsers bool
	// FileCaps is the permitted set of its file's capabilities, if it is executed
	// only where all of these can be given.
	FileCaps uint64
	// Made are the system calls that it made and that returned. Namespaces: clone
	// or clone3 made some.
	Made       []Made
	Namespaces bool
	// Code are the files that its processes mapped code of, the program's own left out.
	Code []CodeFile
}

// Losses counts what the kernel half could not keep. All zero: the
// observation is complete.
type Losses struct {
	Tasks    uint64 `json:"tasks"`    // tasks whose checks are missing
	Checks   uint64 `json:"checks"`   // checks missing altogether
	Rows     uint64 `json:"rows"`     // checks in the totals without their details
	Sites    uint64 `json:"sites"`    // call sites not recorded
	Outcomes uint64 `json:"outcomes"` // syscall outcomes not recorded
	Programs uint64 `json:"programs"` // execs of programs beyond the limit
	Events   uint64 `json:"events"`   // lines of --verbose or --events that are missing
	Unasked  uint64 `json:"unasked"`  // grants without a check not recorded, or not judged
	Objects  uint64 `json:"objects"`  // looks at what was asked for that were not recorded
	Stacks   uint64 `json:"stacks"`   // user stacks that were to be looked at and were not
	Code     uint64 `json:"code"`     // looks at the code that programs mapped that failed
}

// Any reports whether anything that bears on the answer was lost. Verbose
// lines, objects and stacks do not: nothing is computed from them. Nor does
// code: it bears on what the program could need besides.
func (l Losses) Any() bool {
	return l.Tasks|l.Checks|l.Rows|l.Sites|l.Outcomes|l.Programs|l.Unasked != 0
}

// Total is the exact number of checks for one capability.
type Total struct {
	Granted, Denied uint64
}

// Application is the program under audit.
type Application struct {
	PID  int
	Path string
	// Command is what the caller named it, "" where it ran already. Arguments are those
	// after it, UID who it began as.
	Command   string
	Arguments []string
	UID       int
	// Python: the command is a Python script, so the advice is in Python.
	// Script: it is a script of some kind, which file capabilities do not
	// serve.
	Python, Script bool
	// Mentions are the names in the script that it is, or runs, of what asks for
	// capabilities: of system calls, after a module's where it is of one.
	Mentions []string
	// Unprivileged: it began as another user than root.
	Unprivileged bool
	// Held are the capabilities that it began with, apart from its file's; of what ran
	// already it is not known.
	Held uint64
	// FilePermitted is the permitted set of the executable's file
	// capabilities, 0 if it has none. FileEffective: they are raised when it starts;
	// not looked at for what ran already.
	FilePermitted uint64
	FileEffective bool
	// SecureLosses are what the loader would not heed of this run if the program
	// had capabilities from its file.
	SecureLosses []SecureLoss
	// Status and Signal tell how the first process ended; Signal is 0 when it
	// exited by itself. Ended is false when it still ran. See EndKnown.
	Ended  bool
	Status int
	Signal int
	// EndUnknown: several ended, not all alike, or nothing was said of that.
	EndUnknown bool
}

// SecureLoss is one thing that counts for nothing in secure mode (ld.so(8)).
type SecureLoss struct {
	// What is a variable of the environment, or $ORIGIN in a file's search path.
	What string
	// Libraries are those that the program needs and the loader found through it.
	Libraries []string
}

// SystemContext holds the settings of the host that bear on capabilities; -1
// where one could not be read.
type SystemContext struct {
	KernelVersion string
	Sysctls       map[string]int // by key of Sysctls
}

// Observation is everything the tracer saw.
type Observation struct {
	Application Application
	Subject     Subject
	// Interim: the audit goes on.
	Interim bool
	// Took is how long it ran, or was watched; 0 is not known.
	Took time.Duration
	// Lasted is how long it was watched; Serving is nil where it was not seen to begin to
	// serve.
	Lasted  time.Duration
	Serving *Serving
	System  SystemContext
	// Backend is how cap_capable was watched: fentry, tracepoint or kprobe.
	Backend string
	// OptionsKnown: the backend was shown the CAP_OPT_* flags.
	OptionsKnown bool
	// InlinedKnown: the backend sees checks where the compiler has inlined
	// cap_capable into its callers, too.
	InlinedKnown bool
	// LSMKnown: the backend was shown refusals of other security modules.
	LSMKnown bool
	// Sampled: system calls with checks in them are looked at when they return, only of a
	// sample, and others never.
	Sampled bool
	// UnaskedUnseen: what is granted without a check was not looked for.
	UnaskedUnseen bool
	// Untraced: the run was not watched at all.
	Untraced bool
	// SkipsUntold: the kernel can have kept a check from the backend without
	// counting that in Losses.
	SkipsUntold bool

	Checks   []Checks
	Totals   map[int]Total
	Outcomes []Outcome
	Unasked  []Unasked
	// RefusedExecs failed with EPERM, as of a file with capabilities that the
	// bounding set lacks.
	RefusedExecs []Syscall
	// End is nil unless a check was refused not long before the end.
	End      *End
	Programs []Program

	// Held is what those hold that ran before, nil for not known.
	Held        *Held
	CapsetCalls uint64
	// Requested is the union of the sets asked for by successful capsets.
	Requested Sets
	// Dropped: the first process's capset took something away.
	Dropped bool

	// Tasks ever traced, threads included.
	Tasks uint64
	// MovedIn counts processes of several threads that were moved into the
	// watched control group: all but one of their threads were seen a moment later.
	MovedIn uint64
	// Sessions counts programs that were executed in a login session that had been
	// opened meanwhile.
	Sessions uint64
	// StillRunning counts descendants that outlived the audit.
	StillRunning int
	// MissedExits is how many system calls, of any process on the machine,
	// returned unseen. Outcomes may be fewer than the calls by that.
	MissedExits uint64
	Losses      Losses
}

// SysctlKeys are the settings of SystemContext in the order of the report,
// each with its sysctl name.
var SysctlKeys = []struct{ Key, Sysctl string }{
	{"yama_ptrace_scope", "kernel.yama.ptrace_scope"},
	{"kptr_restrict", "kernel.kptr_restrict"},
	{"dmesg_restrict", "kernel.dmesg_restrict"},
	{"modules_disabled", "kernel.modules_disabled"},
	{"perf_event_paranoid", "kernel.perf_event_paranoid"},
	{"unprivileged_bpf_disabled", "kernel.unprivileged_bpf_disabled"},
	{"bpf_jit_enable", "net.core.bpf_jit_enable"},
	{"bpf_jit_harden", "net.core.bpf_jit_harden"},
	{"bpf_jit_kallsyms", "net.core.bpf_jit_kallsyms"},
	{"vm_mmap_min_addr", "vm.mmap_min_addr"},
	{"fs_protected_hardlinks", "fs.protected_hardlinks"},
	{"fs_protected_symlinks", "fs.protected_symlinks"},
	{"fs_suid_dumpable", "fs.suid_dumpable"},
}
