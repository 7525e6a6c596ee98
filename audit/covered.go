package audit

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Covered are the needed capabilities that a greater one does for, which has to be
// granted anyway: DAC_READ_SEARCH beside DAC_OVERRIDE. generic_permission() in
// fs/namei.c (6.1 to 7.3) asks for the former first where that would be enough, to
// read or to search, and for the latter whenever the former is refused.
//
// None where a process may have held the one without the other: after a capset that
// asked for it, after what takes SETPCAP (a smaller bounding set, securebits), from
// file capabilities, or where processes had begun before.
func (f *Findings) Covered() uint64 {
	const read, write = unix.CAP_DAC_READ_SEARCH, unix.CAP_DAC_OVERRIDE
	required := numbers(f.Required)
	switch {
	case required>>write&1 == 0,
		(f.Requested|unaskedNumbers(f.Unasked)|f.Application.FilePermitted)>>read&1 == 1,
		required>>unix.CAP_SETPCAP&1 == 1,
		f.Subject.Kind.Adopted(),
		slices.Contains(f.Gains, GainFileCaps):
		return 0
	}
	for _, c := range f.Required {
		if c.Number == read && c.onlyBy([]string{"generic_permission"}) {
			return 1 << read
		}
	}
	return 0
}
