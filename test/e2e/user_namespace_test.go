package e2e

import (
	"syscall"
	"testing"
)

// inNamespaces has a command start with all capabilities in a user namespace of its own, which has the
// machine's users, and owns all its other namespaces: as a container with --userns, and as unshare -Ur
// with the users of whose files there is more than one.
func inNamespaces(t *testing.T, path string, arguments ...string) result {
	t.Helper()
	cmd := command(t, path, arguments...)
	everybody := []syscall.SysProcIDMap{{Size: 1 << 16}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWCGROUP,
		UidMappings: everybody, GidMappings: everybody, GidMappingsEnableSetgroups: true}
	cmd.Env = needEnv(t)
	return finish(t, cmd)
}

// What is said to be enough inside of a user namespace works there, and what is said to be the host's
// is refused there.
func TestInsideUserNamespace(t *testing.T) {
	t.Parallel()
	if r := inNamespaces(t, tool(t, "true")); r.status != 0 {
		t.Skipf("wanted user namespaces: %s", r.stderr)
	}
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			cmd := capAudit(t, "-j", "--no-static", "--", built("need"), m.name)
			cmd.Env = needEnv(t)
			r := finish(t, cmd)
			d := decode(t, r.stdout)
			unsupported(t, d, r)
			told := ""
			if c := d.required(m.name); c != nil && c.UserNamespace != nil {
				told = *c.UserNamespace
			}
			r = inNamespaces(t, built("need"), m.name)
			if r.status == 77 {
				t.Skipf("%q, and not to be exercised there: %s", told, r.stderr)
			}
			if want := map[int]string{0: "inside", 1: "host"}[r.status]; told != want {
				t.Errorf("%q, and there it ends with status %d: %s", told, r.status, r.stderr)
			}
		})
	}
}
