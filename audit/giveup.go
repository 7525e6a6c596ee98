package audit

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// givingUp are the system calls by which a program gives privileges up, by the
// capability that they need.
var givingUp = map[int][]string{
	unix.CAP_SETGID:     {"setgid", "setregid", "setresgid", "setgroups"},
	unix.CAP_SETUID:     {"setuid", "setreuid", "setresuid"},
	unix.CAP_SETPCAP:    {"prctl", "capset"},
	unix.CAP_SYS_CHROOT: {"chroot"},
}

// gives: it is a call by which a program gives privileges up with the
// capability. On 32-bit architectures some have "32" in their names.
func gives(capability int, s Syscall) bool {
	return slices.Contains(givingUp[capability], strings.TrimSuffix(s.Name, "32"))
}

// GivesUp: with the capability that the run lacked the first run gave
// privileges up, and here that failed. A program that goes on all the same
// keeps what it was to give up: no test notices. chroot counts for a program
// that changes its user as well.
func (f *Findings) GivesUp(t *Trial) bool {
	return (t.Without != unix.CAP_SYS_CHROOT || f.uses(unix.CAP_SETUID)) &&
		slices.ContainsFunc(t.Evidence, func(e Evidence) bool {
			return e.failed() && (e.Capability == t.Without || e.Kind == "failed") &&
				gives(t.Without, e.Syscall)
		})
}

// uses: it was granted the capability for giving privileges up.
func (f *Findings) uses(capability int) bool {
	return slices.ContainsFunc(f.Grants, func(g Grant) bool {
		return g.Capability == capability && gives(capability, g.Syscall)
	})
}

// SwitchesUser: it may change both its user and its groups, as daemons do that
// give up root by themselves. What a repetition could do without counts, too:
// it is the same program.
func (f *Findings) SwitchesUser() bool {
	const both = 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID
	return (f.Recommended()|numbers(f.Required))&both == both
}
