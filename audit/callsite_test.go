package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestAsker(t *testing.T) {
	for name, c := range map[string]struct {
		frames []string
		want   string
	}{
		"no frames":            {nil, ""},
		"nothing but plumbing": {[]string{"cap_capable", "security_capable", "capable"}, ""},
		"the caller of capable": {[]string{"cap_capable", "security_capable", "capable", "path_mount",
			"do_mount"}, "path_mount"},
		"the caller of an inlined capable": {[]string{"path_mount", "do_mount"}, "path_mount"},
		"a clone":                          {[]string{"cap_capable", "path_mount.isra.0"}, "path_mount"},
		"a clone of a clone":               {[]string{"path_mount.part.0.constprop.0.cold"}, "path_mount"},
		"a clone of the plumbing":          {[]string{"ns_capable_common.part.0", "inet_bind"}, "inet_bind"},
		"a module's function": {[]string{"cap_capable", "fuse_allow_current_process [fuse]"},
			"fuse_allow_current_process"},
		"a clone in a module": {[]string{"cap_capable", "nfs_get_root.isra.0 [nfs]"}, "nfs_get_root"},
		"above a BPF trampoline": {[]string{"bpf_prog_0123456789abcdef_fexit_cap_capable",
			"bpf_trampoline_6442513408_1", "cap_capable", "capable", "inet_bind"}, "inet_bind"},
		"above a raw tracepoint": {[]string{"bpf_prog_0123456789abcdef_tp_cap_capable", "bpf_trace_run5",
			"__bpf_trace_cap_capable", "__traceiter_cap_capable", "cap_capable", "inet_bind"}, "inet_bind"},
		"above a kretprobe": {[]string{"arch_rethook_trampoline", "security_capable", "capable", "inet_bind"},
			"inet_bind"},
		"a check of an inode's owner": {[]string{"cap_capable", "capable_wrt_inode_uidgid",
			"inode_owner_or_capable", "setattr_prepare"}, "setattr_prepare"},
		"a socket's": {[]string{"cap_capable", "ns_capable", "sockopt_ns_capable", "sk_setsockopt"},
			"sk_setsockopt"},
		"netlink's": {[]string{"cap_capable", "ns_capable", "__netlink_ns_capable", "netlink_net_capable",
			"rtnetlink_rcv_msg"}, "rtnetlink_rcv_msg"},
		"a BPF token's": {[]string{"cap_capable", "ns_capable", "bpf_ns_capable", "bpf_token_capable",
			"map_create"}, "map_create"},
		"a function that only begins like one": {[]string{"cap_capable", "capable_of_anything"},
			"capable_of_anything"},
		"an address where there was no name": {[]string{"cap_capable", "0xffffffff81234567"},
			"0xffffffff81234567"},
		"plumbing again above the asker": {[]string{"cap_capable", "path_mount", "capable"}, "path_mount"},
		"the bpf system call, loading": {[]string{"cap_capable", "ns_capable", "bpf_token_capable",
			"bpf_prog_load", "__sys_bpf"}, "bpf_prog_load"},
		"the bpf system call, attaching": {[]string{"cap_capable", "ns_capable", "bpf_prog_attach",
			"__sys_bpf"}, "bpf_prog_attach"},
		"the bpf system call, finding programs": {[]string{"cap_capable", "capable", "bpf_prog_get_fd_by_id",
			"__sys_bpf"}, "bpf_prog_get_fd_by_id"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Site{Frames: c.frames}).Function(); got != c.want {
				t.Errorf("Function() = %q, want %q", got, c.want)
			}
		})
	}
}

func TestThrough(t *testing.T) {
	for name, c := range map[string]struct {
		frames  []string
		wrapper string
		want    bool
	}{
		"no frames": {nil, "capable", false},
		"the wrapper": {[]string{"cap_capable", "has_capability_noaudit", "__set_oom_adj"},
			"has_capability_noaudit", true},
		"a clone of it": {[]string{"cap_capable", "has_capability_noaudit.part.0", "__set_oom_adj"},
			"has_capability_noaudit", true},
		"another one": {[]string{"cap_capable", "capable", "__set_oom_adj"}, "has_capability_noaudit", false},
		"only above the asker": {[]string{"cap_capable", "capable", "__set_oom_adj",
			"has_capability_noaudit"}, "has_capability_noaudit", false},
		"among others": {[]string{"cap_capable", "security_capable", "has_capability_noaudit",
			"has_ns_capability", "f"}, "has_capability_noaudit", true},
		"not the asker itself":  {[]string{"cap_capable", "path_mount"}, "path_mount", false},
		"without any asker yet": {[]string{"cap_capable", "capable"}, "capable", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Site{Frames: c.frames}).through(c.wrapper); got != c.want {
				t.Errorf("through(%s) = %t", c.wrapper, got)
			}
		})
	}
}

