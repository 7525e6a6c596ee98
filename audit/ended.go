package audit

import (
	"slices"

	"golang.org/x/sys/unix"
)

// endings are the signals that people end a service with.
var endings = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM}

// IsEnding tells a signal that people end a service with, and that --duration sends.
func IsEnding(signal int) bool { return slices.Contains(endings, unix.Signal(signal)) }

// EndedBadly tells an end that is no success. Signals that people end a service with are as good as
// an exit, and so are the exit statuses that stand for them.
func EndedBadly(status, signal int) bool {
	if signal != 0 {
		return !IsEnding(signal)
	}
	return status != 0 && !IsEnding(status-128)
}

// Failed: the run ended badly, or what was to exercise it did.
func (f *Findings) Failed() bool {
	return f.TestFailed != "" || f.EndKnown() && EndedBadly(f.Application.Status, f.Application.Signal)
}
