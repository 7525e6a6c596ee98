package services

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/packaging/fleet"
)

// The units of packaging/fleet, as they are, leave a report and metrics, within
// the privileges that they give themselves.
func TestFleetUnits(t *testing.T) {
	for _, name := range []string{"cap-audit@.service", "cap-audit@.timer"} {
		text, err := fs.ReadFile(fleet.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		file(t, "/etc/systemd/system/"+name, string(text))
	}
	const dropIn = "/etc/systemd/system/cap-audit@nginx.service.d"
	file(t, dropIn+"/soon.conf", "[Service]\nEnvironment=DURATION=3s\n")
	t.Cleanup(func() { os.RemoveAll(dropIn) })
	systemctl(t, "daemon-reload")
	systemctl(t, "start", "nginx.service")
	for range 2 {
		if r := run(t, "systemctl", "start", "cap-audit@nginx.service"); r.status != 0 {
			t.Fatalf("status %d: %s\n%s", r.status, r.stderr,
				run(t, "journalctl", "--no-pager", "-u", "cap-audit@nginx.service").stdout)
		}
	}
	reports, err := filepath.Glob("/var/lib/cap-audit/reports/nginx.*.json")
	if err != nil || len(reports) != 2 {
		t.Errorf("reports %q, %v", reports, err)
	}
	metrics, err := os.ReadFile("/var/lib/cap-audit/textfile/cap-audit-nginx.prom")
	if err != nil || !strings.Contains(string(metrics), `cap_audit_reports{application="nginx.service"} 2`) {
		t.Errorf("%v:\n%s", err, metrics)
	}
	// A policy that allows nothing is no failure, but there for an alert.
	if err := os.MkdirAll("/etc/cap-audit", 0o755); err != nil {
		t.Fatal(err)
	}
	file(t, "/etc/cap-audit/nginx.policy.yaml", "cap_audit_policy: 1\ncapabilities: []\n")
	systemctl(t, "start", "cap-audit@nginx.service")
	metrics, err = os.ReadFile("/var/lib/cap-audit/textfile/cap-audit-nginx.prom")
	if err != nil || !strings.Contains(string(metrics), `cap_audit_policy_met{application="nginx.service"} `) {
		t.Errorf("%v:\n%s", err, metrics)
	}
	systemctl(t, "start", "cap-audit@nginx.timer")
	defer systemctl(t, "stop", "cap-audit@nginx.timer")
	if out := systemctl(t, "list-timers", "--no-pager", "cap-audit@nginx.timer"); !strings.Contains(out,
		"cap-audit@nginx.service") {
		t.Errorf("%s", out)
	}
}
