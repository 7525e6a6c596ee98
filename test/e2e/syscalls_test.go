package e2e

import (
	"slices"
	"testing"
)

// TestSystemCalls: which program made which, and what the kernel said to them.
func TestSystemCalls(t *testing.T) {
	setpriv := asNobody(t)
	for name, c := range map[string]struct {
		command            []string
		program            string
		made, refused, not []string
		namespaces         bool
	}{
		"of a program": {command: []string{built("calls"), "get_mempolicy", "clone"}, program: "/calls",
			made: []string{"clone", "get_mempolicy"}, not: []string{"clone3", "execve", "set_mempolicy"}},
		"namespaces by clone": {command: []string{built("calls"), "clone-names"}, program: "/calls",
			made: []string{"clone"}, namespaces: true},
		"namespaces by clone3": {command: []string{built("calls"), "clone3-names"}, program: "/calls",
			made: []string{"clone3"}, namespaces: true},
		"none by clone3": {command: []string{built("calls"), "clone3"}, program: "/calls",
			made: []string{"clone3"}},
		"exec belongs to the one that called it": {command: append(setpriv, tool(t, "true")),
			program: "/setpriv", made: []string{"execve", "setgroups"}},
		"and not to the one executed": {command: append(setpriv, tool(t, "true")),
			program: "/true", not: []string{"execve", "setgroups"}},
		"refused": {command: []string{tool(t, "sh"), "-c",
			"setpriv --bounding-set -sys_chroot chroot / true || true"}, program: "/chroot",
			made: []string{"chroot"}, refused: []string{"chroot"}},
		"not refused": {command: []string{tool(t, "chroot"), "/", tool(t, "true")}, program: "/chroot",
			made: []string{"chroot"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := audited(t, c.command...).ran(t, c.program)
			for _, call := range c.made {
				if !slices.Contains(p.Syscalls, call) {
					t.Errorf("%s is missing: %v", call, p.Syscalls)
				}
			}
			for _, call := range c.refused {
				if !slices.Contains(p.RefusedSyscalls, call) {
					t.Errorf("%s is not told as refused: %v", call, p.RefusedSyscalls)
				}
			}
			if len(p.RefusedSyscalls) != len(c.refused) {
				t.Errorf("refused: %v", p.RefusedSyscalls)
			}
			for _, call := range c.not {
				if slices.Contains(p.Syscalls, call) {
					t.Errorf("%s did not make %s", c.program, call)
				}
			}
			if p.Namespaces != c.namespaces {
				t.Errorf("made namespaces: %t", p.Namespaces)
			}
		})
	}
}
