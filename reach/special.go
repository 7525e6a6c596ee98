package reach

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// special is a file, or a tree of them, that asks for capabilities by itself.
type special struct {
	path string
	asks []int
	in   string
}

// specials are named by code, or given to the program: what opens any path is
// not told from what opens these. Of /proc/PID, see ofProcesses.
var specials = []special{
	{"/dev/mem", c(unix.CAP_SYS_RAWIO), "open_port(), drivers/char/mem.c"},
	{"/dev/port", c(unix.CAP_SYS_RAWIO), "open_port(), drivers/char/mem.c"},
	{"/dev/cpu/", c(unix.CAP_SYS_RAWIO), "msr_open(), arch/x86/kernel/msr.c"},
	{"/dev/kmsg", c(unix.CAP_SYSLOG, unix.CAP_SYS_ADMIN), "devkmsg_open(), kernel/printk/printk.c"},
	{"/dev/ppp", c(unix.CAP_NET_ADMIN), "ppp_open(), drivers/net/ppp/ppp_generic.c"},
	{"/dev/snapshot", c(unix.CAP_SYS_ADMIN), "snapshot_ioctl(), kernel/power/user.c"},
	{"/proc/kcore", c(unix.CAP_SYS_RAWIO), "open_kcore(), fs/proc/kcore.c"},
	{"/proc/kmsg", c(unix.CAP_SYSLOG, unix.CAP_SYS_ADMIN), "check_syslog_permissions()"},
	{"/proc/iomem", c(unix.CAP_SYS_ADMIN), "r_show(), kernel/resource.c"},
	{"/proc/ioports", c(unix.CAP_SYS_ADMIN), "r_show(), kernel/resource.c"},
	{"/proc/mtrr", c(unix.CAP_SYS_ADMIN), "mtrr_write(), arch/x86/kernel/cpu/mtrr/if.c"},
	{"/proc/pressure/", c(unix.CAP_SYS_RESOURCE), "psi_trigger_create(), kernel/sched/psi.c"},
	{"/proc/scsi/", c(unix.CAP_SYS_ADMIN, unix.CAP_SYS_RAWIO), "drivers/scsi/scsi_proc.c"},
	{"/proc/bus/pci", c(unix.CAP_SYS_ADMIN, unix.CAP_SYS_RAWIO), "proc_bus_pci_mmap(), drivers/pci/proc.c"},
	{"/proc/net/", c(unix.CAP_NET_ADMIN), "writing; pktgen, clusterip"},
	{"/proc/sys/net", c(unix.CAP_NET_ADMIN, unix.CAP_SYS_ADMIN), "net_ctl_permissions(), net/sysctl_net.c; " +
		"proc_dointvec_minmax_bpf_restricted(), net/core/sysctl_net_core.c"},
	{"/proc/sys/user", c(unix.CAP_SYS_RESOURCE), "set_permissions(), kernel/ucount.c"},
	{"/proc/sys/vm/mmap_min_addr", c(unix.CAP_SYS_RAWIO), "mmap_min_addr_handler(), security/min_addr.c"},
	{"/proc/sys/kernel/usermodehelper", c(unix.CAP_SETPCAP, unix.CAP_SYS_MODULE),
		"proc_cap_handler(), kernel/umh.c"},
	{"/proc/sys/kernel/pid_max", c(unix.CAP_SYS_ADMIN), "pid_table_root_permissions(), kernel/pid.c, 6.14"},
	{"/proc/sys/kernel/ns_last_pid", c(unix.CAP_CHECKPOINT_RESTORE, unix.CAP_SYS_ADMIN),
		"pid_ns_ctl_handler(), kernel/pid_namespace.c"},
	{"/proc/sys/kernel/yama", c(unix.CAP_SYS_PTRACE), "yama_dointvec_minmax(), security/yama/yama_lsm.c"},
	{"/proc/sys/kernel/kptr_restrict", c(unix.CAP_SYS_ADMIN),
		"proc_dointvec_minmax_sysadmin(), kernel/printk/sysctl.c"},
	{"/proc/sys/kernel/dmesg_restrict", c(unix.CAP_SYS_ADMIN), "proc_dointvec_minmax_sysadmin()"},
	{"/proc/sys/kernel/unprivileged_bpf", c(unix.CAP_SYS_ADMIN),
		"bpf_unpriv_handler(), kernel/bpf/syscall.c"},
	{"/proc/sys/kernel/bpf_stats", c(unix.CAP_SYS_ADMIN), "bpf_stats_handler(), kernel/bpf/syscall.c"},
	{"/proc/sys/kernel/seccomp", c(unix.CAP_SYS_ADMIN), "seccomp_actions_logged_handler(), kernel/seccomp.c"},
	{"/proc/sys/kernel/perf_", c(unix.CAP_SYS_ADMIN), "kernel/events/core.c"},
	{"/proc/sys/kernel/msg", c(unix.CAP_SYS_ADMIN, unix.CAP_CHECKPOINT_RESTORE),
		"ipc_permissions(), ipc/ipc_sysctl.c"},
	{"/proc/sys/kernel/sem_next_id", c(unix.CAP_SYS_ADMIN, unix.CAP_CHECKPOINT_RESTORE), "ipc_permissions()"},
	{"/proc/sys/kernel/shm_next_id", c(unix.CAP_SYS_ADMIN, unix.CAP_CHECKPOINT_RESTORE), "ipc_permissions()"},
	{"/sys/fs/smackfs", c(unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE), "smack_privileged(), security/smack"},
	{"/sys/kernel/security/apparmor", c(unix.CAP_MAC_ADMIN),
		"aa_may_manage_policy(), security/apparmor/policy.c"},
	{"/sys/power/wake_", c(unix.CAP_BLOCK_SUSPEND), "pm_wake_lock(), kernel/power/wakelock.c"},
	{"/sys/bus/pci", c(unix.CAP_SYS_ADMIN, unix.CAP_SYS_RAWIO), "pci_read_config(), pci_mmap_resource()"},
	{"/sys/class/net/%s/", c(unix.CAP_NET_ADMIN), "netdev_store(), net/core/net-sysfs.c"},
	{"/sys/kernel/debug", c(unix.CAP_SYS_ADMIN), "drivers"},
}

