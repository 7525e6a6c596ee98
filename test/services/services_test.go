package services

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// service is one of Debian's, with something to do.
type service struct {
	unit string
	// prepare makes what use needs.
	prepare func(t *testing.T)
	// use is a shell command that succeeds if the service works. It waits for
	// what it needs by itself.
	use string
	// needs are capabilities that it cannot be without, by what the program is
	// known to do. It may be found to need more.
	needs []string
}

// retry has a shell command tried again until it succeeds.
func retry(command string) string {
	return fmt.Sprintf("for i in $(seq 200); do if %s; then exit 0; fi; sleep 0.2; done; exit 1", command)
}

var services = []service{
	{
		unit:    "ssh.service",
		prepare: makeKey,
		use: retry("ssh -q -i /root/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o " +
			"ConnectTimeout=60 tester@127.0.0.1 id -un | grep -qx tester"),
		// port 22; an unprivileged child in a chroot for each connection; the user's own process
		needs: []string{"net_bind_service", "setgid", "setuid", "sys_chroot"},
	},
	{
		unit: "nginx.service",
		use:  retry("busybox wget -q -O /dev/null http://127.0.0.1/"),
		// port 80; workers of another user
		needs: []string{"net_bind_service", "setgid", "setuid"},
	},
	{
		unit: "chrony.service",
		use:  retry("chronyc -n tracking | grep -q '^Reference ID'"),
		// reads and sets the clock's state; becomes _chrony
		needs: []string{"setgid", "setuid", "sys_time"},
	},
	{
		unit: "cron.service",
		prepare: func(t *testing.T) {
			file(t, "/etc/cron.d/audit", "@reboot tester touch /tmp/cron-ran\n")
			t.Cleanup(func() { os.Remove("/tmp/cron-ran") })
		},
		use:   retry("test -e /tmp/cron-ran"),
		needs: []string{"setgid", "setuid"},
	},
	{
		unit: "dnsmasq.service",
		prepare: func(t *testing.T) {
			file(t, "/etc/dnsmasq.d/audit", "address=/probe.test/192.0.2.1\n")
		},
		use: retry("busybox nslookup probe.test 127.0.0.1 | grep -q 192.0.2.1"),
		// port 53; becomes dnsmasq
		needs: []string{"net_bind_service", "setgid", "setuid"},
	},
}

func makeKey(t *testing.T) {
	os.Remove("/root/key") // of an earlier test
	must(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
	must(t, "install", "-d", "-o", "tester", "-m", "700", "/home/tester/.ssh")
	must(t, "install", "-o", "tester", "-m", "600", "/root/key.pub", "/home/tester/.ssh/authorized_keys")
}

// restart restarts a service as if the machine had just come up.
func (s service) restart(t *testing.T) {
	t.Helper()
	s.forget()
	systemctl(t, "restart", s.unit)
}

// forget takes away what a use has left.
func (s service) forget() {
	os.Remove("/run/crond.reboot") // cron runs @reboot jobs once
	os.Remove("/tmp/cron-ran")
}

// wantObjects: of each capability that was asked for it is known what for.
func wantObjects(t *testing.T, d document) {
	t.Helper()
	for _, c := range d.Required {
		var texts []string
		for _, site := range c.CallSites {
			for _, o := range site.Objects {
				texts = append(texts, o.Text)
			}
		}
		t.Logf("%s: %q", c.Name, texts)
		// of capset(2) nothing is looked at but that it was made
		if len(texts) == 0 && len(c.CallSites) > 0 && c.Name != "setpcap" {
			t.Errorf("%s: what for is not known: %+v", c.Name, c.CallSites)
		}
	}
}

// The services of a machine: what a live audit finds is enough for each, and
// the drop-in grants exactly that.
func TestServices(t *testing.T) {
	for _, s := range services {
		t.Run(strings.TrimSuffix(s.unit, ".service"), func(t *testing.T) {
			if s.prepare != nil {
				s.prepare(t)
			}
			s.forget()
			before := set(t, mainPID(t, s.unit), bounding)
			d, r := audit(t, "--unit", s.unit, "--restart", "--write-dropin", "--test", s.use)
			t.Logf("%s needs %s", s.unit, strings.Join(d.Recommended, " "))
			for _, name := range s.needs {
				if !slices.Contains(d.Recommended, name) {
					t.Errorf("%s is not found to need %s, only %v", s.unit, name, d.Recommended)
				}
			}
			wantObjects(t, d)
			if d.Target.Kind != "unit" || d.Target.Name != s.unit ||
				d.Target.Cgroup != "/sys/fs/cgroup/system.slice/"+s.unit ||
				d.Application.PID != mainPID(t, s.unit) || !filepath.IsAbs(d.Application.Comm) {
				t.Errorf("the report is about %+v and %+v", d.Target, d.Application)
			}
			text, err := os.ReadFile(dropinPath(s.unit))
			if err != nil {
				t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
			}
			if !strings.Contains(r.stdout, dropinPath(s.unit)) ||
				!strings.Contains(r.stdout, "systemctl restart "+s.unit) {
				t.Errorf("the output does not tell of the drop-in:\n%s", r.stdout)
			}

			s.restart(t)
			if got := set(t, mainPID(t, s.unit), bounding); !equal(got, d.Recommended) {
				t.Errorf("with the drop-in the bounding set is %v, found was %v\n%s", got, d.Recommended,
					text)
			}
			if r := run(t, "sh", "-c", s.use); r.status != 0 {
				t.Errorf("it does not work with the drop-in:\n%s\n%s", text,
					run(t, "journalctl", "-u", s.unit, "-n", "20").stdout)
			}

			must(t, capAuditPath, "--unit", s.unit, "--revert-dropin")
			if _, err := os.Stat(filepath.Dir(dropinPath(s.unit))); !os.IsNotExist(err) {
				t.Errorf("the drop-in's directory is still there: %v", err)
			}
			s.restart(t)
			if got := set(t, mainPID(t, s.unit), bounding); !equal(got, before) {
				t.Errorf("without the drop-in the bounding set is %v, it was %v", got, before)
			}
		})
	}
}

// equal compares sets.
func equal(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
