package report

import (
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

func TestVerbose(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{VerboseCheck(4242, 13, true, "socket", "ping"),
			"[CAP] pid=4242 cap=net_raw result=GRANTED syscall=socket comm=ping"},
		{VerboseCheck(1, 63, false, "unknown", "a b\n\x1b[2J\xff"),
			`[CAP] pid=1 cap=cap_63 result=DENIED syscall=unknown comm=a b\n\x1b[2J\xff`},
		{VerboseCapset(4242, audit.Sets{Effective: 0x400, Permitted: 0x400}),
			"[CAPSET] pid=4242 effective=0x400 permitted=0x400 inheritable=0x0"},
		{VerboseSyscall(4242, "openat", -13, 6), "[SYSCALL] pid=4242 syscall=openat return=-13 " +
			"denied_caps=0x6"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
