package tracer

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Ignores reports whether the first process ignores a signal (fs/proc/array.c,
// task_sig()).
func (a *Audit) Ignores(sig syscall.Signal) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.process.pid))
	if err != nil {
		return false
	}
	var ignored uint64
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "SigIgn:\t%x", &ignored)
	}
	return ignored>>(sig-1)&1 != 0
}
