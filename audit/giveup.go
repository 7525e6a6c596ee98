package audit

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// givingUp are the system calls by which a program gives privileges up, by the
// capability that they need.
var givingUp = map[int][]string{
	unix.CAP_SETGID:  {"setgid", "setregid", "setresgid", "setgroups", "setfsgid"},
	unix.CAP_SETUID:  {"setuid", "setreuid", "setresuid", "setfsuid"},
	unix.CAP_SETPCAP: {"prctl", "capset"},
	// kernel/seccomp.c, seccomp_prepare_filter(): the one thing that prctl needs it for
	unix.CAP_SYS_ADMIN: {"seccomp", "prctl"},
}

// confining are those that lock in a program that changes its user as well.
var confining = map[int][]string{
	unix.CAP_SYS_CHROOT: {"chroot"},
	unix.CAP_SYS_ADMIN:  {"unshare", "mount", "pivot_root"},
}

// silent do not tell that they failed: they return the user or group before.
var silent = []string{"setfsuid", "setfsgid"}

// called is the name by which all architectures have the system call: on 32-bit
// ones some have "32" in their names.
func called(s Syscall) string { return strings.TrimSuffix(s.Name, "32") }

// GivesUp: with the capability that the run lacked the first run gave
// privileges up, and here that failed. A program that goes on all the same
// keeps what it was to give up: no test notices.
func (f *Findings) GivesUp(t *Trial) bool {
	if t.Without == unix.CAP_SETUID || t.Without == unix.CAP_SETGID {
		if f.Application.Unprivileged && !slices.Contains(f.Gains, GainSetID) {
			return false // it has no root to give up, and would get more for that than it gives up
		}
	}
	calls := givingUp[t.Without]
	if f.uses(unix.CAP_SETUID) {
		calls = slices.Concat(calls, confining[t.Without])
	}
	return slices.ContainsFunc(t.Evidence, func(e Evidence) bool {
		name := called(e.Syscall)
		return (e.failed() || slices.Contains(silent, name)) &&
			(e.Capability == t.Without || e.Kind == "failed") && slices.Contains(calls, name)
	})
}

// uses: it was granted the capability for giving privileges up.
func (f *Findings) uses(capability int) bool {
	return slices.ContainsFunc(f.Grants, func(g Grant) bool {
		return g.Capability == capability && slices.Contains(givingUp[capability], called(g.Syscall))
	})
}

// SwitchesUser: it may change both its user and its groups, as daemons do that
// give up root by themselves. What a repetition could do without counts, too:
// it is the same program.
func (f *Findings) SwitchesUser() bool {
	const both = 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID
	return (f.Recommended()|numbers(f.Required))&both == both
}
