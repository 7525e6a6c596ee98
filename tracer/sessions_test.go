package tracer

import (
	"os/exec"
	"testing"
)

// Who opens sessions shows in the file, before one begins; who merely starts
// programs under an account of its own does not look so.
func TestOpensSessions(t *testing.T) {
	for name, want := range map[string]bool{
		"sshd": true, "cron": true, "crond": true, "atd": true, "login": true, "agetty": true,
		"runuser": true,
		"nginx":   false, "chronyd": false, "sh": false, "setpriv": false, "sudo": false, "env": false,
		"busybox": false,
	} {
		t.Run(name, func(t *testing.T) {
			path, err := exec.LookPath(name)
			if err != nil {
				path, err = exec.LookPath("/usr/sbin/" + name)
			}
			if err != nil {
				t.Skipf("wanted %s: %v", name, err)
			}
			if got := opensSessionsAt(path); got != want {
				t.Errorf("%s opens sessions: %v", path, got)
			}
		})
	}
}
