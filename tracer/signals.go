package tracer

import "syscall"

// Ignores reports whether the first process ignores a signal since this process was
// started with it ignored, and not by its own will. Nobody can have meant that the
// auditor heeds it and the target does not.
func (a *Audit) Ignores(sig syscall.Signal) bool { return ignores(a.process.pid, sig) }

// ignores: fs/proc/array.c, task_sig().
func ignores(pid int, sig syscall.Signal) bool {
	return IgnoredAtStart(sig) && statusOf(pid).set("SigIgn")>>(sig-1)&1 != 0
}
