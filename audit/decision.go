package audit

import "slices"

// decision is a place where the kernel asks without audit, and a refusal keeps
// the program from something.
type decision struct {
	// functions that ask; more than one where compilers inline differently, or
	// where it has moved.
	functions []string
	reason    string
}

// decisions are what asks without audit and is no probe. They count as needs, as
// all that is not in probes does; the table says that they have been looked at,
// in 6.1, 6.12, 6.18 and 7.3, so that neither scripts/unjudged nor a report asks
// about them.
var decisions = []decision{
	{
		// kernel/seccomp.c.
		functions: []string{"seccomp_prepare_filter", "seccomp_set_mode_filter", "do_seccomp"},
		reason:    "without it and no_new_privs a filter is refused with EACCES",
	},
	{
		// security/landlock/syscalls.c.
		functions: []string{"__do_sys_landlock_restrict_self", "__se_sys_landlock_restrict_self",
			"__x64_sys_landlock_restrict_self", "__arm64_sys_landlock_restrict_self"},
		reason: "without it and no_new_privs the call fails with EPERM",
	},
	{
		// io_uring/register.c, 7.3.
		functions: []string{"io_register_restrictions_task", "io_register_bpf_filter_task"},
		reason:    "without it and no_new_privs the call fails with EACCES",
	},
	{
		// crypto/af_alg.c, 7.3; SYS_ADMIN will do, too, and is asked second.
		functions: []string{"af_alg_capable", "af_alg_check_restriction"},
		reason:    "an algorithm that crypto.af_alg_restrict keeps from others is refused",
	},
	{
		// fs/namespace.c, 6.8: asked only where the mount is out of the caller's
		// reach or in another mount namespace.
		functions: []string{"do_statmount", "__do_sys_statmount", "__se_sys_statmount", "__x64_sys_statmount",
			"__arm64_sys_statmount", "do_listmount", "__do_sys_listmount", "__se_sys_listmount",
			"__x64_sys_listmount", "__arm64_sys_listmount"},
		reason: "the call fails with EPERM or ENOENT",
	},
	{
		// fs/namespace.c, for NS_MNT_GET_NEXT and NS_MNT_GET_PREV: the first in
		// 6.12, the second in 6.18 and 7.3.
		functions: []string{"__lookup_next_mnt_ns", "get_sequential_mnt_ns"},
		reason:    "a mount namespace is passed over, so that the caller cannot open it",
	},
	{
		// fs/nsfs.c of 6.12, kernel/nscommon.c of 7.3: those two requests, file
		// handles of namespaces, and which of them listns() lists.
		functions: []string{"may_see_all_namespaces", "may_use_nsfs_ioctl", "ns_ioctl"},
		reason:    "the call fails with EPERM, and listns() leaves namespaces out",
	},
	{
		// kernel/ptrace.c, since 7.3 ptracer_access_allowed();
		// arch/arm64/kernel/mte.c. Of the tracer, when the traced program may not
		// be dumped.
		functions: []string{"ptrace_access_vm", "ptracer_access_allowed", "access_remote_tags"},
		reason:    "the memory of the traced process and its tags can be neither read nor written",
	},
	{
		// security/apparmor/domain.c, 6.12 and 7.3; in 6.18 aa_change_profile().
		functions: []string{"is_profile_priv_restricted_to_stack", "priv_restricted_transition",
			"aa_change_profile"},
		reason: "the profile is not changed, but stacked",
	},
	{
		// security/selinux/hooks.c, by has_cap_mac_admin(): selinux_setprocattr()
		// in 6.1, selinux_lsm_setattr() in 6.12 and later.
		functions: []string{"selinux_inode_setxattr", "selinux_setprocattr", "selinux_lsm_setattr"},
		reason:    "a label that the policy does not know is refused with EINVAL",
	},
	{
		// security/apparmor/resource.c, security/selinux/hooks.c: they ask their
		// policy, not cap_capable().
		functions: []string{"aa_task_setrlimit", "selinux_vm_enough_memory"},
		reason:    "that is no check of the kernel's own",
	},
}

// noAudit is CAP_OPT_NOAUDIT of include/linux/security.h, 5.1 to 7.3.
const noAudit = 1 << 1

// maybeProbe tells checks that the kernel did not want audited, by a function
// that is in neither table: where a refusal decides, it is mostly audited.
func maybeProbe(row Checks, function string) bool {
	return row.Options&noAudit != 0 && !Judged(function)
}

// Judged tells whether it is known what it means when this function asks.
func Judged(function string) bool {
	probed := func(p probe) bool { return slices.Contains(p.functions, function) }
	decides := func(d decision) bool { return slices.Contains(d.functions, function) }
	return isPlumbing(function) || inExec(function) || slices.ContainsFunc(probes, probed) ||
		slices.ContainsFunc(decisions, decides)
}