// ofProcesses are files of a process's directory that ask for more than to see another.
var ofProcesses = []special{
	{"oom_score_adj", c(unix.CAP_SYS_RESOURCE), "__set_oom_adj(), fs/proc/base.c"},
	{"oom_adj", c(unix.CAP_SYS_RESOURCE), "__set_oom_adj(), fs/proc/base.c"},
	{"uid_map", c(unix.CAP_SETUID, unix.CAP_SYS_ADMIN, unix.CAP_SETFCAP),
		"map_write(), kernel/user_namespace.c"},
	{"gid_map", c(unix.CAP_SETGID, unix.CAP_SYS_ADMIN), "map_write(), kernel/user_namespace.c"},
	{"setgroups", c(unix.CAP_SYS_ADMIN), "proc_setgroups_open(), fs/proc/base.c"},
	{"loginuid", c(unix.CAP_AUDIT_CONTROL), "audit_set_loginuid_perm(), kernel/auditsc.c"},
	{"autogroup", c(unix.CAP_SYS_NICE, unix.CAP_SYS_ADMIN),
		"proc_sched_autogroup_set_nice(), kernel/sched/autogroup.c"},
	{"timens_offsets", c(unix.CAP_SYS_TIME), "proc_timens_set_offset(), kernel/time/namespace.c"},
	{"timerslack_ns", c(unix.CAP_SYS_NICE), "timerslack_ns_write(), fs/proc/base.c"},
	{"attr", c(unix.CAP_MAC_ADMIN), "proc_pid_attr_write(), fs/proc/base.c"},
	{"map_files", c(unix.CAP_CHECKPOINT_RESTORE, unix.CAP_SYS_ADMIN),
		"proc_map_files_get_link(), fs/proc/base.c"},
	{"stack", c(unix.CAP_SYS_ADMIN), "proc_pid_stack(), fs/proc/base.c"},
	{"pagemap", c(unix.CAP_SYS_ADMIN), "pagemap_read(), fs/proc/task_mmu.c"},
	{"seccomp_cache", c(unix.CAP_SYS_ADMIN), "proc_pid_seccomp_cache(), kernel/seccomp.c"},
}

