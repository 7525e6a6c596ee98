package services

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Services work with the filters that --emit prints for them, one of root and one of
// another user, and what a service did not call is refused under its filter.
func TestSystemCallFilter(t *testing.T) {
	const touched = "/tmp/filtered"
	nginx := services[1]
	user := service{unit: "filtered.service", use: retry("test -e " + touched)}
	file(t, touched, "") // gone after the test
	unit(t, user.unit, "[Service]\nUser=tester\n"+
		"ExecStart=/bin/sh -c 'touch "+touched+"; chmod 600 "+touched+"; exec sleep infinity'\n")
	for _, s := range []service{nginx, user} {
		os.Remove(touched)
		text := must(t, capAuditPath, "-q", "--unit", s.unit, "--restart", "--test", s.use, "--emit",
			"systemcallfilter")
		t.Logf("%s: %s", s.unit, text)
		dropin := "/etc/systemd/system/" + s.unit + ".d/60-filter.conf"
		file(t, dropin, text+"\n")
		t.Cleanup(func() { os.Remove(filepath.Dir(dropin)) })
		if s.unit == nginx.unit {
			file(t, "/etc/systemd/system/refused.service", "[Service]\nType=oneshot\nExecStart="+needPath+
				" sys_time\n"+text+"\n")
		}
	}
	t.Cleanup(func() {
		exec.Command("systemctl", "stop", user.unit).Run()
		exec.Command("rm", "-r", "/etc/systemd/system/"+nginx.unit+".d").Run()
		exec.Command("systemctl", "daemon-reload").Run()
		exec.Command("systemctl", "restart", nginx.unit).Run()
	})

	systemctl(t, "daemon-reload")
	for _, s := range []service{nginx, user} {
		os.Remove(touched)
		systemctl(t, "restart", s.unit)
		if r := run(t, "sh", "-c", s.use); r.status != 0 {
			t.Errorf("%s does not work with the filter:\n%s", s.unit,
				run(t, "journalctl", "-u", s.unit, "-n", "20").stdout)
		}
		got := systemctl(t, "show", "-P", "SystemCallFilter", s.unit)
		if !strings.Contains(got, "openat") || strings.Contains(got, "adjtimex") {
			t.Errorf("%s has the filter %q", s.unit, got)
		}
	}
	said := run(t, "journalctl", "-b", "--grep", "60-filter.conf").stdout
	if strings.Contains(said, "60-filter.conf") {
		t.Errorf("systemd does not take all of it:\n%s", said)
	}

	run(t, "systemctl", "start", "refused.service")
	// what need exits with where it is refused
	if got := systemctl(t, "show", "-P", "ExecMainStatus", "refused.service"); got != "1" {
		t.Errorf("the clock is set under the filter, or the filter is not taken: status %s\n%s", got,
			run(t, "journalctl", "-u", "refused.service", "-n", "5").stdout)
	}
}
