package tracer

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// Backend is a way to watch cap_capable.
type Backend string

// The backends, in the order auto tries them.
const (
	// Fentry attaches fexit programs to cap_capable and security_capable. It
	// sees everything: the CAP_OPT flags and other security modules' refusals.
	Fentry Backend = "fentry"
	// Tracepoint uses the cap_capable tracepoint of Linux 6.14 and later.
	Tracepoint Backend = "tracepoint"
	// Kprobe uses a kprobe and a kretprobe on cap_capable.
	Kprobe Backend = "kprobe"
)

// Backends lists them in the order auto tries them on kernels that are not
// preemptible.
var Backends = []Backend{Fentry, Tracepoint, Kprobe}

// autoOrder is the order for the running kernel. Where a task can be preempted
// inside of a fexit program, the kernel skips the program for whoever runs next
// on that CPU. Kprobes run with preemption off; so do tracepoints up to 6.19.
// They are skipped only while somebody's bpf(2) is preempted, which is rare, but
// is not counted before 6.7 (kernel/trace/bpf_trace.c, trace_call_bpf()).
func autoOrder() []Backend {
	switch {
	case preemptibleTracepoints():
		return []Backend{Kprobe, Fentry, Tracepoint}
	case since(6, 7) && preemptible():
		return []Backend{Kprobe, Tracepoint, Fentry}
	}
	return Backends
}

// skipsUntold: the kernel can keep a check from the backend without counting
// it. On preemptible kernels before 6.2 a task's storage cannot even be looked
// up while another was preempted in the midst of that
// (kernel/bpf/bpf_task_storage.c, bpf_task_storage_get()).
func (b Backend) skipsUntold() bool {
	return (!since(6, 2) || b == Kprobe && !since(6, 7)) && preemptible()
}

// preemptibleTracepoints: Linux 7.0 and later. What is asked of a kernel is
// tried; this cannot be, so the version has to tell.
func preemptibleTracepoints() bool { return since(7, 0) }

// ParseBackend reads the argument of --backend; "auto" and "" give all.
func ParseBackend(name string) ([]Backend, error) {
	if name == "" || name == "auto" {
		return autoOrder(), nil
	}
	if b := Backend(name); slices.Contains(Backends, b) {
		return []Backend{b}, nil
	}
	return nil, fmt.Errorf("unknown backend %q: choose auto, fentry, tracepoint or kprobe", name)
}

// trackPrograms follow the tree, whatever the backend.
var trackPrograms = []string{"on_newtask", "on_fork", "on_exec", "on_exit", "on_sys_exit"}

// preemptedPrograms help them where tracepoints can be preempted: the first
// cannot be, the twins see what the others miss.
var preemptedPrograms = []string{"on_wakeup_new", "on_exec" + twin, "on_sys_exit" + twin}

const twin = "_twin"

// adoptPrograms are for what runs already: two iterators, and what
// watches a control group.
var adoptPrograms = []string{"adopt_tree", "adopt_group", "on_group_made", "on_moved"}

// checkPrograms are the BPF programs of each backend; the rest are shared.
var checkPrograms = map[Backend][]string{
	Fentry: {"fexit_cap_capable", "fexit_security_capable", "fentry_security_capset",
		"fentry_ptrace_access", "fentry_setscheduler", "fentry_setioprio", "fentry_setnice"},
	Tracepoint: {"tp_cap_capable"},
	Kprobe: {"kprobe_cap_capable", "kretprobe_cap_capable", "kretprobe_security_capable",
		"kprobe_security_capset",
		"kprobe_ptrace_access", "kprobe_setscheduler", "kprobe_setioprio", "kprobe_setnice"},
}

// knowsOptions: cap_capable's opts argument is visible.
func (b Backend) knowsOptions() bool { return b != Tracepoint }

// knowsInlined: the tracepoint is inside of cap_capable's body, wherever the
// compiler puts that.
func (b Backend) knowsInlined() bool { return b == Tracepoint }

// knowsLSM: a refusal by another security module is visible.
func (b Backend) knowsLSM() bool { return b != Tracepoint }

// concludes: the kernel functions that grant without a check cannot be attached
// to, so that it is concluded from the system calls.
func (b Backend) concludes() bool { return b == Tracepoint }

// interruptsOff: the programs that see checks run with interrupts off.
func (b Backend) interruptsOff() bool { return b == Kprobe && runtime.GOARCH == "arm64" }

// BackendError tells why one backend could not be used.
type BackendError struct {
	Backend Backend
	// Stage is open, load or attach.
	Stage string
	Err   error
	// Log is what libbpf and the verifier said.
	Log string
}

func (e *BackendError) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.Backend, e.Stage, e.Err)
}

func (e *BackendError) Unwrap() error { return e.Err }

// tellingLines mark lines of libbpf's log that say more than an errno, the
// best first.
var tellingLines = []string{"unknown func", "not found", "not supported", "BPF program load failed",
	"failed to"}

// verdict is why the verifier refused a program, "" if it did not say: its last word, which
// print_verification_stats() of kernel/bpf/verifier.c (5.15 to 6.17) follows with "processed N insns".
func verdict(lines []string) string {
	for i, line := range lines {
		if i > 0 && strings.HasPrefix(line, "processed ") && !strings.HasPrefix(lines[i-1], "libbpf: ") {
			return strings.TrimSpace(lines[i-1])
		}
	}
	return ""
}

// reason is the log's most telling line, or the error itself.
func (e *BackendError) reason() string {
	lines := strings.Split(e.Log, "\n")
	if said := verdict(lines); said != "" {
		return said
	}
	for _, sign := range tellingLines {
		for _, line := range lines {
			if strings.Contains(line, sign) {
				return strings.TrimPrefix(strings.TrimSpace(line), "libbpf: ")
			}
		}
	}
	return e.Err.Error()
}