// Frames come out of the kernel, but a kernel module can be called anything.
func FuzzAsker(f *testing.F) {
	for _, frames := range []string{
		"", "\n", "cap_capable\ncapable\npath_mount.isra.0", "bpf_prog_\n.\n \n.x [y]",
		"cap_capable [x]\n\x00\xff",
		strings.Repeat("capable\n", 100),
	} {
		f.Add(frames, "capable")
	}
	f.Fuzz(func(t *testing.T, text, wrapper string) {
		s := Site{Frames: strings.Split(text, "\n")}
		asker := s.Function()
		if strings.ContainsAny(asker, ". ") {
			t.Errorf("Function() = %q has a variant or module", asker)
		}
		if asker != "" && (isPlumbing(asker) || !slices.ContainsFunc(s.Frames,
			func(frame string) bool { return strings.HasPrefix(frame, asker) })) {
			t.Errorf("Function() = %q is plumbing or no frame", asker)
		}
		if s.through(wrapper) && !isPlumbing(wrapper) {
			t.Errorf("through(%q), which is no plumbing", wrapper)
		}
	})
}

func TestCallSites(t *testing.T) {
	for name, c := range map[string]struct {
		rows []Checks
		want []CallSite
	}{
		"none looked at": {
			rows: []Checks{row(1, Granted, sysOpenat, 5)},
		},
		"every check looked at": {
			rows: []Checks{row(1, Granted, sysOpenat, 5, asked("may_open", 2), asked("do_dentry_open", 3))},
			want: []CallSite{
				{Function: "do_dentry_open", Syscall: sysOpenat, Checks: 3},
				{Function: "may_open", Syscall: sysOpenat, Checks: 2},
			},
		},
		"two ways to the same function": {
			rows: []Checks{row(1, Granted, sysOpenat, 5, asked("may_open", 2),
				through("ns_capable", "may_open.isra.0", 3))},
			want: []CallSite{{Function: "may_open", Syscall: sysOpenat, Checks: 5}},
		},
		"one function in rows and system calls": {
			rows: []Checks{
				row(1, Granted, sysOpenat, 1, asked("may_open", 1)),
				row(1, Granted, sysChown, 2, asked("may_open", 2)),
				row(1, Refused, sysOpenat, 4, asked("may_open", 4)),
			},
			want: []CallSite{
				{Function: "may_open", Syscall: sysOpenat, Checks: 5},
				{Function: "may_open", Syscall: sysChown, Checks: 2},
			},
		},
		"sampled, always the same": {
			rows: []Checks{row(1, Granted, sysOpenat, 1000, asked("may_open", 16))},
			want: []CallSite{{Function: "may_open", Syscall: sysOpenat, Checks: 1000, Sampled: true}},
		},
		"sampled, in two places": {
			rows: []Checks{row(1, Granted, sysOpenat, 1000, asked("may_open", 10),
				asked("do_dentry_open", 21))},
			want: []CallSite{
				{Function: "do_dentry_open", Syscall: sysOpenat, Checks: 21, Sampled: true},
				{Function: "may_open", Syscall: sysOpenat, Checks: 10, Sampled: true},
			},
		},
		"a sampled row makes a sampled function": {
			rows: []Checks{
				row(1, Granted, sysOpenat, 3, asked("may_open", 3)),
				row(1, Refused, sysOpenat, 100, asked("may_open", 10), asked("do_dentry_open", 1)),
			},
			want: []CallSite{
				{Function: "may_open", Syscall: sysOpenat, Checks: 13, Sampled: true},
				{Function: "do_dentry_open", Syscall: sysOpenat, Checks: 1, Sampled: true},
			},
		},
		"a walk that came to no function is no call site": {
			rows: []Checks{row(1, Granted, sysOpenat, 5, asked("may_open", 2),
				Site{Frames: []string{"cap_capable"}, Samples: 3})},
			want: []CallSite{{Function: "may_open", Syscall: sysOpenat, Checks: 2}},
		},
		"equally frequent ones by name, then by system call": {
			rows: []Checks{
				row(1, Granted, sysOpenat, 2, asked("b", 1), asked("a", 1)),
				row(1, Granted, sysChown, 1, asked("b", 1)),
			},
			want: []CallSite{
				{Function: "a", Syscall: sysOpenat, Checks: 1},
				{Function: "b", Syscall: sysChown, Checks: 1},
				{Function: "b", Syscall: sysOpenat, Checks: 1},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Analyze(observe(c.rows...)).Required[0].CallSites,
				emptyIsNil); diff != "" {
				t.Errorf("call sites (-want +got):\n%s", diff)
			}
		})
	}
}

// Below an overlay one function asks both of the program's own credentials
// and of those that the kernel put in their place. The rows come in the order
// of the kernel's hash table, which is another in each run.
func TestCallSitesDoNotDependOnTheOrderOfRows(t *testing.T) {
	plain := row(unix.CAP_DAC_OVERRIDE, Granted, sysOpenat, 1, asked("inode_permission", 1))
	plain.Scope, plain.Credentials.Nested = ScopeNested, true
	there, back := []Checks{plain, overridden(plain)}, []Checks{overridden(plain), plain}
	if diff := cmp.Diff(Analyze(observe(there...)).Nested, Analyze(observe(back...)).Nested); diff != "" {
		t.Errorf("nested (-one way +the other):\n%s", diff)
	}
}
