package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestLessers(t *testing.T) {
	site := func(function string, checks uint64) CallSite {
		return CallSite{Function: function, Checks: checks}
	}
	for name, c := range map[string]struct {
		number  int
		checks  uint64
		sites   []CallSite
		capsets uint64
		want    bool
	}{
		"only there": {number: unix.CAP_SYS_ADMIN, checks: 2, sites: []CallSite{site("ioprio_check_cap", 2)},
			want: true},
		"inlined, too": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 1), site("__do_sys_ioprio_set", 1)}, want: true},
		"elsewhere, too": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 1), site("path_mount", 1)}},
		"elsewhere": {number: unix.CAP_SYS_ADMIN, checks: 2, sites: []CallSite{site("path_mount", 2)}},
		"one of unknown origin": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 1)}},
		"nothing known": {number: unix.CAP_SYS_ADMIN, checks: 2},
		"a sample": {number: unix.CAP_SYS_ADMIN, checks: 2, sites: []CallSite{{Function: "ioprio_check_cap",
			Checks: 2, Sampled: true}}},
		"another capability": {number: unix.CAP_CHOWN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 2)}},
		"asked for by a capset": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 2)}, capsets: 1},
		"the lesser one, by 5.15": {number: unix.CAP_SYS_NICE, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 2)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Findings{CapsetCalls: c.capsets, Required: []Capability{{Number: c.number,
				Tally: Tally{Granted: c.checks}, CallSites: c.sites}}}
			var want []Lesser
			recommended := uint64(1) << c.number
			if c.want {
				want, recommended = []Lesser{{unix.CAP_SYS_ADMIN, unix.CAP_SYS_NICE}}, 1<<unix.CAP_SYS_NICE
			}
			if diff := cmp.Diff(want, f.Lessers()); diff != "" {
				t.Error(diff)
			}
			if got := f.Recommended(); got != recommended {
				t.Errorf("recommended %#x, want %#x", got, recommended)
			}
		})
	}
}

// To read how another process's memory is laid out PERFMON is enough, where the
// kernel knows that; to read the memory itself it is not.
func TestLesserThanPtrace(t *testing.T) {
	maps := []string{"cap_capable", "ns_capable", "__ptrace_may_access", "ptrace_may_access", "mm_access",
		"proc_mem_open", "pid_maps_open", "do_dentry_open"}
	for name, c := range map[string]struct {
		kernel string
		frames []string
		want   int
	}{
		"6.18":              {"6.18.5+deb13-amd64", maps, unix.CAP_PERFMON},
		"6.18 by its name":  {"6.18", maps, unix.CAP_PERFMON},
		"7.3":               {"7.3.4", maps, unix.CAP_PERFMON},
		"10.0":              {"10.0", maps, unix.CAP_PERFMON},
		"6.12":              {"6.12.43+deb13-amd64", maps, unix.CAP_SYS_PTRACE},
		"5.19":              {"5.19.0", maps, unix.CAP_SYS_PTRACE},
		"an unknown kernel": {"unknown", maps, unix.CAP_SYS_PTRACE},
		"memory":            {"6.18.5", append(maps[:6:6], "mem_open"), unix.CAP_SYS_PTRACE},
		"process_vm_readv":  {"6.18.5", append(maps[:5:5], "process_vm_rw_core"), unix.CAP_SYS_PTRACE},
		"/proc/PID/exe":     {"6.18.5", append(maps[:4:4], "proc_fd_access_allowed"), unix.CAP_SYS_PTRACE},
		"the caller lost":   {"6.18.5", maps[:6], unix.CAP_SYS_PTRACE},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(row(unix.CAP_SYS_PTRACE, Granted, sysOpenat, 3,
				Site{Frames: c.frames, Samples: 3}))
			o.System.KernelVersion = c.kernel
			if got := Analyze(o).Recommended(); got != 1<<c.want {
				t.Errorf("recommended %#x, want capability %d", got, c.want)
			}
		})
	}
}

// A union has what each of its kernels wants.
func TestLessersOfUnion(t *testing.T) {
	on := func(kernel string) *Findings {
		o := observe(row(unix.CAP_SYS_PTRACE, Granted, sysOpenat, 1, asked("pid_maps_open", 1)))
		o.System.KernelVersion = kernel
		return Analyze(o)
	}
	const greater, lesser = 1 << unix.CAP_SYS_PTRACE, 1 << unix.CAP_PERFMON
	for name, c := range map[string]struct {
		union   *Findings
		want    uint64
		lessers int
	}{
		"new":         {union(on("6.18.1"), on("7.3.4")), lesser, 1},
		"new and old": {union(on("6.18.1"), on("6.12.1")), lesser | greater, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.union.Recommended(); got != c.want || len(c.union.Lessers()) != c.lessers {
				t.Errorf("recommended %#x, want %#x; lessers %v", got, c.want, c.union.Lessers())
			}
		})
	}
}

// Without a check the lesser one will do for what it does with one, and is of no
// use where the greater one is needed.
func TestLesserOfTheUnasked(t *testing.T) {
	f := Findings{
		System: SystemContext{KernelVersion: "6.18.1"},
		Required: []Capability{{Number: unix.CAP_SYS_PTRACE, Tally: Tally{Granted: 1},
			CallSites: []CallSite{{Function: "environ_open", Checks: 1}}}},
	}
	if want := uint64(1 << unix.CAP_PERFMON); f.Recommended() != want {
		t.Errorf("%#x, want %#x", f.Recommended(), want)
	}
	reading := UnaskedCall{Syscall: sysOpenat, Count: 1, ReadsMM: true}
	f.Unasked = []UnaskedCapability{{Number: unix.CAP_SYS_PTRACE, Calls: []UnaskedCall{reading}}}
	if want := uint64(1 << unix.CAP_PERFMON); f.Recommended() != want {
		t.Errorf("with a file that was read unasked: %#x, want %#x", f.Recommended(), want)
	}
	f.System.KernelVersion = "6.12.1"
	if want := uint64(1 << unix.CAP_SYS_PTRACE); f.Recommended() != want {
		t.Errorf("before 6.18: %#x, want %#x", f.Recommended(), want)
	}
	f.System.KernelVersion = "6.18.1"
	f.Unasked[0].Calls = append(f.Unasked[0].Calls, UnaskedCall{Syscall: sysReadlink, Count: 1})
	if want := uint64(1 << unix.CAP_SYS_PTRACE); f.Recommended() != want || f.Lessers() != nil {
		t.Errorf("with calls that were not asked for: %#x, want %#x", f.Recommended(), want)
	}
}
