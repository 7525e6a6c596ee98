package tracer

import "syscall"

// Ignores reports whether the first process ignores a signal since this process was
// started with it ignored, and not by its own will. Nobody can have meant that the
// auditor heeds it and the target does not.
func (a *Audit) Ignores(sig syscall.Signal) bool { return ignores(a.process.pid, sig) }

func ignores(pid int, sig syscall.Signal) bool { return IgnoredAtStart(sig) && deaf(pid, sig) }

// Deaf reports whether the first process ignores a signal, whoever wanted that.
func (a *Audit) Deaf(sig syscall.Signal) bool { return deaf(a.process.pid, sig) }

// deaf: fs/proc/array.c, task_sig().
func deaf(pid int, sig syscall.Signal) bool { return statusOf(pid).set("SigIgn")>>(sig-1)&1 != 0 }