const seesProcesses = "ptrace_may_access(), kernel/ptrace.c, for /proc/PID"

// asksFor is what a path can ask for. A path that was given, not found in code, can
// be that of a directory above.
func asksFor(name string, given bool) (list []special) {
	for _, s := range specials {
		if strings.HasPrefix(name, s.path) || given && strings.HasPrefix(s.path, name) ||
			strings.HasPrefix(s.path, "/proc/sys/") && strings.TrimSuffix(name, "/") == "/proc/sys" {
			list = append(list, s)
		}
	}
	rest, ok := strings.CutPrefix(name, "/proc")
	if !ok || rest != "" && rest[0] != '/' {
		if given && name == "/" {
			list = append(append(list, ofProcesses...), special{"/proc/", c(unix.CAP_SYS_PTRACE),
				seesProcesses})
		}
		return list
	}
	rest = strings.TrimPrefix(rest, "/")
	process, file, deeper := strings.Cut(rest, "/")
	self := process == "self" || process == "thread-self"
	if !self && process != "" && process != "%s" && strings.Trim(process, "%0123456789dilu") != "" {
		return list
	}
	if !self {
		list = append(list, special{"/proc/", c(unix.CAP_SYS_PTRACE), seesProcesses})
		if mayBeOfMemory(file) {
			list = append(list, special{"/proc/", c(unix.CAP_PERFMON),
				"may_access_mm(), kernel/fork.c, 6.18"})
		}
	}
	for _, s := range ofProcesses {
		if deeper && strings.Contains(file, s.path) || given && !deeper {
			list = append(list, s)
		}
	}
	return list
}

// ofMemory are files of a process's directory that whoever may observe everything may read, too. Files
// of attr are not: proc_pid_attr_open(), fs/proc/base.c, asks, and goes on whatever the answer is.
var ofMemory = names("auxv", "environ", "map_files", "maps", "mem", "pagemap")

// mayBeOfMemory tells whether a path below a process's directory, or a thread's, can be one of these:
// where its first name is not made up later, that names one.
func mayBeOfMemory(file string) bool {
	if ofThread, ok := strings.CutPrefix(file+"/", "task/"); ok {
		_, file, _ = strings.Cut(ofThread, "/")
	}
	file, _, _ = strings.Cut(file, "/")
	return file == "" || strings.Contains(file, "%") ||
		slices.ContainsFunc(ofMemory, func(name string) bool { return strings.Contains(file, name) })
}

// relativeToProc is the whole path of a file that asks by itself, where a text names it from an open
// directory on: from /proc, as bwrap does ("self/uid_map"), or from that of a process, as choom does
// ("oom_score_adj"). "" where it names none.
func relativeToProc(b []byte) string {
	for _, process := range ownDirectories {
		if rest, ok := bytes.CutPrefix(b, []byte(process)); ok {
			for _, s := range ofProcesses {
				if bytes.HasPrefix(rest, []byte(s.path)) {
					return "/proc/" + process + s.path
				}
			}
			return ""
		}
	}
	for _, s := range ofProcesses {
		// what is longer is another name, or a sentence
		if !slices.Contains(calledAlike, s.path) && bytes.HasPrefix(b, []byte(s.path+"\x00")) {
			return "/proc/%d/" + s.path
		}
	}
	return ""
}

// calledAlike are files of these whose names are those of much else.
var calledAlike = names("setgroups", "attr", "stack")

// ownDirectories are how /proc names those of processes.
var ownDirectories = names("self/", "thread-self/", "%d/", "%i/", "%u/", "%ld/", "%lu/")
