package audit

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Codes that the kernel's system calls return to its own signal code, which
// user space sees as EINTR or as a restarted call (include/linux/errno.h).
const (
	errRestartSys    = 512
	errRestartNoIntr = 513
	errRestartNoHand = 514
	errRestartBlock  = 516
)

// Classify sorts a system call's raw return value.
func Classify(ret int) OutcomeClass {
	switch -ret {
	case int(unix.EPERM), int(unix.EACCES):
		return PermissionFailure
	case int(unix.EINTR), errRestartSys, errRestartNoIntr, errRestartNoHand, errRestartBlock:
		return Interrupted
	}
	if ret >= 0 {
		return Success
	}
	return OtherFailure
}

// refusedWith are the codes by which the kernel answers who lacks a capability, beside those of the
// contract's permission_failure: of which system calls (none: of any).
var refusedWith = []struct {
	capabilities []int
	errno        unix.Errno
	calls        []string
}{
	// over RLIMIT_MEMLOCK: do_mlock(), mlockall and, for SHM_LOCK, user_shm_lock(), mm/mlock.c, 5.15 to 7.0
	{[]int{unix.CAP_IPC_LOCK}, unix.ENOMEM, []string{"mlock", "mlock2", "mlockall", "shmctl"}},
	// likewise: do_mmap(), mm/mmap.c, and mremap, mm/mremap.c, by mlock_future_ok()
	{[]int{unix.CAP_IPC_LOCK}, unix.EAGAIN, []string{"mmap", "mmap2", "mremap", "shmat"}},
	// likewise: a ring, io_create_region(), io_uring/memmap.c, 6.14; devices, account_locked_vm(), mm/util.c
	{[]int{unix.CAP_IPC_LOCK}, unix.ENOMEM, []string{"io_uring_setup", "ioctl"}},
	// likewise: mm_account_pinned_pages(), net/core/skbuff.c; xdp_umem_account_pages(), net/xdp/xdp_umem.c
	{[]int{unix.CAP_IPC_LOCK}, unix.ENOBUFS, []string{"sendto", "sendmsg", "sendmmsg", "setsockopt"}},
	// over RLIMIT_NPROC: copy_process(), kernel/fork.c
	{[]int{unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN}, unix.EAGAIN,
		[]string{"clone", "clone3", "fork", "vfork"}},
	// too many files, or pipes: alloc_empty_file(), fs/file_table.c; alloc_pipe_info(), fs/pipe.c
	{[]int{unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN}, unix.ENFILE, nil},
	// too many on their way: too_many_unix_fds(), net/unix
	{[]int{unix.CAP_SYS_RESOURCE, unix.CAP_SYS_ADMIN}, unix.ETOOMANYREFS, []string{"sendmsg", "sendmmsg"}},
	// blocks in reserve: ext4_has_free_clusters() and its like; quotas: ignore_hardlimit(), fs/quota/dquot.c
	{[]int{unix.CAP_SYS_RESOURCE}, unix.ENOSPC, nil},
	{[]int{unix.CAP_SYS_RESOURCE}, unix.EDQUOT, nil},
	// quotas, of a project the latter: xfs_trans_dqresv(), fs/xfs/xfs_trans_dquot.c
	{[]int{unix.CAP_FOWNER}, unix.EDQUOT, nil},
	{[]int{unix.CAP_FOWNER}, unix.ENOSPC, nil},
	// a queue larger than fs.mqueue's limits: mq_attr_ok(), ipc/mqueue.c
	{[]int{unix.CAP_SYS_RESOURCE}, unix.EINVAL, []string{"mq_open"}},
	// hidepid=invisible, as by ProtectProc= of systemd: proc_pid_permission(), fs/proc/base.c
	{[]int{unix.CAP_SYS_PTRACE}, unix.ENOENT, nil},
	// the module of a congestion control is not loaded: tcp_ca_find_autoload(), net/ipv4/tcp_cong.c
	{[]int{unix.CAP_NET_ADMIN}, unix.ENOENT, []string{"setsockopt"}},
	// a trusted attribute is read: xattr_permission(), fs/xattr.c
	{[]int{unix.CAP_SYS_ADMIN}, unix.ENODATA, []string{"getxattr", "lgetxattr", "fgetxattr", "getxattrat"}},
	// tiocsti(), drivers/tty/tty_io.c
	{[]int{unix.CAP_SYS_ADMIN}, unix.EIO, []string{"ioctl"}},
}

// ForWant: that is how the kernel answers who lacks the capability, in a system call that asked for it.
func ForWant(capability int, syscall string, ret int) bool {
	if Classify(ret) == PermissionFailure {
		return true
	}
	for _, r := range refusedWith {
		if -ret == int(r.errno) && slices.Contains(r.capabilities, capability) &&
			(r.calls == nil || slices.Contains(r.calls, syscall)) {
			return true
		}
	}
	return false
}

// assess says what the outcomes prove about refused checks; the first rule
// that holds. unseen tells that a system call with a refused check has no
// outcome: it never returned, or was lost.
func assess(refused uint64, outcomes []SyscallOutcome, unseen bool) Assessment {
	saw := map[OutcomeClass]bool{}
	for _, o := range outcomes {
		saw[o.Class] = true
	}
	switch {
	case refused == 0:
		return AssessNone
	case saw[PermissionFailure]:
		return AssessPermissionFailure
	case saw[Success] && saw[Interrupted]:
		return AssessMixedInterruption
	case unseen:
		return AssessInconclusive
	case saw[Success] && saw[OtherFailure]:
		return AssessMixedOther
	case saw[Success]:
		return AssessSucceededDespite
	case saw[Interrupted], !saw[OtherFailure]:
		return AssessInconclusive
	}
	return AssessDenialNotEstablished
}
