package report

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// Every setting that is said to bear on a capability exists.
func TestRelationsNameSettings(t *testing.T) {
	for _, r := range relations {
		if sysctl(r.key) == r.key {
			t.Errorf("%q is no key of audit.SysctlKeys", r.key)
		}
	}
}

func TestRelations(t *testing.T) {
	for _, c := range []struct {
		capability int
		key        string
		value      int
		want       int
	}{
		{unix.CAP_SYS_PTRACE, "yama_ptrace_scope", 0, 0},
		{unix.CAP_SYS_PTRACE, "yama_ptrace_scope", 3, 1},
		{unix.CAP_SYS_PTRACE, "yama_ptrace_scope", -1, 0},
		{unix.CAP_SYS_PTRACE, "fs_suid_dumpable", 1, 0},
		{unix.CAP_SYS_PTRACE, "fs_suid_dumpable", 2, 1},
		{unix.CAP_PERFMON, "perf_event_paranoid", 1, 0},
		{unix.CAP_PERFMON, "perf_event_paranoid", 2, 1},
		{unix.CAP_PERFMON, "perf_event_paranoid", 4, 1},
		{unix.CAP_BPF, "unprivileged_bpf_disabled", 1, 1},
		{unix.CAP_BPF, "unprivileged_bpf_disabled", 2, 0},
		{unix.CAP_SYSLOG, "kptr_restrict", 0, 0},
		{unix.CAP_SYSLOG, "kptr_restrict", 2, 1},
		{unix.CAP_SYSLOG, "dmesg_restrict", 1, 1},
		{unix.CAP_SYS_MODULE, "modules_disabled", 1, 1},
		{unix.CAP_SYS_RAWIO, "vm_mmap_min_addr", 0, 0},
		{unix.CAP_SYS_RAWIO, "vm_mmap_min_addr", 65536, 1},
		{unix.CAP_FOWNER, "fs_protected_hardlinks", 1, 1},
		{unix.CAP_FOWNER, "fs_protected_hardlinks", 0, 0},
		{unix.CAP_SYS_RAWIO, "fs_protected_hardlinks", 1, 0},
	} {
		d := NewDocument(&audit.Findings{
			System:   audit.SystemContext{Sysctls: map[string]int{c.key: c.value}},
			Required: []audit.Capability{{Number: c.capability}},
		})
		if got := relatedCapabilities(related(d)); got != c.want {
			t.Errorf("capability %d with %s = %d: %d related, want %d", c.capability, c.key, c.value, got,
				c.want)
		}
	}
}
