package e2e

import (
	"os"
	"strings"
	"testing"
)

// Services are tested in test/services, where systemd runs. Where it does not,
// that is said.
func TestUnitWithoutSystemd(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		t.Skip("wanted a machine that systemd does not run")
	}
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--unit", "ssh"}, "systemd does not run this system"},
		{[]string{"--unit", "ssh", "--restart", "--write-dropin"}, "systemd does not run this system"},
		{[]string{"--unit", "ssh", "--write-dropin"}, "needs --restart"},
		{[]string{"--unit", "no-such-unit", "--revert-dropin"}, "nothing to take away"},
		{[]string{"--unit", "/lib/systemd/system/ssh.service"}, "is a path"},
		{[]string{"--unit", "ssh.socket"}, "is a socket"},
		{[]string{"--unit", "\x1b[2J"}, `"\x1b[2J"`},
	} {
		r := finish(t, command(t, capAuditPath, test.arguments...))
		stderr := string(r.stderr)
		if r.status != 1 || len(r.stdout) > 0 || !strings.HasPrefix(stderr, "Error: ") ||
			strings.Count(stderr, "\n") != 1 ||
			!strings.Contains(stderr, test.want) || strings.Contains(stderr, "\x1b") {
			t.Errorf("%q: status %d, wanted one line with %q\n%s%s", test.arguments, r.status, test.want,
				r.stdout, stderr)
		}
	}
}
