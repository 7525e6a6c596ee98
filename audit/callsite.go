package audit

import (
	"strings"

	"github.com/cap-audit/cap-audit/lazy"
)

// plumbing are the kernel's wrappers around a capability check: who called
// them asked. Names as of Linux 5.15 to 7.3, kernel/capability.c and
// security/ unless said otherwise.
var plumbing = map[string]bool{
	"cap_capable":                      true,
	"cap_capable_helper":               true, // 6.14
	"security_capable":                 true,
	"capable":                          true,
	"ns_capable":                       true,
	"ns_capable_common":                true,
	"ns_capable_noaudit":               true,
	"capable_noaudit":                  true, // 7.3
	"ns_capable_setid":                 true,
	"has_capability":                   true,
	"has_ns_capability":                true,
	"has_ns_capability_noaudit":        true,
	"has_capability_noaudit":           true,
	"file_ns_capable":                  true,
	"capable_wrt_inode_uidgid":         true,
	"privileged_wrt_inode_uidgid":      true,
	"ptracer_capable":                  true,
	"bpf_capable":                      true,
	"perfmon_capable":                  true,
	"bpf_token_capable":                true, // kernel/bpf/token.c, 6.9
	"bpf_ns_capable":                   true,
	"inode_owner_or_capable":           true, // fs/inode.c
	"ptrace_has_cap":                   true, // kernel/ptrace.c
	"__ptrace_may_access":              true,
	"ptrace_may_access":                true,
	"cap_ptrace_access_check":          true, // security/commoncap.c
	"security_ptrace_access_check":     true,
	"mm_access":                        true, // kernel/fork.c
	"may_access_mm":                    true, // 6.18
	"proc_mem_open":                    true, // fs/proc/base.c
	"__mem_open":                       true,
	"has_cap_mac_admin":                true, // security/selinux/hooks.c
	"ns_capable_cred":                  true,
	"netlink_capable":                  true, // net/netlink/af_netlink.c
	"netlink_net_capable":              true,
	"netlink_ns_capable":               true,
	"__netlink_ns_capable":             true,
	"sk_capable":                       true, // net/core/sock.c
	"sk_ns_capable":                    true,
	"sk_net_capable":                   true,
	"sockopt_capable":                  true, // 6.1
	"sockopt_ns_capable":               true,
	"arch_rethook_trampoline":          true, // what a kretprobe returns through
	"__kretprobe_trampoline":           true,
	"kretprobe_trampoline":             true,
	"kretprobe_trampoline_handler":     true,
	"arch_rethook_trampoline_callback": true,
	"rethook_trampoline_handler":       true,

	// include/linux/capability.h
	"checkpoint_restore_ns_capable":         true,
	"checkpoint_restore_ns_capable_noaudit": true,
}

// jitted is what the kernel calls a BPF program: its tag, then its name
// (kernel/bpf/core.c, bpf_get_prog_name()). bpf_prog_load() is none.
var jitted = lazy.Regexp(`^bpf_prog_[0-9a-f]{16}(_|$)`)

// plumbingPrefixes name the tracing machinery that the walk begins in.
var plumbingPrefixes = []string{"bpf_trampoline_", "bpf_trace_run", "__bpf_trace_", "__traceiter_",
	"kprobe_", "kretprobe_", "trace_call_bpf", "ftrace_", "optimized_callback", "opt_pre_handler", "aggr_"}

// Function is the one that asked for the capability: the first one above
// the plumbing; "" when the walk did not get that far.
func (s Site) Function() string {
	for _, frame := range s.Frames {
		if !isPlumbing(frame) {
			return trimVariant(frame)
		}
	}
	return ""
}

// through tells whether the asker used that wrapper: it is the plumbing next
// to it, or was inlined.
func (s Site) through(wrapper string) bool {
	for _, frame := range s.Frames {
		if !isPlumbing(frame) {
			return false
		}
		if trimVariant(frame) == wrapper {
			return true
		}
	}
	return false
}

func isPlumbing(frame string) bool {
	name := trimVariant(frame)
	if plumbing[name] || jitted().MatchString(name) {
		return true
	}
	for _, prefix := range plumbingPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// trimVariant takes off what compilers add to a clone of a function
// (path_mount.isra.0, do_mount.constprop.0) and the module after a space.
func trimVariant(frame string) string {
	frame, _, _ = strings.Cut(frame, " ")
	frame, _, _ = strings.Cut(frame, ".")
	return frame
}
