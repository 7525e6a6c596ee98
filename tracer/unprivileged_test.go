package tracer

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// sleeping is a process that lives until the test has ended.
func sleeping(t *testing.T, attributes *syscall.SysProcAttr) int {
	t.Helper()
	cmd := exec.Command("sleep", "infinity")
	cmd.SysProcAttr = attributes
	if err := cmd.Start(); err != nil {
		t.Skipf("want to start a process with %+v: %v", attributes, err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}

// inNamespace is a user of a user namespace whose root is somebody outside.
func inNamespace(uid uint32) syscall.SysProcAttr {
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 1000, Size: 10}}
	return syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids,
		Credential: &syscall.Credential{Uid: uid, Gid: uid, NoSetGroups: true}}
}

func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skipf("want root, have user %d", os.Geteuid())
	}
	const nobody = 65534
	for name, c := range map[string]struct {
		attributes syscall.SysProcAttr
		want       bool
	}{
		"root": {syscall.SysProcAttr{}, false},
		"nobody": {syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}},
			true},
		"root of a user namespace": {inNamespace(0), false},
		"a user there":             {inNamespace(7), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unprivileged(sleeping(t, &c.attributes)); got != c.want {
				t.Errorf("unprivileged: %t", got)
			}
		})
	}
	if unprivileged(-1) {
		t.Error("no process is unprivileged")
	}
}
