package snippets

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Family is a line of seccomp profiles that container engines come with. They
// let some system calls through only for a container with a capability, whether
// or not the kernel asks for it.
type Family string

const (
	// Moby is Docker's. containerd has the same in Go (contrib/seccomp), but for
	// the lsm_ calls, which it lets through.
	Moby Family = "moby"
	// Containers is containers/common's: of Podman, Buildah and CRI-O.
	Containers Family = "containers"
)

// Gate says what lets a system call through.
type Gate struct {
	// Sets of capabilities, each of which does, the one to choose first; an empty
	// one: no capability is needed; no set at all: none does.
	Sets []uint64
	// Before is the version of the engine since which that is no longer so.
	Before string
}

// gates are the calls that a profile does not let through for everybody, by
// families, as of moby/profiles/seccomp 0.3.0 and containers/common 0.64.2. Left
// out are
//   - clone3: it is refused with ENOSYS, and C libraries go on with clone then;
//   - personality, socket: what counts is an argument that is not recorded;
//   - calls newer than all that a profile names: runc and crun answer with ENOSYS,
//     as the kernels do for which programs have another way.
//
// The rows of clone are about namespaces. scripts/profiles compares with the
// files.
var gates = map[Family][]struct {
	Gate
	calls string
}{
	Moby: {
		{Gate{Sets: either(unix.CAP_SYS_ADMIN)}, "clone fanotify_init fsconfig fsmount fsopen fspick " +
			"lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr " +
			"move_mount open_tree quotactl quotactl_fd setdomainname sethostname setns umount2 unshare"},
		{Gate{Sets: either(unix.CAP_BPF, unix.CAP_SYS_ADMIN)}, "bpf"},
		{Gate{Sets: either(unix.CAP_PERFMON, unix.CAP_SYS_ADMIN)}, "perf_event_open"},
		{Gate{Sets: either(unix.CAP_SYSLOG, unix.CAP_SYS_ADMIN)}, "syslog"},
		{Gate{Sets: either(unix.CAP_SYS_NICE)}, "get_mempolicy mbind set_mempolicy " +
			"set_mempolicy_home_node"},
		{Gate{Sets: either(unix.CAP_SYS_PTRACE)}, "kcmp pidfd_getfd process_madvise"},
		{Gate{Sets: either(unix.CAP_SYS_TIME)}, "clock_settime clock_settime64 settimeofday"},
		{Gate{Sets: either(unix.CAP_SYS_MODULE)}, "delete_module finit_module init_module"},
		{Gate{Sets: either(unix.CAP_SYS_RAWIO)}, "ioperm iopl"},
		{Gate{Sets: either(unix.CAP_DAC_READ_SEARCH)}, "open_by_handle_at"},
		{Gate{Sets: either(unix.CAP_SYS_BOOT)}, "reboot"},
		{Gate{Sets: either(unix.CAP_SYS_CHROOT)}, "chroot"},
		{Gate{Sets: either(unix.CAP_SYS_PACCT)}, "acct"},
		{Gate{Sets: either(unix.CAP_SYS_TTY_CONFIG)}, "vhangup"},
		{Gate{}, "add_key io_uring_enter io_uring_register io_uring_setup kexec_file_load kexec_load " +
			"keyctl migrate_pages move_pages pivot_root request_key swapoff swapon " +
			"sysfs uselib userfaultfd ustat"},
		// Debian 12 has Docker 20.10
		{Gate{either(unix.CAP_SYS_ADMIN), "23"}, "bpf perf_event_open"},
		{Gate{either(unix.CAP_SYS_PTRACE), "23"}, "process_vm_readv process_vm_writev"},
		{Gate{either(unix.CAP_SYS_ADMIN), "24"}, "name_to_handle_at"},
	},
	Containers: {
		{Gate{Sets: either(unix.CAP_SYS_ADMIN)}, "lookup_dcookie quotactl quotactl_fd setdomainname " +
			"sethostname"},
		{Gate{Sets: either(unix.CAP_BPF, unix.CAP_SYS_ADMIN)}, "bpf"},
		// a rule refuses it without SYS_ADMIN, and one that comes later lets it through with PERFMON
		{Gate{Sets: []uint64{1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_PERFMON}}, "perf_event_open"},
		{Gate{Sets: either(unix.CAP_SYS_PTRACE)}, "kcmp process_madvise"},
		{Gate{Sets: either(unix.CAP_SYS_TIME)}, "clock_settime clock_settime64 settimeofday"},
		{Gate{Sets: either(unix.CAP_SYS_MODULE)}, "delete_module finit_module init_module"},
		{Gate{Sets: either(unix.CAP_SYS_RAWIO)}, "ioperm iopl"},
		{Gate{Sets: either(unix.CAP_DAC_READ_SEARCH)}, "open_by_handle_at"},
		{Gate{Sets: either(unix.CAP_SYS_CHROOT)}, "chroot"},
		{Gate{Sets: either(unix.CAP_SYS_PACCT)}, "acct"},
		{Gate{Sets: either(unix.CAP_SYS_TTY_CONFIG)}, "vhangup"},
		{Gate{}, "add_key cachestat futex_requeue futex_wait futex_waitv futex_wake io_pgetevents " +
			"io_pgetevents_time64 io_uring_enter io_uring_register io_uring_setup kexec_file_load " +
			"kexec_load map_shadow_stack migrate_pages move_pages request_key " +
			"set_mempolicy_home_node swapoff swapon sysfs uretprobe uselib userfaultfd ustat vmsplice"},
		// Debian 12 has Podman 4.3, with containers/common 0.50; 0.60 came with Podman 5.2, 0.63 with 5.5
		{Gate{either(unix.CAP_SYS_ADMIN), "5.2"}, "bpf perf_event_open"},
		{Gate{nil, "5.2"}, "quotactl_fd"},
		{Gate{either(unix.CAP_SYS_ADMIN), "5.5"}, "fanotify_init"},
	},
}

func either(capabilities ...int) []uint64 {
	var sets []uint64
	for _, n := range capabilities {
		sets = append(sets, 1<<n)
	}
	return sets
}

// Gates are those of a call: what the newest profile has comes first.
func Gates(f Family, call string) []Gate {
	found := []Gate{{Sets: []uint64{0}}}
	for _, g := range gates[f] {
		switch {
		case !slices.Contains(strings.Fields(g.calls), call):
		case g.Before == "":
			found[0] = g.Gate
		default:
			found = append(found, g.Gate)
		}
	}
	return found
}
