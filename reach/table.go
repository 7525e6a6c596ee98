package reach

import (
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// row is a system call that can make the kernel ask for capabilities.
type row struct {
	calls []string
	// when tells with which arguments; all of it must hold.
	when []condition
	asks []int
	// files: whether it asks depends on whose files the program meets.
	files bool
	// in says where the kernel asks: function and file.
	in string
	// notBy are libraries of which the source tells that they do not need it where
	// they do it by themselves, with arguments that are not found in the code.
	notBy   []string
	because string
	// on is what a socket must be like that the program makes; it is not known
	// with which the call is made.
	on []condition
	// unless one of these functions of the library is called, too.
	unless []string
}

// cLibrary are glibc, with its dynamic linker, and musl.
var cLibrary = names("libc.so", "libc.musl-", "ld-linux", "ld-musl", "libpthread.so.", "libresolv.so.")

// scheduling is why the C library changes priorities by itself.
const scheduling = "for threads and mutexes that have been given one"

var schedulers = names("pthread_attr_setschedpolicy", "pthread_attr_setschedparam",
	"pthread_attr_setinheritsched",
	"pthread_setschedparam", "pthread_setschedprio", "pthread_mutexattr_setprotocol",
	"pthread_mutexattr_setprioceiling", "pthread_mutex_setprioceiling", "sched_setscheduler",
	"sched_setparam",
	"posix_spawnattr_setschedpolicy", "posix_spawnattr_setschedparam", "posix_spawnattr_setflags",
	"thrd_create_np")

// c is the list of capabilities of a row.
func c(capabilities ...int) []int { return capabilities }

// names is a list of system calls.
func names(list ...string) []string { return list }

// when is a list of conditions.
func when(list ...condition) []condition { return list }

// rows is the map from system calls and their arguments to capabilities: the other
// direction of audit's table of advisory call sites, whose probes are not here. Linux
// 6.1, 6.12, 6.18 and 7.3 have been looked at; what only some of them have says so.
//
// What is asked once a limit is reached (of open files, processes, pipes, memory for
// sockets in flight, quotas) is not here: any program can meet that, whatever its code.
var rows = slices.Concat(identityRows, fileRows, processRows, adminRows, socketRows, controlRows)

// argumentsOf are the arguments of each system call that matter, a bit for each.
var argumentsOf = sync.OnceValue(func() map[string]uint8 {
	m := map[string]uint8{}
	for _, r := range rows {
		for _, name := range r.calls {
			for _, c := range r.when {
				m[name] |= 1 << c.argument
			}
		}
	}
	return m
})

// rowsOf are those of each system call.
var rowsOf = sync.OnceValue(func() map[string][]*row {
	m := map[string][]*row{}
	for n := range rows {
		for _, name := range rows[n].calls {
			m[name] = append(m[name], &rows[n])
		}
	}
	return m
})

var identityRows = []row{
	{calls: names("setuid", "setreuid", "setresuid", "setfsuid"), asks: c(unix.CAP_SETUID),
		in: "__sys_setuid() and its like, kernel/sys.c"},
	{calls: names("setgid", "setregid", "setresgid", "setfsgid"), asks: c(unix.CAP_SETGID),
		in: "__sys_setgid() and its like, kernel/sys.c"},
	{calls: names("setgroups"), asks: c(unix.CAP_SETGID), in: "may_setgroups(), kernel/groups.c"},
	{calls: names("prctl"), when: when(is(0, unix.PR_CAPBSET_DROP, unix.PR_SET_SECUREBITS)),
		asks: c(unix.CAP_SETPCAP), in: "cap_task_prctl(), security/commoncap.c"},
	// cap_capset() asks for SETPCAP, but heeds it for inheritable capabilities
	// that are not permitted alone: a probe.
	{calls: names("prctl"), when: when(is(0, unix.PR_SET_MM)), asks: c(unix.CAP_SYS_RESOURCE,
		unix.CAP_CHECKPOINT_RESTORE), in: "prctl_set_mm(), prctl_set_mm_map(), kernel/sys.c"},
	{calls: names("prctl"), when: when(is(0, unix.PR_SET_IO_FLUSHER, unix.PR_GET_IO_FLUSHER)),
		asks: c(unix.CAP_SYS_RESOURCE), in: "prctl, kernel/sys.c"},
	{calls: names("prctl"), when: when(is(0, unix.PR_SET_SECCOMP)), asks: c(unix.CAP_SYS_ADMIN),
		in: "seccomp_prepare_filter(), kernel/seccomp.c"},
	{calls: names("prctl"), when: when(is(0, unix.PR_SCHED_CORE)), asks: c(unix.CAP_SYS_PTRACE),
		in: "sched_core_share_pid(), kernel/sched/core_sched.c"},
	{calls: names("seccomp"), when: when(is(0, unix.SECCOMP_SET_MODE_FILTER)), asks: c(unix.CAP_SYS_ADMIN),
		in: "seccomp_prepare_filter(), kernel/seccomp.c"},
	{calls: names("landlock_restrict_self"), asks: c(unix.CAP_SYS_ADMIN),
		in: "landlock_restrict_self, security/landlock/syscalls.c"},
	{calls: names("lsm_set_self_attr"), asks: c(unix.CAP_MAC_ADMIN),
		in: "setprocattr of SELinux and AppArmor; 6.8"},
	{calls: names("keyctl"), when: when(is(0, unix.KEYCTL_CHOWN, unix.KEYCTL_SETPERM)),
		asks: c(unix.CAP_SYS_ADMIN), in: "keyctl_chown_key(), keyctl_setperm_key(), security/keys/keyctl.c"},
	{calls: names("keyctl"), when: when(is(0, unix.KEYCTL_READ, unix.KEYCTL_SET_TIMEOUT,
		unix.KEYCTL_INVALIDATE, unix.KEYCTL_REVOKE, unix.KEYCTL_CLEAR)), asks: c(unix.CAP_SYS_ADMIN),
		in: "keyctl_keyring_clear(), keyctl_invalidate_key(): the keyrings of root alone"},
	{calls: names("keyctl"), when: when(is(0, unix.KEYCTL_GET_PERSISTENT)), asks: c(unix.CAP_SETUID),
		in: "keyctl_get_persistent(), security/keys/persistent.c"},
	{calls: names("unshare"), when: when(hasBit(0, newNamespaces)), asks: c(unix.CAP_SYS_ADMIN),
		in: "unshare_nsproxy_namespaces(), kernel/nsproxy.c"},
	{calls: names("clone"), when: when(hasBit(0, newNamespaces)), asks: c(unix.CAP_SYS_ADMIN),
		in: "copy_namespaces(), kernel/nsproxy.c"},
	{calls: names("clone3"), when: when(hasBit(cloneFlags, newNamespaces)), asks: c(unix.CAP_SYS_ADMIN,
		unix.CAP_CHECKPOINT_RESTORE), in: "copy_namespaces(); alloc_pid() for set_tid, kernel/pid.c"},
	{calls: names("setns"), asks: c(unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT, unix.CAP_SYS_PTRACE),
		in: "the install functions of namespaces; mntns_install(), fs/namespace.c"},
}

const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWPID |
	unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP | unix.CLONE_NEWTIME

// cloneFlags is the pseudo-argument of the flags in clone3's structure.
const cloneFlags = 0

var processRows = []row{
	{calls: names("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), when: when(foreign(0)),
		asks: c(unix.CAP_KILL), in: "check_kill_permission(), kernel/signal.c"},
	{calls: names("tkill"), when: when(foreign(0)), asks: c(unix.CAP_KILL),
		in: "check_kill_permission(), kernel/signal.c"},
	{calls: names("pidfd_send_signal"), asks: c(unix.CAP_KILL),
		in: "check_kill_permission(), kernel/signal.c"},
	{calls: names("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "get_robust_list", "pidfd_getfd",
		"process_madvise", "process_mrelease"), asks: c(unix.CAP_SYS_PTRACE),
		in: "ptrace_has_cap(), kernel/ptrace.c"},
	{calls: names("ptrace"), asks: c(unix.CAP_SYS_ADMIN),
		in: "PTRACE_SECCOMP_GET_FILTER, check_ptrace_options(), kernel/ptrace.c and seccomp.c"},
	{calls: names("ptrace"), asks: c(unix.CAP_CHECKPOINT_RESTORE),
		in: "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG and its like, kernel/ptrace.c"},
	{calls: names("move_pages", "migrate_pages"), asks: c(unix.CAP_SYS_PTRACE, unix.CAP_SYS_NICE),
		in: "kernel_move_pages(), mm/migrate.c; kernel_migrate_pages(), mm/mempolicy.c"},
	{calls: names("mbind"), when: when(hasBit(5, unix.MPOL_MF_MOVE_ALL)), asks: c(unix.CAP_SYS_NICE),
		in: "do_mbind(), mm/mempolicy.c"},
	{calls: names("process_madvise"), asks: c(unix.CAP_SYS_NICE), in: "process_madvise, mm/madvise.c"},
	{calls: names("process_madvise"), asks: c(unix.CAP_PERFMON), in: "may_access_mm(), kernel/fork.c, 6.18"},
	{calls: names("userfaultfd"), asks: c(unix.CAP_SYS_PTRACE),
		in: "userfaultfd_syscall_allowed(), fs/userfaultfd.c"},
	{calls: names("setpriority"), asks: c(unix.CAP_SYS_NICE), in: "set_one_prio(), kernel/sys.c"},
	{calls: names("sched_setscheduler"), when: when(not(1, 0, 3, 5)), asks: c(unix.CAP_SYS_NICE),
		in:    "user_check_sched_setscheduler(), kernel/sched/syscalls.c; core.c in 6.1",
		notBy: cLibrary, because: scheduling, unless: schedulers},
	{calls: names("sched_setscheduler"), when: when(other(0)), asks: c(unix.CAP_SYS_NICE),
		in: "user_check_sched_setscheduler()", notBy: cLibrary, because: scheduling, unless: schedulers},
	{calls: names("sched_setparam", "sched_setattr"), asks: c(unix.CAP_SYS_NICE),
		in: "user_check_sched_setscheduler()"},
	{calls: names("sched_setaffinity"), when: when(other(0)), asks: c(unix.CAP_SYS_NICE),
		in:    "sched_setaffinity(), kernel/sched/syscalls.c; core.c in 6.1",
		notBy: cLibrary, because: scheduling,
		unless: names("pthread_attr_setaffinity_np", "pthread_setaffinity_np", "sched_setaffinity")},
	{calls: names("ioprio_set"), asks: c(unix.CAP_SYS_NICE, unix.CAP_SYS_ADMIN),
		in: "ioprio_check_cap(), block/ioprio.c"},
	{calls: names("setrlimit"), asks: c(unix.CAP_SYS_RESOURCE), in: "do_prlimit(), kernel/sys.c"},
	{calls: names("prlimit64"), when: when(given(2)), asks: c(unix.CAP_SYS_RESOURCE),
		in: "do_prlimit(), kernel/sys.c"},
	{calls: names("prlimit64"), when: when(other(0)), asks: c(unix.CAP_SYS_RESOURCE),
		in: "check_prlimit_permission(), kernel/sys.c"},
	{calls: names("mlock", "mlock2", "mlockall"), asks: c(unix.CAP_IPC_LOCK), in: "do_mlock(), mm/mlock.c"},
	{calls: names("mmap"), when: when(hasBit(3, unix.MAP_LOCKED)), asks: c(unix.CAP_IPC_LOCK),
		in:    "can_do_mlock(), mm/mlock.c",
		notBy: cLibrary, because: "malloc adds MAP_HUGETLB and its size alone"},
	{calls: names("mmap"), when: when(lowAddress(0), hasBit(3, unix.MAP_FIXED|unix.MAP_FIXED_NOREPLACE)),
		asks: c(unix.CAP_SYS_RAWIO), in: "cap_mmap_addr(), security/commoncap.c: below vm.mmap_min_addr"},
	{calls: names("shmctl"), when: when(is(1, 11, 12)), asks: c(unix.CAP_IPC_LOCK, unix.CAP_IPC_OWNER),
		in: "ksys_shmctl(), ipc/shm.c, SHM_LOCK, SHM_UNLOCK"},
	{calls: names("shmget"), when: when(hasBit(2, 0o4000)), asks: c(unix.CAP_IPC_LOCK),
		in: "hugetlb_file_setup(), fs/hugetlbfs/inode.c"},
	{calls: names("shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd",
		"msgrcv", "msgctl"), asks: c(unix.CAP_IPC_OWNER), in: "ipcperms(), ipc/util.c"},
	{calls: names("shmctl", "semctl", "msgctl"), when: when(is(ipcCommand, unix.IPC_RMID, unix.IPC_SET)),
		asks: c(unix.CAP_SYS_ADMIN), in: "ipcctl_obtain_check(), ipc/util.c"},
	{calls: names("semctl"), when: when(is(2, unix.IPC_RMID, unix.IPC_SET)),
		asks: c(unix.CAP_SYS_ADMIN), in: "ipcctl_obtain_check(), ipc/util.c"},
	{calls: names("msgctl"), when: when(is(1, unix.IPC_SET)), asks: c(unix.CAP_SYS_RESOURCE),
		in: "msgctl_down(), ipc/msg.c"},
	{calls: names("mq_open"), asks: c(unix.CAP_SYS_RESOURCE), in: "mqueue_get_inode(), ipc/mqueue.c"},
	{calls: names("madvise"), when: when(is(2, 100, 101)), asks: c(unix.CAP_SYS_ADMIN),
		in: "madvise_inject_error(), mm/madvise.c"},
	{calls: names("perf_event_open"), asks: c(unix.CAP_PERFMON, unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE,
		unix.CAP_IPC_LOCK), in: "perf_event_open, perf_mmap(), kernel/events/core.c"},
	{calls: names("bpf"), when: when(not(0, 1, 2, 3, 4, 6, 7, 10, 15, 17, 21, 22)),
		asks: c(unix.CAP_BPF, unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_PERFMON,
			unix.CAP_SYS_RESOURCE),
		in: "__sys_bpf(), bpf_prog_load(), map_create(), kernel/bpf/syscall.c"},
	{calls: names("bpf"), asks: c(unix.CAP_BPF, unix.CAP_SYS_ADMIN),
		in: "__sys_bpf(), where kernel.unprivileged_bpf_disabled is set"},
}

// ipcCommand is the argument with the command of shmctl and msgctl.
const ipcCommand = 1

var adminRows = []row{
	{calls: names("mount", "umount2", "pivot_root", "fsopen", "fspick", "fsmount", "move_mount",
		"open_tree", "open_tree_attr", "mount_setattr", "statmount", "listmount", "fsconfig"),
		asks: c(unix.CAP_SYS_ADMIN), in: "may_mount() and others, fs/namespace.c, fs/fsopen.c"},
	{calls: names("swapon", "swapoff"), asks: c(unix.CAP_SYS_ADMIN), in: "mm/swapfile.c"},
	{calls: names("sethostname", "setdomainname"), asks: c(unix.CAP_SYS_ADMIN), in: "kernel/sys.c"},
	{calls: names("quotactl", "quotactl_fd"), asks: c(unix.CAP_SYS_ADMIN),
		in: "check_quotactl_permission(), fs/quota/quota.c"},
	{calls: names("fanotify_init", "fanotify_mark"), asks: c(unix.CAP_SYS_ADMIN),
		in: "fs/notify/fanotify/fanotify_user.c"},
	{calls: names("lookup_dcookie"), asks: c(unix.CAP_SYS_ADMIN), in: "fs/dcookies.c, 6.1"},
	{calls: names("syslog"), when: when(not(0, 0, 1)), asks: c(unix.CAP_SYSLOG, unix.CAP_SYS_ADMIN),
		in: "check_syslog_permissions(), kernel/printk/printk.c"},
	{calls: names("chroot", "fchroot"), asks: c(unix.CAP_SYS_CHROOT), in: "chroot, fs/open.c; fchroot: 7.3"},
	{calls: names("listns"), asks: c(unix.CAP_SYS_ADMIN),
		in: "may_see_all_namespaces(), kernel/nscommon.c, 7.3"},
	{calls: names("acct"), asks: c(unix.CAP_SYS_PACCT), in: "acct, kernel/acct.c"},
	{calls: names("init_module", "finit_module", "delete_module"), asks: c(unix.CAP_SYS_MODULE),
		in: "may_init_module(), kernel/module/main.c"},
	{calls: names("reboot"), asks: c(unix.CAP_SYS_BOOT), in: "kernel/reboot.c"},
	{calls: names("kexec_load", "kexec_file_load"), asks: c(unix.CAP_SYS_BOOT),
		in: "kexec_load_permitted(), kernel/kexec_core.c; kexec.c in 6.1"},
	{calls: names("iopl", "ioperm"), asks: c(unix.CAP_SYS_RAWIO), in: "arch/x86/kernel/ioport.c"},
	{calls: names("settimeofday", "clock_settime"), asks: c(unix.CAP_SYS_TIME),
		in: "cap_settime(), security/commoncap.c"},
	{calls: names("adjtimex", "clock_adjtime"), asks: c(unix.CAP_SYS_TIME),
		in: "timekeeping_validate_timex(), kernel/time/timekeeping.c"},
	{calls: names("vhangup"), asks: c(unix.CAP_SYS_TTY_CONFIG), in: "vhangup, fs/open.c"},
	{calls: names("timer_create", "timerfd_create"), when: when(is(0, 8, 9)), asks: c(unix.CAP_WAKE_ALARM),
		in: "alarm_timer_create(), kernel/time/alarmtimer.c; fs/timerfd.c"},
	{calls: names("clock_nanosleep"), when: when(is(0, 8, 9)), asks: c(unix.CAP_WAKE_ALARM),
		in: "alarm_timer_nsleep(), kernel/time/alarmtimer.c"},
	{calls: names("epoll_ctl"), when: when(wakes(wakeEvents)), asks: c(unix.CAP_BLOCK_SUSPEND),
		in: "ep_take_care_of_epollwakeup(), fs/eventpoll.c"},
}

// wakeEvents is the pseudo-argument of the events in epoll_ctl's structure.
const wakeEvents = 3
