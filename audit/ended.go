package audit

import (
	"path"
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

// TimedOut: that is how timeout(1) says that it ended its command, which went on until then.
func TimedOut(program string, status int) bool {
	return path.Base(program) == "timeout" && status == 124
}

// Failed: the run ended badly, or what was to exercise it did.
func (f *Findings) Failed() bool {
	a := f.Application
	return f.TestFailed != "" || f.EndKnown() && EndedBadly(a.Status, a.Signal) && !TimedOut(a.Path, a.Status)
}
