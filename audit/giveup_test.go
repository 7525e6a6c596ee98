package audit

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestGivesUp(t *testing.T) {
	call := func(name string) Syscall { return Syscall{Number: 1, Name: name} }
	root := after(Application{Ended: true}, []Checks{row(unix.CAP_SYS_CHROOT, Granted, call("chroot"), 1)})
	daemon := after(Application{Ended: true}, []Checks{row(unix.CAP_SYS_CHROOT, Granted, call("chroot"), 1),
		row(unix.CAP_SETUID, Granted, call("setresuid"), 1)})
	user := after(Application{Ended: true, Unprivileged: true}, nil)
	setUserID := after(Application{Ended: true, Unprivileged: true}, nil)
	setUserID.Gains = []Gain{GainSetID}
	refused := func(capability int, name string, ret int) Evidence {
		return Evidence{Kind: "refused", Capability: capability, Syscall: call(name), Return: ret}
	}
	for name, c := range map[string]struct {
		first    *Findings
		without  int
		evidence Evidence
		want     bool
	}{
		"groups":          {root, unix.CAP_SETGID, refused(unix.CAP_SETGID, "setgroups", -1), true},
		"groups, on i386": {root, unix.CAP_SETGID, refused(unix.CAP_SETGID, "setgroups32", -1), true},
		"user":            {root, unix.CAP_SETUID, refused(unix.CAP_SETUID, "setreuid", -1), true},
		"bounding set":    {root, unix.CAP_SETPCAP, refused(unix.CAP_SETPCAP, "prctl", -1), true},
		"sets": {root, unix.CAP_SETPCAP,
			Evidence{Kind: "failed", Capability: -1, Syscall: call("capset"), Return: -1}, true},
		"file system's user": {root, unix.CAP_SETUID, refused(unix.CAP_SETUID, "setfsuid", 0), true},
		"filter of calls":    {root, unix.CAP_SYS_ADMIN, refused(unix.CAP_SYS_ADMIN, "prctl", -1), true},
		"namespace":          {daemon, unix.CAP_SYS_ADMIN, refused(unix.CAP_SYS_ADMIN, "unshare", -1), true},
		"namespace of root":  {root, unix.CAP_SYS_ADMIN, refused(unix.CAP_SYS_ADMIN, "unshare", -1), false},
		"it did not fail":    {root, unix.CAP_SETGID, refused(unix.CAP_SETGID, "setgroups", 0), false},
		"another capability": {root, unix.CAP_SETGID, refused(unix.CAP_SETUID, "setgroups", -1), false},
		"another call":       {root, unix.CAP_SETGID, refused(unix.CAP_SETGID, "sendmsg", -1), false},
		"root of a daemon":   {daemon, unix.CAP_SYS_CHROOT, refused(unix.CAP_SYS_CHROOT, "chroot", -1), true},
		"root of root":       {root, unix.CAP_SYS_CHROOT, refused(unix.CAP_SYS_CHROOT, "chroot", -1), false},
		"no root":            {user, unix.CAP_SETUID, refused(unix.CAP_SETUID, "setuid", -1), false},
		"no root's groups":   {user, unix.CAP_SETGID, refused(unix.CAP_SETGID, "setgroups", -1), false},
		"a user's bound":     {user, unix.CAP_SETPCAP, refused(unix.CAP_SETPCAP, "prctl", -1), true},
		"root by its file":   {setUserID, unix.CAP_SETUID, refused(unix.CAP_SETUID, "setuid", -1), true},
		"no privilege":       {daemon, unix.CAP_CHOWN, refused(unix.CAP_CHOWN, "chown", -1), false},
	} {
		t.Run(name, func(t *testing.T) {
			trial := &Trial{Without: c.without, Behaved: true, Evidence: []Evidence{c.evidence}}
			if got := c.first.GivesUp(trial); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}

func TestSwitchesUser(t *testing.T) {
	setgid := row(unix.CAP_SETGID, Granted, Syscall{Number: 106, Name: "setgid"}, 1)
	setuid := row(unix.CAP_SETUID, Granted, Syscall{Number: 105, Name: "setuid"}, 1)
	both := after(Application{}, []Checks{setgid, setuid})
	minimized := after(Application{}, []Checks{setgid, setuid})
	minimized.Proof = &Proof{Minimal: &Trial{Behaved: true, Set: 1 << unix.CAP_SETUID}}
	for name, c := range map[string]struct {
		f    *Findings
		want bool
	}{
		"both": {both, true}, "one": {after(Application{}, []Checks{setuid}), false},
		"both, but one was not needed": {minimized, true},
	} {
		if got := c.f.SwitchesUser(); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
