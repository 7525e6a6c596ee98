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

// maxCalls bounds those of one program in a union.
const maxCalls = 512

func callsOf(made []Made) calls {
	c := calls{}
	for _, m := range made {
		c[m.Syscall.label()] = c[m.Syscall.label()] || !m.Refused
	}
	return c
}

// add joins those of a program. It says how many did not fit.
func (c calls) add(p ProgramUse) (leftOut int) {
	for _, label := range p.Syscalls {
		if _, known := c[label]; !known && len(c) >= maxCalls {
			leftOut++
			continue
		}
		c[label] = c[label] || !slices.Contains(p.RefusedSyscalls, label)
	}
	return leftOut
}

func (c calls) into(p *ProgramUse) {
	p.Syscalls = slices.Sorted(maps.Keys(c))
	p.RefusedSyscalls = slices.DeleteFunc(slices.Clone(p.Syscalls),
		func(label string) bool { return c[label] })
}
