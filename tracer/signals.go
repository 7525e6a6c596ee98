package tracer

import "syscall"

// Ignores reports whether the first process ignores a signal (fs/proc/array.c,
// task_sig()).
func (a *Audit) Ignores(sig syscall.Signal) bool {
	return statusOf(a.process.pid).set("SigIgn")>>(sig-1)&1 != 0
}
