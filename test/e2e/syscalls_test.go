package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSystemCalls: which program made which, and what the kernel said to them.
func TestSystemCalls(t *testing.T) {
	t.Parallel()
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
		"none by threads": {command: []string{built("calls"), "threads"}, program: "/calls"},
		"exec belongs to the one that called it": {command: append(setpriv, tool(t, "true")),
			program: "/setpriv", made: []string{"execve", "setgroups"}},
		"and not to the one executed": {command: append(setpriv, tool(t, "true")),
			program: "/true", not: []string{"execve", "setgroups"}},
		"exec by descriptor": {command: []string{python(t), "-c",
			"import os; os.execve(os.open('/bin/true', os.O_RDONLY), ['true'], {})"},
			program: python(t), made: []string{"execveat"}, not: []string{"execve"}},
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

// TestSeccompProfiles: what the snippet says of Podman's profile is so. The kernel
// itself asks for no capability in these calls.
func TestSeccompProfiles(t *testing.T) {
	t.Parallel()
	needPodman(t)
	permissive := filepath.Join(publicDir(t), "permissive.json")
	if err := os.WriteFile(permissive, []byte(`{"defaultAction": "SCMP_ACT_ALLOW"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for call, c := range map[string]struct{ says, remedy string }{
		"kcmp":       {"Podman without SYS_PTRACE", "--cap-add=SYS_PTRACE"},
		"move_pages": {"Podman in any case", "--security-opt=seccomp=" + permissive},
	} {
		t.Run(call, func(t *testing.T) {
			emitted := finish(t, capAudit(t, "--emit", "docker", "--", built("calls"), call))
			if emitted.status == 77 {
				t.Skipf("wanted a kernel with %s", call)
			}
			if said := string(emitted.stderr); emitted.status != 0 || !strings.Contains(said, c.says) {
				t.Fatalf("status %d, no %q:\n%s", emitted.status, c.says, said)
			}
			run := func(options ...string) result {
				words := slices.Concat([]string{"run", "--rm"}, runFlags,
					strings.Fields(string(emitted.stdout)), options, []string{image, "calls", call})
				return finish(t, command(t, "podman", words...))
			}
			if r := run(); r.status != 1 || !strings.Contains(string(r.stderr), "not permitted") {
				t.Errorf("as emitted: status %d: %s", r.status, r.stderr)
			}
			if r := run(c.remedy); r.status != 0 {
				t.Errorf("with %s: status %d: %s", c.remedy, r.status, r.stderr)
			}
		})
	}
}
