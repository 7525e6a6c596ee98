package audit

import (
	"slices"

	"golang.org/x/sys/unix"
)

// probe is a place where the kernel asks for a capability, but not to decide
// whether the program may go on.
type probe struct {
	capability int
	// functions that ask; more than one where compilers inline differently.
	functions []string
	// through is the wrapper it asks with, where the same function also asks
	// in earnest with another; "" for any.
	through string
	// onlyIdle: a probe only where the system call's arguments show that
	// nothing is at stake (Checks.Idle).
	onlyIdle bool
	// consequence of a refusal, as the reader is told.
	consequence string
	// fails: where that is too much, a call fails, with a code of refusedWith.
	fails bool
}

// ReserveUnused is the consequence that every program meets: whatever asks for memory
// is asked, with any vm.overcommit_memory.
const ReserveUnused = "memory kept in reserve for administrators is not used"

// probes is the table of advisory call sites. A site that is not in it counts
// as a need: a capability too many is found by --minimize, one too few by the
// user. Kernel versions are those looked at, 5.15 to 7.3, unless one is named.
// Who asks without audit and decides all the same is in the table decisions.
var probes = []probe{
	{
		// security/commoncap.c, cap_vm_enough_memory(), also inlined into its
		// caller in security/security.c. Before 6.14 often without a call of
		// cap_capable() that could be seen; since 6.18 also asked by clone.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"cap_vm_enough_memory", "security_vm_enough_memory_mm", "__vm_enough_memory"},
		consequence: ReserveUnused,
	},
	{
		// security/commoncap.c, cap_capset() through cap_inh_is_capped():
		// asked by every capset, heeded only when inheritable capabilities
		// are added that are not permitted.
		capability:  unix.CAP_SETPCAP,
		functions:   []string{"cap_capset", "cap_inh_is_capped", "security_capset"},
		onlyIdle:    true,
		consequence: "inheritable capabilities cannot go beyond the permitted ones",
	},
	{
		// kernel/ksyms_common.c (kernel/kallsyms.c before 6.5),
		// kallsyms_show_value(); lib/vsprintf.c, restricted_pointer().
		capability:  unix.CAP_SYSLOG,
		functions:   []string{"kallsyms_show_value", "restricted_pointer"},
		consequence: "kernel addresses read as zeros",
	},
	{
		// fs/xattr.c, simple_xattr_list(), and what file systems have of their
		// own in fs/*/xattr*.c; of overlayfs ovl_can_list() (fs/overlayfs/inode.c
		// in 6.1, since then in xattrs.c).
		capability: unix.CAP_SYS_ADMIN,
		functions: []string{"simple_xattr_list", "shmem_listxattr", "ovl_can_list", "ovl_listxattr",
			"bch2_xattr_trusted_list", "erofs_xattr_trusted_list", "ext2_xattr_trusted_list",
			"ext4_xattr_trusted_list", "f2fs_xattr_trusted_list", "gfs2_xattr_trusted_list",
			"hfsplus_listxattr", "jffs2_trusted_listxattr", "jfs_listxattr", "ocfs2_xattr_list_entry",
			"squashfs_trusted_xattr_handler_list", "trusted_list", "ubifs_listxattr", "xattr_visible",
			"xfs_xattr_put_listent"},
		consequence: "trusted.* extended attributes are left out of the list",
	},
	{
		// fs/overlayfs/util.c: when an overlay is mounted, whether files of its layers
		// can be found by handle. Where nfs_export=on or index=on is asked for, too,
		// it is mounted without.
		capability:  unix.CAP_DAC_READ_SEARCH,
		functions:   []string{"ovl_can_decode_fh"},
		consequence: "the overlay is mounted without an index, and cannot be exported by NFS",
	},
	{
		// fs/overlayfs/util.c: whether O_NOATIME can go with a directory of a layer that
		// is read, as when a work directory is cleared.
		capability:  unix.CAP_FOWNER,
		functions:   []string{"ovl_path_open"},
		consequence: "the time of access to a directory changes when an overlay reads it",
	},
	{
		// fs/proc/task_mmu.c, pagemap_read(): asked of the file's opener.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"pagemap_read"},
		consequence: "page frame numbers in /proc/PID/pagemap read as zeros",
	},
	{
		// fs/xfs/xfs_fsmap.c, xfs_getfsmap(): whether the reverse mapping is read.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"xfs_getfsmap", "xfs_ioc_getfsmap"},
		consequence: "the map of an XFS file system does not tell which file a block belongs to",
	},
	{
		// fs/notify/fanotify/fanotify_user.c, fanotify_init(): in earnest,
		// unless all flags are free and files are reported by handle.
		capability: unix.CAP_SYS_ADMIN,
		functions: []string{"__do_sys_fanotify_init", "__se_sys_fanotify_init", "__x64_sys_fanotify_init",
			"__arm64_sys_fanotify_init"},
		onlyIdle: true,
		consequence: "the events do not tell the IDs of other processes, and only single files and " +
			"directories can be watched",
	},
	{
		// The same file, do_fanotify_mark(): up to 6.18 before it looks at what
		// is to be marked, which matters for all but an inode.
		capability: unix.CAP_SYS_ADMIN,
		functions: []string{"do_fanotify_mark", "__do_sys_fanotify_mark", "__se_sys_fanotify_mark",
			"__x64_sys_fanotify_mark", "__arm64_sys_fanotify_mark"},
		onlyIdle:    true,
		consequence: "single files and directories can be watched, but not mounts and file systems",
	},
	{
		// drivers/pci/pci-sysfs.c, pci_read_config(): asked whatever is read,
		// heeded beyond the header.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"pci_read_config"},
		onlyIdle:    true,
		consequence: "of a PCI device's configuration the first 64 bytes are read, and no more",
	},
	{
		// drivers/tty/vt/vt_ioctl.c, vt_ioctl(), asks whoever has another terminal, or
		// none, whatever is requested, as when a program looks what its output is;
		// vt_k_ioctl() and, in keyboard.c, the other two again.
		capability:  unix.CAP_SYS_TTY_CONFIG,
		functions:   []string{"vt_ioctl", "vt_k_ioctl", "vt_do_kdsk_ioctl", "vt_do_kdgkb_ioctl"},
		onlyIdle:    true,
		consequence: "a virtual terminal that is not the program's own can be looked at, but not set",
	},
	{
		// arch/x86/net/bpf_jit_comp.c, do_jit(), and arch/arm64/net,
		// build_epilogue(), 6.15: whether a classic filter, of a socket or of
		// seccomp, gets a barrier at its end.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"do_jit", "bpf_int_jit_compile", "build_bhb_mitigation", "build_epilogue"},
		consequence: "a filter of packets or system calls gets a mitigation against branch history injection",
	},
	{
		// net/core/dev_ioctl.c, dev_load(): for an interface that is not there, by
		// either of two names; the call goes on as without. In dev_ioctl() net_admin
		// is asked for in earnest, too.
		capability:  unix.CAP_NET_ADMIN,
		functions:   []string{"dev_load"},
		consequence: "no module is looked for by the name of an interface that does not exist",
	},
	{
		// The same, and its callers where it is inlined or jumps to capable().
		capability:  unix.CAP_SYS_MODULE,
		functions:   []string{"dev_load", "dev_ioctl", "devinet_ioctl", "wext_handle_ioctl"},
		consequence: "no module is looked for by the name of an interface that does not exist",
	},
	{
		// fs/attr.c, setattr_prepare() and setattr_copy() when the file's group
		// is none of the caller's, whatever the new mode; f2fs, ubifs and
		// configfs have copies of the latter. Likewise when an ACL is set:
		// fs/posix_acl.c, posix_acl_update_mode(), fs/f2fs/acl.c, fs/fuse/acl.c;
		// known for a descriptor alone, not for a path. And by mkdir with such
		// a mode: fs/inode.c, mode_strip_sgid(), 6.0.
		capability: unix.CAP_FSETID,
		functions: []string{"setattr_prepare", "setattr_copy", "in_group_or_capable", "setattr_drop_sgid",
			"__setattr_copy", "f2fs_setattr", "do_attr_changes", "ubifs_setattr", "configfs_setattr",
			"posix_acl_update_mode", "f2fs_acl_update_mode", "__f2fs_set_acl", "fuse_set_acl",
			"mode_strip_sgid", "vfs_mkdir"},
		onlyIdle:    true,
		consequence: "a setgid bit would be taken off, and the new mode has none",
	},
	{
		// security/commoncap.c, cap_safe_nice(), when fs/ext4/super.c or
		// fs/f2fs/checkpoint.c gives a thread of its own a priority for I/O.
		capability:  unix.CAP_SYS_NICE,
		functions:   []string{"cap_safe_nice", "cap_task_setioprio", "security_task_setioprio"},
		onlyIdle:    true,
		consequence: "the thread of the file system keeps its priority",
	},
	{
		// kernel/bpf/arraymap.c, array_map_alloc() by bpf_bypass_spec_v1().
		capability:  unix.CAP_PERFMON,
		functions:   []string{"array_map_alloc"},
		consequence: "the map is made with a mitigation against Spectre",
	},
	{
		// Asked there, too, where the other was refused.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"array_map_alloc"},
		consequence: "the map is made with a mitigation against Spectre",
	},
	{
		// kernel/sys.c, __sys_setuid(): asked before it is seen that the ID is
		// the one that the process has, in all places.
		capability:  unix.CAP_SETUID,
		functions:   []string{"__sys_setuid"},
		onlyIdle:    true,
		consequence: "the user ID can be set to what it is, and to no other",
	},
	{
		capability:  unix.CAP_SETGID,
		functions:   []string{"__sys_setgid"},
		onlyIdle:    true,
		consequence: "the group ID can be set to what it is, and to no other",
	},
	{
		// net/sysctl_net.c, net_ctl_permissions(): who holds it opens
		// /proc/sys/net with the owner's rights; root has these anyway, and
		// reading takes them for few: mode 0600 is that of some keys.
		capability:  unix.CAP_NET_ADMIN,
		functions:   []string{"net_ctl_permissions"},
		onlyIdle:    true,
		consequence: "settings under /proc/sys/net can be read where all may, but not written",
	},
	{
		// kernel/pid.c, pid_table_root_permissions(), 6.14.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"pid_table_root_permissions"},
		onlyIdle:    true,
		consequence: "kernel.pid_max can be read, but not written",
	},
	{
		// kernel/ucount.c, set_permissions().
		capability:  unix.CAP_SYS_RESOURCE,
		functions:   []string{"set_permissions"},
		onlyIdle:    true,
		consequence: "settings under /proc/sys/user can be read, but not written",
	},
	{
		// ipc/ipc_sysctl.c, ipc_permissions(), 5.19.
		capability:  unix.CAP_CHECKPOINT_RESTORE,
		functions:   []string{"ipc_permissions"},
		onlyIdle:    true,
		consequence: "the next ids of System V IPC can be read, but not written",
	},
	{
		// Asked there, too, where the other was refused.
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"ipc_permissions"},
		onlyIdle:    true,
		consequence: "the next ids of System V IPC can be read, but not written",
	},
	{
		// net/ipv4/inet_diag.c and its protocols, net/packet/diag.c: how much is
		// told of sockets.
		capability: unix.CAP_NET_ADMIN,
		functions: []string{"inet_diag_dump_icsk", "inet_diag_dump_one_icsk", "tcp_diag_dump",
			"tcp_diag_dump_one",
			"udp_dump", "udp_diag_dump", "udp_dump_one", "udp_diag_dump_one", "raw_diag_dump",
			"raw_diag_dump_one", "mptcp_diag_dump", "mptcp_diag_dump_one", "packet_diag_dump",
			"sctp_diag_dump", "sctp_diag_dump_one"},
		consequence: "marks and filters of sockets are left out of what sock_diag tells",
	},
	{
		// net/vmw_vsock/af_vsock.c, __vsock_create(): heeded by vmci_transport.c
		// alone, VMware's.
		capability:  unix.CAP_NET_ADMIN,
		functions:   []string{"__vsock_create", "vsock_create"},
		consequence: "VMware's hypervisor does not take the socket for a trusted one",
	},
	{
		// fs/proc/array.c, do_task_stat(): what it shows of others' processes.
		capability:  unix.CAP_SYS_PTRACE,
		functions:   []string{"do_task_stat"},
		consequence: "addresses in /proc/PID/stat of other users' processes read as zeros",
	},
	{
		// io_uring/io_uring.c, io_uring_create(): whether the ring's memory is
		// charged to the user; that of the ring itself from 6.14 on, by
		// io_uring/memmap.c, io_create_region().
		capability: unix.CAP_IPC_LOCK,
		functions: []string{"io_uring_create", "io_uring_setup", "__do_sys_io_uring_setup",
			"__x64_sys_io_uring_setup", "__arm64_sys_io_uring_setup"},
		consequence: "the ring's memory counts against RLIMIT_MEMLOCK",
		fails:       true,
	},
	{
		// Pages that the kernel holds on to for the user. Asked first, before
		// the limit is looked at: net/core/skbuff.c, mm_account_pinned_pages()
		// for MSG_ZEROCOPY; net/xdp/xdp_umem.c, xdp_umem_account_pages(), for
		// AF_XDP; mm/util.c, account_locked_vm(); drivers/vfio/vfio_iommu_type1.c;
		// drivers/iommu/iommufd/pages.c, 6.2; drivers/infiniband/hw/hfi1/user_pages.c.
		// Where it is asked only once the limit is exceeded (mlock, perf, other
		// drivers of infiniband) it is a need.
		capability: unix.CAP_IPC_LOCK,
		functions: []string{"mm_account_pinned_pages", "msg_zerocopy_realloc", "msg_zerocopy_alloc",
			"xdp_umem_account_pages", "xdp_umem_reg", "xdp_umem_create", "account_locked_vm",
			"vfio_change_dma_owner", "vfio_dma_do_map", "iopt_alloc_pages", "hfi1_can_pin_pages"},
		consequence: "the pages that are pinned count against RLIMIT_MEMLOCK",
		fails:       true,
	},
	{
		// fs/proc/base.c, __set_oom_adj(): asks with capable() for a lower
		// value than the last one set by the privileged, and then, always,
		// whether the value becomes that bound.
		capability:  unix.CAP_SYS_RESOURCE,
		functions:   []string{"__set_oom_adj"},
		through:     "has_capability_noaudit",
		consequence: "the new oom_score_adj does not become the lower bound for unprivileged writers",
	},
	{
		// fs/proc/base.c, proc_pid_attr_open(): the answer goes nowhere. Writing takes
		// the opener's own memory, whoever may look at others'.
		capability:  unix.CAP_SYS_PTRACE,
		functions:   []string{"proc_pid_attr_open"},
		consequence: "labels of other processes are read all the same",
	},
	{
		// Asked there, too, where the other was refused: kernel/fork.c, may_access_mm(), 6.18.
		capability:  unix.CAP_PERFMON,
		functions:   []string{"proc_pid_attr_open"},
		consequence: "labels of other processes are read all the same",
	},
	{
		// Reserved blocks: fs/ext4/balloc.c, fs/ext2/balloc.c, fs/f2fs/f2fs.h,
		// fs/jffs2/nodemgmt.c, fs/ubifs/budget.c, asked when the file system is
		// nearly full.
		capability: unix.CAP_SYS_RESOURCE,
		functions: []string{"ext4_has_free_clusters", "ext4_claim_free_clusters", "ext4_mb_new_blocks",
			"ext2_new_blocks", "ext2_has_free_blocks", "__allow_reserved_blocks", "inc_valid_block_count",
			"jffs2_rp_can_write", "can_use_rp"},
		consequence: "blocks of the file system that are reserved for root are not used",
		fails:       true,
	},
	{
		// fs/quota/dquot.c, ignore_hardlimit(), inlined into these; of btrfs
		// fs/btrfs/qgroup.c, qgroup_reserve().
		capability:  unix.CAP_SYS_RESOURCE,
		functions:   []string{"ignore_hardlimit", "dquot_add_space", "dquot_add_inodes", "qgroup_reserve"},
		consequence: "disk quotas apply",
		fails:       true,
	},
	{
		// XFS, whenever attributes or flags of a file are changed, quotas or
		// not: fs/xfs/xfs_iops.c, xfs_setattr_nonsize(), and xfs_ioctl.c,
		// xfs_ioctl_setattr_get_trans(). Who may change them was decided before,
		// in fs/attr.c and in vfs_fileattr_set(). Over the quota of a project it
		// is ENOSPC: xfs_trans_dquot.c, xfs_trans_dqresv().
		capability: unix.CAP_FOWNER,
		functions: []string{"xfs_setattr_nonsize", "xfs_vn_setattr", "xfs_ioctl_setattr_get_trans",
			"xfs_fileattr_set"},
		consequence: "disk quotas apply",
		fails:       true,
	},
	{
		// security/integrity/ima/ima_policy.c, ima_match_rules(): which user
		// and group IDs a rule of the policy is compared with.
		capability:  unix.CAP_SETUID,
		functions:   []string{"ima_match_rules", "ima_match_policy"},
		consequence: "rules of the integrity policy are compared with the effective user ID alone",
	},
	{
		capability:  unix.CAP_SETGID,
		functions:   []string{"ima_match_rules", "ima_match_policy"},
		consequence: "rules of the integrity policy are compared with the effective group ID alone",
	},
	{
		// security/selinux/hooks.c, selinux_inode_getsecurity(), by way of
		// has_cap_mac_admin(): each time that a file's label is read.
		capability:  unix.CAP_MAC_ADMIN,
		functions:   []string{"selinux_inode_getsecurity"},
		consequence: "a label that the SELinux policy does not know reads as unlabeled",
	},
	{
		// fs/pipe.c, alloc_pipe_info() through pipe_is_unprivileged_user(),
		// once a user's pipes exceed fs.pipe-user-pages-soft; beyond
		// fs.pipe-user-pages-hard there are no more.
		capability:  unix.CAP_SYS_RESOURCE,
		functions:   []string{"alloc_pipe_info", "pipe_is_unprivileged_user"},
		consequence: "new pipes get smaller buffers",
		fails:       true,
	},
	{
		capability:  unix.CAP_SYS_ADMIN,
		functions:   []string{"alloc_pipe_info", "pipe_is_unprivileged_user"},
		consequence: "new pipes get smaller buffers",
		fails:       true,
	},
}

