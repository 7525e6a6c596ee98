package snippets

import (
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// profile is a seccomp profile as Docker and Podman read it (moby/profiles/seccomp,
// containers/common/pkg/seccomp).
type profile struct {
	DefaultAction   string         `json:"defaultAction"`
	DefaultErrnoRet int            `json:"defaultErrnoRet"`
	ArchMap         []architecture `json:"archMap"`
	Syscalls        []rule         `json:"syscalls"`
}

type architecture struct {
	Architecture     string   `json:"architecture"`
	SubArchitectures []string `json:"subArchitectures"`
}

type rule struct {
	Names    []string   `json:"names"`
	Action   string     `json:"action"`
	ErrnoRet int        `json:"errnoRet,omitempty"`
	Args     []argument `json:"args,omitempty"`
	Comment  string     `json:"comment,omitempty"`
	Includes *condition `json:"includes,omitempty"`
	Excludes *condition `json:"excludes,omitempty"`
}

type argument struct {
	Index    int    `json:"index"`
	Value    uint64 `json:"value"`
	ValueTwo uint64 `json:"valueTwo"`
	Op       string `json:"op"`
}

// condition is on the container's capabilities.
type condition struct {
	Caps []string `json:"caps"`
}

const (
	allow  = "SCMP_ACT_ALLOW"
	refuse = "SCMP_ACT_ERRNO"
)

// runtimeCalls are those of a container's first process between the filter and the
// program: without no_new_privs runc loads it before it gives up privileges
// (standard_init_linux.go). Then it takes on user, groups and capabilities, goes to the
// directory, looks for the program, waits for the start, closes files. Seen of runc
// 1.1.5; the others are Go's own runtime's, in whose threads that happens, and crun's.
const runtimeCalls = "capget capset chdir close close_range epoll_create1 epoll_ctl epoll_pwait eventfd2 " +
	"execve faccessat faccessat2 fchown fcntl fstat fstatfs futex getcwd getdents64 getpid getppid gettid " +
	"getuid madvise mmap mprotect munmap nanosleep newfstatat openat openat2 pipe2 prctl read readlinkat " +
	"rt_sigaction rt_sigprocmask sched_getaffinity sched_yield setgid setgroups setresgid setresuid setuid " +
	"sigaltstack tgkill umask write"

// withoutThem are calls that C libraries and runtimes do without where the kernel lacks
// them, ENOSYS, and not where it forbids them.
const withoutThem = "close_range epoll_pwait2 faccessat2 fchmodat2 openat2 preadv2 pwritev2 renameat2 statx"

// clones are the calls with flags for namespaces.
var clones = []string{"clone", "clone3"}

// Seccomp is a profile for --security-opt seccomp=FILE.
func Seccomp(a Advice) string {
	f := a.Filter
	calls := f.calls()
	p := profile{DefaultAction: refuse, DefaultErrnoRet: int(unix.EPERM),
		ArchMap: []architecture{f.architecture()}}
	plain, keyed := a.byCapability(minus(calls, clones))
	p.Syscalls = append([]rule{{Names: plain, Action: allow, Comment: f.origin()}}, keyed...)
	p.Syscalls = append(p.Syscalls, a.cloning()...)
	runtime := minus(strings.Fields(runtimeCalls), plain)
	if len(runtime) > 0 {
		p.Syscalls = append(p.Syscalls, rule{Names: runtime, Action: allow,
			Comment: "the container runtime's, until it executes the program"})
	}
	absent := minus(minus(strings.Fields(withoutThem), calls), runtime)
	if len(absent) > 0 {
		p.Syscalls = append(p.Syscalls, rule{Names: absent, Action: refuse, ErrnoRet: int(unix.ENOSYS),
			Comment: "for these programs have another way"})
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(text)
}

// architecture lets a 32-bit table through only where a program used it.
func (f Filter) architecture() architecture {
	names := map[string]string{"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64",
		"i386": "SCMP_ARCH_X86", "x32": "SCMP_ARCH_X32", "arm": "SCMP_ARCH_ARM"}
	a := architecture{names[f.Machine], []string{}}
	for _, abi := range f.ABIs {
		a.SubArchitectures = append(a.SubArchitectures, names[abi])
	}
	return a
}

// byCapability keys calls by capabilities as Docker's own profile does: those that the
// grant has where the program made the call, and any that does where its code could. What
// the program made without such a capability needs none.
func (a Advice) byCapability(calls []string) (plain []string, keyed []rule) {
	held := bits(a.Grant)
	by := map[uint64][]string{}
	var order []uint64
	for _, call := range calls {
		sets := Gates(Moby, call)[0].Sets
		if a.Filter.answered(call) {
			sets = slices.DeleteFunc(slices.Clone(sets), func(set uint64) bool { return set&^held != 0 })
		}
		if len(sets) == 0 || slices.Contains(sets, 0) {
			plain = append(plain, call)
			continue
		}
		for _, set := range sets {
			if by[set] == nil {
				order = append(order, set)
			}
			by[set] = append(by[set], call)
		}
	}
	for _, set := range order {
		keyed = append(keyed, rule{Names: by[set], Action: allow,
			Includes: &condition{spell(capng.Numbers(set), capng.Constant)}})
	}
	return plain, keyed
}

// namespaces are the flags of clone; CLONE_NEWTIME is among the bits of the signal.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// cloning lets new namespaces through only where the programs made some, or to a
// container with SYS_ADMIN, as Docker's own profile does. The flags of clone3 are in
// memory, which no filter reads: C libraries go on with clone.
func (a Advice) cloning() []rule {
	f := a.Filter
	if f.Namespaces {
		return []rule{{Names: clones, Action: allow, Comment: "with namespaces, which the programs made"}}
	}
	admin := &condition{[]string{"CAP_SYS_ADMIN"}}
	return []rule{
		{Names: clones[:1], Action: allow, Excludes: admin, Comment: "without new namespaces",
			Args: []argument{{Index: 0, Value: namespaces, Op: "SCMP_CMP_MASKED_EQ"}}},
		{Names: clones[1:], Action: refuse, ErrnoRet: int(unix.ENOSYS), Excludes: admin},
		{Names: clones, Action: allow, Includes: admin},
	}
}
