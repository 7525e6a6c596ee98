package audit

import "slices"

// probe is a place where the kernel asks for a capability, but not to decide
// whether the program may go on.
type probe struct {
	capability int
	// functions that ask; more than one where compilers inline differently
	functions []string
	// consequence of a refusal, as the reader is told
	consequence string
}

// Numbers of uapi/linux/capability.h.
const (
	capSysAdmin = 21
	capSyslog   = 34
)

// probes is the table of advisory call sites. A site that is not in it counts
// as a need: a capability too many is found by --minimize, one too few by the
// user.
var probes = []probe{
	{
		// security/commoncap.c, cap_vm_enough_memory(), all kernels; inlined
		// into its caller in security/security.c in some builds. Since 6.18
		// also asked for the memory of a clone.
		capSysAdmin, []string{"cap_vm_enough_memory", "security_vm_enough_memory_mm", "__vm_enough_memory"},
		"memory kept in reserve for administrators is not used",
	},
	{
		// security/commoncap.c, cap_capset() through cap_inh_is_capped():
		// asked by every capset, heeded only when inheritable capabilities
		// are added that are not permitted.
		capSetpcap, []string{"cap_capset", "cap_inh_is_capped", "security_capset"},
		"inheritable capabilities cannot be added beyond the permitted ones",
	},
	{
		// kernel/ksyms_common.c (kernel/kallsyms.c before 6.5),
		// kallsyms_show_value(); lib/vsprintf.c, restricted_pointer().
		capSyslog, []string{"kallsyms_show_value", "restricted_pointer"},
		"kernel addresses read as zeros",
	},
	{
		// fs/xattr.c simple_xattr_list(), and the list method of the
		// trusted.* handlers: who lacks it is not shown those names.
		capSysAdmin, []string{"simple_xattr_list", "ext4_xattr_trusted_list", "shmem_listxattr", "xfs_xattr_put_listent"},
		"trusted.* extended attributes are left out of the list",
	},
}

// ProbeMask is the set of capabilities that have advisory call sites, bit n
// for capability n: of these every single check's call site must be known.
func ProbeMask() uint64 {
	var mask uint64
	for _, p := range probes {
		mask |= 1 << p.capability
	}
	return mask
}

// advisory is the consequence of refusing a capability at a call site, "" when
// the program needs it there.
func advisory(capability int, function string) string {
	for _, p := range probes {
		if p.capability == capability && slices.Contains(p.functions, function) {
			return p.consequence
		}
	}
	return ""
}

// inExec tells checks that execve makes to set up credentials
// (security/commoncap.c, cap_bprm_creds_from_file()): refused or granted, the
// program is executed all the same.
func inExec(function string) bool {
	return function == "cap_bprm_creds_from_file" || function == "security_bprm_creds_from_file"
}
