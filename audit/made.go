package audit

import (
	"maps"
	"slices"
	"strconv"
)

// Made is a system call that a program made, however often.
type Made struct {
	Syscall Syscall
	// Refused: it was only ever answered with EPERM or ENOSYS.
	Refused bool
}

// label is the call's name, after that of the ABI where it is not the machine's
// own; its number where it has no name.
func (s Syscall) label() string {
	name := s.Name
	if name == "unknown" {
		name = strconv.Itoa(s.Number)
	}
	if s.ABI != "" {
		return s.ABI + ":" + name
	}
	return name
}

// calls are system calls by label, with whether they were answered with anything
// but a refusal.
type calls map[string]bool

func callsOf(made []Made) calls {
	c := calls{}
	for _, m := range made {
		c[m.Syscall.label()] = c[m.Syscall.label()] || !m.Refused
	}
	return c
}

// join adds those of a program, and of new ones no more than there is room for. It
// says how many were new, and how many found no room.
func (c calls) join(p ProgramUse, room int) (added, leftOut int) {
	for _, label := range p.Syscalls {
		if _, known := c[label]; !known {
			if added >= room {
				leftOut++
				continue
			}
			added++
		}
		c[label] = c[label] || !slices.Contains(p.RefusedSyscalls, label)
	}
	return added, leftOut
}

func (c calls) into(p *ProgramUse) {
	p.Syscalls = slices.Sorted(maps.Keys(c))
	p.RefusedSyscalls = slices.DeleteFunc(slices.Clone(p.Syscalls),
		func(label string) bool { return c[label] })
}
