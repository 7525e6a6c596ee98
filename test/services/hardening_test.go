package services

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// hardened are settings that the services' lines have and have not. Whose users open sessions has
// none.
var hardened = map[string]struct{ has, lacks string }{
	"nginx.service":   {"ProtectClock RestrictRealtime NoNewPrivileges", ""},
	"chrony.service":  {"ProtectKernelModules NoNewPrivileges", "ProtectClock"},
	"dnsmasq.service": {"ProtectClock ProtectKernelLogs NoNewPrivileges", ""},
	"ssh.service":     {"", "LockPersonality NoNewPrivileges RestrictNamespaces"},
	"cron.service":    {"", "LockPersonality NoNewPrivileges RestrictNamespaces"},
}

// The services work with what --emit hardening prints for them, and systemd takes all of it.
func TestHardening(t *testing.T) {
	for _, s := range services {
		t.Run(strings.TrimSuffix(s.unit, ".service"), func(t *testing.T) {
			if s.prepare != nil {
				s.prepare(t)
			}
			s.forget()
			text := must(t, capAuditPath, "-q", "--unit", s.unit, "--restart", "--test", s.use, "--emit",
				"hardening")
			before := level(t, s.unit)
			dropin := "/etc/systemd/system/" + s.unit + ".d/60-hardening.conf"
			file(t, dropin, text+"\n")
			t.Cleanup(func() {
				exec.Command("rm", "-r", filepath.Dir(dropin)).Run()
				exec.Command("systemctl", "daemon-reload").Run()
				s.forget()
				exec.Command("systemctl", "restart", s.unit).Run()
			})
			systemctl(t, "daemon-reload")
			s.restart(t)
			t.Logf("%s from %s to %s:\n%s", s.unit, before, level(t, s.unit), text)

			if r := run(t, "sh", "-c", s.use); r.status != 0 {
				t.Errorf("it does not work with it:\n%s",
					run(t, "journalctl", "-u", s.unit, "-n", "20").stdout)
			}
			want := hardened[s.unit]
			for name := range strings.FieldsSeq(want.has) {
				if got := systemctl(t, "show", "-P", name, s.unit); got != "yes" {
					t.Errorf("%s=%s", name, got)
				}
			}
			for name := range strings.FieldsSeq(want.lacks) {
				if strings.Contains(text, "\n"+name+"=yes") {
					t.Errorf("%s is set", name)
				}
			}
		})
	}
	said := run(t, "journalctl", "-b", "--grep", "60-hardening.conf").stdout
	if strings.Contains(said, "60-hardening.conf") {
		t.Errorf("systemd does not take all of it:\n%s", said)
	}
}

// level is what systemd thinks of a unit, from 0, the best, to 10.
func level(t *testing.T, unit string) string {
	t.Helper()
	lines := strings.Fields(must(t, "systemd-analyze", "security", "--no-pager", unit))
	return lines[len(lines)-3]
}

// What a service did not do is refused with them.
func TestHardeningRefuses(t *testing.T) {
	unit(t, "idle.service", "[Service]\nExecStart=/bin/true\nType=oneshot\n")
	text := must(t, capAuditPath, "-q", "--unit", "idle.service", "--restart", "--emit", "hardening")
	for _, lines := range []string{"[Service]", text} {
		unit(t, "clock.service", lines+"\nExecStart="+needPath+" sys_time\nType=oneshot\n")
		run(t, "systemctl", "start", "clock.service")
		// what need exits with where it is refused
		want := map[bool]string{true: "0", false: "1"}[lines != text]
		if got := systemctl(t, "show", "-P", "ExecMainStatus", "clock.service"); got != want {
			t.Errorf("status %s, want %s with\n%s", got, want, lines)
		}
	}
}
