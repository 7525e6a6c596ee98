package report

import (
	"fmt"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// VerboseCheck is the line that --verbose prints for a capability check. The
// name of the process comes last, for it may contain anything; what is not
// printable is escaped.
func VerboseCheck(pid, capability int, granted bool, syscall, comm string) string {
	result := "DENIED"
	if granted {
		result = "GRANTED"
	}
	return fmt.Sprintf("[CAP] pid=%d cap=%s result=%s syscall=%s comm=%s",
		pid, capng.Name(capability), result, printable(syscall), printable(comm))
}

// VerboseCapset is the line for a successful capset.
func VerboseCapset(pid int, s audit.Sets) string {
	return fmt.Sprintf("[CAPSET] pid=%d effective=%s permitted=%s inheritable=%s",
		pid, capng.Numeric(s.Effective), capng.Numeric(s.Permitted), capng.Numeric(s.Inheritable))
}

// VerboseDrop is the line for the first drop of the first process.
const VerboseDrop = "[CAP] Capability drop detected (capset from initial PID); switching to operational phase"

// VerboseSyscall is the line for the return of a system call in which checks
// were refused: ret as the kernel has it, denied as a set.
func VerboseSyscall(pid int, syscall string, ret int, denied uint64) string {
	return fmt.Sprintf("[SYSCALL] pid=%d syscall=%s return=%d denied_caps=%s",
		pid, printable(syscall), ret, capng.Numeric(denied))
}
