package tracer

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// atMaps is raised for what reads or writes maps. On a preemptible kernel no ordinary task
// comes in between: while such a bpf(2) is under way kprobes run no programs on that CPU
// (kernel/bpf/syscall.c, bpf_map_copy_value(); kernel/trace/bpf_trace.c,
// trace_call_bpf()), and others of the tree would not be seen for as long as it is
// preempted. Without CAP_SYS_NICE it is done all the same.
func atMaps(step func() error) error {
	return raised(func() error {
		if !preemptible() {
			return step()
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if was, err := unix.SchedGetAttr(0, 0); err == nil {
			urgent := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}
			if unix.SchedSetAttr(0, urgent, 0) == nil {
				defer unix.SchedSetAttr(0, was, 0)
			}
		}
		return step()
	})
}
