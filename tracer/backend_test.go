package tracer

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Which comes first is the kernel's matter, but all are tried.
func TestAutoIsEveryBackend(t *testing.T) {
	for _, name := range []string{"", "auto"} {
		got, err := ParseBackend(name)
		if err != nil {
			t.Fatal(err)
		}
		want, got := slices.Sorted(slices.Values(Backends)), slices.Sorted(slices.Values(got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseBackend(%q) (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseBackend(t *testing.T) {
	for name, want := range map[string][]Backend{
		"fentry":     {Fentry},
		"tracepoint": {Tracepoint},
		"kprobe":     {Kprobe},
		"fexit":      nil,
		"Fentry":     nil,
		" kprobe":    nil,
		"fentry,":    nil,
		"\x1b[2J":    nil,
	} {
		got, err := ParseBackend(name)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseBackend(%q) (-want +got):\n%s", name, diff)
		}
		if (err != nil) != (want == nil) {
			t.Errorf("ParseBackend(%q): %v", name, err)
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\x1b\n") ||
			!strings.Contains(err.Error(), "choose auto, fentry, tracepoint or kprobe")) {
			t.Errorf("ParseBackend(%q): %q", name, err)
		}
	}
}

func TestWhatBackendsKnow(t *testing.T) {
	type knows struct{ options, inlined, lsm bool }
	want := map[Backend]knows{
		Fentry:     {options: true, lsm: true},
		Tracepoint: {inlined: true},
		Kprobe:     {options: true, lsm: true},
	}
	got := map[Backend]knows{}
	for _, b := range Backends {
		got[b] = knows{b.knowsOptions(), b.knowsInlined(), b.knowsLSM()}
		if len(checkPrograms[b]) == 0 {
			t.Errorf("%s has no BPF programs", b)
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(knows{})); diff != "" {
		t.Errorf("backends know (-want +got):\n%s", diff)
	}
}

// Logs as libbpf 1.4 to 1.6 and the verifier write them.
func TestReason(t *testing.T) {
	for name, c := range map[string]struct{ log, want string }{
		"nothing said": {"", "operation not permitted"},
		"nothing that tells": {
			"libbpf: loading object 'cap_audit' from buffer\n\n", "operation not permitted"},
		"a helper the kernel lacks, in the verifier's log": {
			`libbpf: prog 'on_sys_exit': BPF program load failed: Invalid argument
libbpf: prog 'on_sys_exit': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
12: (85) call bpf_task_pt_regs#175
unknown func bpf_task_pt_regs#175
processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'on_sys_exit': failed to load: -22
libbpf: failed to load object 'cap_audit'
`, "unknown func bpf_task_pt_regs#175"},
		"a program that the verifier refuses": {
			`libbpf: prog 'on_exec': BPF program load failed: Permission denied
libbpf: prog 'on_exec': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
3: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'on_exec': failed to load: -13
`, "R0 invalid mem access 'map_value_or_null'"},
		"a function the kernel lacks": {
			`libbpf: prog 'kprobe_cap_capable': failed to create kprobe 'cap_capable+0x0' perf event: No such file or directory
libbpf: prog 'kprobe_cap_capable': failed to auto-attach: -2
`, "prog 'kprobe_cap_capable': failed to create kprobe 'cap_capable+0x0' perf event: No such file or directory"},
		"a tracepoint the kernel lacks": {
			`libbpf: prog 'tp_cap_capable': failed to find kernel BTF type ID of 'cap_capable': -3
libbpf: prog 'tp_cap_capable': failed to prepare load attributes: -3
libbpf: prog 'tp_cap_capable': failed to load: -3
libbpf: failed to load object 'cap_audit'
`, "prog 'tp_cap_capable': failed to find kernel BTF type ID of 'cap_capable': -3"},
		"no BTF": {
			`libbpf: kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?
libbpf: failed to find valid kernel BTF
libbpf: Error loading vmlinux BTF: -3
libbpf: failed to load object 'cap_audit'
`, "failed to find valid kernel BTF"},
		"a refused program without a log": {
			`libbpf: prog 'fexit_cap_capable': BPF program load failed: Operation not permitted
libbpf: prog 'fexit_cap_capable': failed to load: -1
`, "prog 'fexit_cap_capable': BPF program load failed: Operation not permitted"},
		"cut off in the middle of a line": {
			"libbpf: prog 'tp_cap_capable': BPF program load failed: Permission denied\nlibbpf: prog " +
				"'tp_cap_c",
			"prog 'tp_cap_capable': BPF program load failed: Permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &BackendError{Backend: Kprobe, Stage: "load", Err: syscall.EPERM, Log: c.log}
			if got := e.reason(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if !errors.Is(e, syscall.EPERM) || e.Error() != "kprobe: load: operation not permitted" {
				t.Errorf("%q", e.Error())
			}
		})
	}
}

// Whatever libbpf and the verifier say, the reason is one line, and never none.
func FuzzReason(f *testing.F) {
	for _, log := range []string{"", "not found", "libbpf: prog 'x': failed to load: -22\n",
		"libbpf: not found\r\n", "unknown func bpf_x#1\nlibbpf: not supported", "\n\n",
		"processed \n", " \nprocessed 1 insns", "x\nprocessed 1 insns"} {
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log string) {
		e := &BackendError{Backend: Fentry, Stage: "load", Err: syscall.EPERM, Log: log}
		reason := e.reason()
		if reason == "" || strings.Contains(reason, "\n") ||
			reason != syscall.EPERM.Error() && !strings.Contains(log, reason) {
			t.Errorf("%q: %q", log, reason)
		}
	})
}
