package audit

import "slices"

// decisions are functions that ask without audit and are no probes, each with
// the reason why. They count as needs, as all that is not in probes does; the
// table says that they have been looked at, in 6.1, 6.12, 6.18 and 7.3, so that
// neither scripts/unjudged nor a report asks about them.
var decisions = map[string]string{
	// kernel/seccomp.c, seccomp_prepare_filter().
	"seccomp_prepare_filter": "without it and no_new_privs a filter is refused with EACCES",
	// security/landlock/syscalls.c, landlock_restrict_self().
	"__do_sys_landlock_restrict_self": "without it and no_new_privs it fails with EPERM",
	// io_uring/register.c, 7.3.
	"io_register_restrictions_task": "without it and no_new_privs it fails with EACCES",
	"io_register_bpf_filter_task":   "without it and no_new_privs it fails with EACCES",
	// crypto/af_alg.c, af_alg_check_restriction(), 7.3; SYS_ADMIN will do, too,
	// and is asked second.
	"af_alg_capable": "an algorithm that crypto.af_alg_restrict keeps from others is refused",

	// fs/namespace.c, 6.8: asked only where the mount is out of the caller's
	// reach or in another mount namespace.
	"__do_sys_statmount": "EPERM",
	"do_statmount":       "EPERM",
	"__do_sys_listmount": "ENOENT",
	"do_listmount":       "EPERM",
	// fs/namespace.c, __lookup_next_mnt_ns() of 6.12, since then
	// get_sequential_mnt_ns(): for NS_MNT_GET_NEXT and NS_MNT_GET_PREV.
	"__lookup_next_mnt_ns":  "a mount namespace is passed over, so that the caller cannot open it",
	"get_sequential_mnt_ns": "a mount namespace is passed over, so that the caller cannot open it",
	// fs/nsfs.c of 6.12, kernel/nscommon.c of 7.3: those two requests, file
	// handles of namespaces, and which of them listns() lists.
	"may_see_all_namespaces": "EPERM",

	// kernel/ptrace.c, ptrace_access_vm(), since 7.3 ptracer_access_allowed();
	// arch/arm64/kernel/mte.c, access_remote_tags(). Of the tracer, when the
	// traced program may not be dumped.
	"ptrace_access_vm":       "the memory of the traced process can be neither read nor written",
	"ptracer_access_allowed": "the memory of the traced process can be neither read nor written",
	"access_remote_tags":     "the memory tags of the traced process can be neither read nor written",

	// security/apparmor/domain.c, 6.12 and 7.3; in 6.18 aa_change_profile() itself.
	"is_profile_priv_restricted_to_stack": "the profile is not changed, but stacked",
	"aa_change_profile":                   "the profile is not changed, but stacked",
	// security/apparmor/resource.c: asks the profile, not cap_capable().
	"aa_task_setrlimit": "no check of the kernel's own",

	// security/selinux/hooks.c, by has_cap_mac_admin(); selinux_setprocattr() in
	// 6.1, selinux_lsm_setattr() in 6.12 and later.
	"selinux_inode_setxattr": "a label that the policy does not know is refused with EINVAL",
	"selinux_setprocattr":    "a label that the policy does not know is refused with EINVAL",
	"selinux_lsm_setattr":    "a label that the policy does not know is refused with EINVAL",
	// The same file: asks the policy, not cap_capable().
	"selinux_vm_enough_memory": "no check of the kernel's own",
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
	if decisions[function] != "" || isPlumbing(function) || inExec(function) {
		return true
	}
	return slices.ContainsFunc(probes, func(p probe) bool { return slices.Contains(p.functions, function) })
}