// IdleMask is the set of capabilities for which Checks.Idle matters, bit n for capability n.
func IdleMask() uint64 {
	var mask uint64
	for _, p := range probes {
		if p.onlyIdle {
			mask |= 1 << p.capability
		}
	}
	return mask
}

// probeAt is the row of the table that the call site falls under, nil for none.
func probeAt(row Checks, site Site) *probe {
	for i, p := range probes {
		if p.capability == row.Capability && slices.Contains(p.functions, site.Function()) &&
			(p.through == "" || site.through(p.through)) && (!p.onlyIdle || row.Idle) {
			return &probes[i]
		}
	}
	return nil
}

// advisory is the consequence of refusing a row's capability at a call site,
// "" when the program needs it there.
func advisory(row Checks, site Site) string {
	if p := probeAt(row, site); p != nil {
		return p.consequence
	}
	if inExec(site.Function()) && row.Capability != unix.CAP_SYS_PTRACE {
		return "execve goes on all the same"
	}
	return ""
}

// hindered: a probe was refused, and calls with that in them failed as they do where its consequence is
// too much.
func (a *analysis) hindered(row Checks, site Site) bool {
	p := probeAt(row, site)
	return p != nil && p.fails && row.Verdict != Granted && slices.ContainsFunc(a.o.Outcomes,
		func(o Outcome) bool {
			return o.Capability == row.Capability && o.Verdict == row.Verdict && o.Syscall == row.Syscall &&
				(o.Kind == site.Kind || o.Kind == 0) && Classify(o.Return) == OtherFailure &&
				ForWant(o.Capability, o.Syscall.Name, o.Return)
		})
}

// inExec tells checks that execve makes to set up credentials
// (security/commoncap.c, cap_bprm_creds_from_file()): refused or granted, the
// program is executed all the same. SYS_PTRACE it asks of a tracer, by
// ptracer_capable(), when a traced program is to gain privileges by its file: if
// that is refused, it gains none.
func inExec(function string) bool {
	return function == "cap_bprm_creds_from_file" || function == "security_bprm_creds_from_file"
}
