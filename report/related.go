package report

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// relation is a setting of the host that bears on a capability, and what it
// means for who has that one at the values where it means anything.
type relation struct {
	capability int
	key        string // of audit.SysctlKeys
	meaning    func(value int) string
}

// relations are in the order of the report. The meanings are those of the
// kernel's Documentation/admin-guide/sysctl and Documentation/admin-guide/LSM/Yama.
var relations = []relation{
	{unix.CAP_SYS_PTRACE, "yama_ptrace_scope", func(v int) string {
		switch {
		case v <= 0:
			return ""
		case v == 1:
			return "a process may attach to its own descendants; to attach to others it needs this capability"
		case v == 2:
			return "only a process with this capability may attach to another"
		}
		return "no process may attach to another, even with this capability"
	}},
	{unix.CAP_SYS_PTRACE, "fs_suid_dumpable", from(2, 2,
		"programs that gained privileges leave core dumps for root alone; to attach to them needs this "+
			"capability")},
	{unix.CAP_PERFMON, "perf_event_paranoid", func(v int) string {
		switch {
		case v < 2:
			return ""
		case v == 2:
			return "without this capability a process may measure its own user-space code and nothing else"
		}
		return "without this capability perf_event_open is refused altogether"
	}},
	{unix.CAP_BPF, "unprivileged_bpf_disabled", from(1, 1,
		"bpf is refused without this capability, and that cannot be changed before the next boot")},
	{unix.CAP_SYSLOG, "kptr_restrict", func(v int) string {
		switch {
		case v <= 0:
			return ""
		case v == 1:
			return "kernel addresses read as zeros without this capability"
		}
		return "kernel addresses read as zeros, even with this capability"
	}},
	{unix.CAP_SYSLOG, "dmesg_restrict", atLeast(1, "the kernel log cannot be read without this capability")},
	{unix.CAP_SYS_MODULE, "modules_disabled", from(1, 1,
		"no module can be loaded or removed before the next boot, even with this capability")},
	{unix.CAP_SYS_RAWIO, "vm_mmap_min_addr", func(v int) string {
		if v <= 0 {
			return ""
		}
		return fmt.Sprintf("memory below address %d cannot be mapped without this capability", v)
	}},
	{unix.CAP_FOWNER, "fs_protected_hardlinks", from(1, 1,
		"a hard link to a file of another user that one may not both read and write needs this capability")},
}

func from(low, high int, meaning string) func(int) string {
	return func(v int) string {
		if v < low || v > high {
			return ""
		}
		return meaning
	}
}

func atLeast(low int, meaning string) func(int) string {
	return func(v int) string {
		if v < low {
			return ""
		}
		return meaning
	}
}

// related are the relations that hold on this host for a capability which the
// program used, asked for or was refused.
func related(d *Document) []relation {
	observed := map[int]bool{}
	for _, c := range d.Required {
		observed[c.Number] = true
	}
	for _, c := range d.Unasked {
		observed[c.Number] = true
	}
	for _, c := range d.CapsetOnly {
		observed[c.Number] = true
	}
	for _, c := range d.Denied {
		observed[c.Number] = true
	}
	var list []relation
	for _, r := range relations {
		if observed[r.capability] && r.meaning(d.SystemContext.byKey[r.key]) != "" {
			list = append(list, r)
		}
	}
	return list
}

// relatedCapabilities counts the capabilities in a list of relations.
func relatedCapabilities(list []relation) int {
	seen := map[int]bool{}
	for _, r := range list {
		seen[r.capability] = true
	}
	return len(seen)
}
