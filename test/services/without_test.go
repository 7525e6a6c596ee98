package services

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// around is a program that needs a capability, and how it does without in a unit.
type around struct {
	name, does string
	// way is what the report says.
	way string
	// fill is for SIZE, or for a setting that the report leaves to the reader.
	fill string
	// first is what root does for a way that is more than a line of the unit or a sysctl.
	first string
	// instead is what the program does then, where the way is another one of its own.
	instead string
	// bare: it is no command of the shell's.
	bare bool
	// alone: kernels differ in what else they ask for the same capability for, or the way would
	// be joined with another's.
	alone bool
}

// setting is a way by a line of the unit, account one by whom it runs as, limit one by the limits of logins,
// sysctl one by a setting of the system.
var (
	setting = regexp.MustCompile(`^(\w+=)(\S*) in its unit(?:, and (\w+=\S+))?`)
	account = regexp.MustCompile(`^run it as (\w+)`)
	limit   = regexp.MustCompile(`, or in (/etc/security/limits.conf): \w+( - .*)$`)
	sysctl  = regexp.MustCompile(`(?:^|, and )(sysctl ([^=,;]+)=[^,;]+)`)
)

var waysPath = filepath.Join(filepath.Dir(needPath), "ways")

// ofRoot are what root's services do; one audit has all. Each has left nothing when it is done again.
var ofRoot = []around{
	{name: "nice", does: "ways nice -5", way: "LimitNICE=-5 in its unit, or " +
		"in /etc/security/limits.conf: tester - nice -5"},
	{name: "FIFO", does: "chrt -f 50 true", way: "LimitRTPRIO=50 in its unit, or " +
		"in /etc/security/limits.conf: tester - rtprio 50"},
	{name: "memory", does: "ways lock 20000000", way: "LimitMEMLOCK=infinity in its unit, or " +
		"in /etc/security/limits.conf: tester - memlock infinity"},
	{name: "files", does: "prlimit --nofile=600000 true", way: "LimitNOFILE=600000 in its unit, or " +
		"in /etc/security/limits.conf: tester - nofile 600000"},
	{name: "OOM", does: "echo -500 > /proc/self/oom_score_adj", fill: "-500",
		way: "OOMScoreAdjust= in its unit, with what it writes"},
	{name: "pipe", does: "ways pipe 8388608", fill: "8388608",
		way: "sysctl fs.pipe-max-size=SIZE, for everybody"},
	{name: "buffer", does: "ways force-buffer 5000000", instead: "ways buffer 5000000", fill: "5000000",
		way: "SO_RCVBUF in the place of SO_RCVBUFFORCE, and sysctl net.core.rmem_max=SIZE"},
	{name: "send buffer", does: "ways force-send-buffer 5000000", instead: "ways send-buffer 5000000",
		fill: "5000000",
		way:  "SO_SNDBUF in the place of SO_SNDBUFFORCE, and sysctl net.core.wmem_max=SIZE"},
	{name: "chroot", does: "ways within /srv/inner /bin/ways",
		instead: "/bin/ways within - /bin/ways", bare: true,
		way: "RootDirectory=/srv/inner in its unit, if its own file is in there, in the place of its chroot"},
	{name: "user", does: "ways become 1000", way: "run it as tester, if it can start as that"},
	{name: "port", does: "ways bind 443", way: "sysctl net.ipv4.ip_unprivileged_port_start=443, for " +
		"everybody; or a .socket unit, if it takes sockets from systemd"},
	{name: "clock", does: `date -s "$(date)"`, way: "have timedated set the clock: timedatectl set-time",
		instead: `timedatectl set-time "$(date '+%F %T')"`},
	{name: "name", alone: true, does: "hostname other", way: "have hostnamed set it: hostnamectl hostname",
		instead: "hostnamectl hostname another"},
	{name: "mount", alone: true, does: "mountpoint -q /srv/mnt || mount -t tmpfs none /srv/mnt",
		way:   "a .mount unit for /srv/mnt, in the place of its own mount",
		first: "systemctl start srv-mnt.mount"},
	{name: "module", does: "modprobe dummy", way: "a file in /etc/modules-load.d with: dummy",
		first: "echo dummy > /etc/modules-load.d/without.conf && systemctl restart systemd-modules-load"},
	{name: "kernel log", does: "dmesg",
		way: "sysctl kernel.dmesg_restrict=0, for everybody; or journalctl -k in group systemd-journal"},
	{name: "kernel log by syslog", does: "dmesg -S",
		way: "sysctl kernel.dmesg_restrict=0, for everybody; or journalctl -k in group systemd-journal"},
	{name: "performance", does: "ways count", way: "sysctl kernel.perf_event_paranoid=1, for everybody"},
	{name: "performance of all", alone: true, does: "ways count-all",
		way: "sysctl kernel.perf_event_paranoid=0, for everybody"},
	{name: "priority in real time", alone: true, does: "chrt -f 10 ways in-real-time 60",
		way: "LimitRTPRIO=60 in its unit, or " +
			"in /etc/security/limits.conf: ACCOUNT - rtprio 60"},
}

// auditAlone is of what it does and nothing else, which is undone then.
func (a around) auditAlone(t *testing.T) document {
	t.Helper()
	d, _ := audit(t, "--", "sh", "-c", a.does+"\n:")
	exec.Command("sh", "-c", "umount /srv/mnt; hostname guest").Run()
	if len(d.Without) == 0 {
		t.Skipf("wanted a kernel that shows what %q is for, this one asks for: %v", a.does, d.Recommended)
	}
	return d
}

// Each way is gone as the report words it: the service is refused before, and does the same after.
func TestWithout(t *testing.T) {
	forWays(t)
	var all []string
	for _, a := range ofRoot {
		if !a.alone {
			all = append(all, a.does)
		}
	}
	d, _ := audit(t, "--", "sh", "-c", strings.Join(all, "\n")+"\n:")
	must(t, "modprobe", "-r", "dummy")
	for _, a := range ofRoot {
		t.Run(a.name, func(t *testing.T) {
			d := d
			if a.alone {
				d = a.auditAlone(t)
			}
			a.prove(t, d)
		})
	}
	t.Run("journal", func(t *testing.T) {
		const does = "journalctl -k | grep -q Linux"
		serviceDoes(t, does, false, []string{"User=tester"}, false)
		serviceDoes(t, does, false, []string{"User=tester", "SupplementaryGroups=systemd-journal"}, true)
	})
	t.Run("socket", func(t *testing.T) {
		file(t, "/etc/systemd/system/without.socket", "[Socket]\nListenStream=443\n")
		unit(t, "without.service", "[Service]\nType=oneshot\nCapabilityBoundingSet=\n"+
			"ExecStart=/bin/ways bind 443\n")
		if r := run(t, "systemctl", "start", "without.service"); r.status == 0 {
			t.Error("it needs no capability")
		}
		t.Cleanup(func() { exec.Command("systemctl", "stop", "without.socket").Run() })
		systemctl(t, "start", "without.socket", "without.service")
	})
	withDirectories(t)
	t.Run("reboot", func(t *testing.T) {
		a := around{does: "ways restart", way: "have logind do it: systemctl reboot, or poweroff",
			instead: "shutdown -r +60 && shutdown -c"} // by logind
		d, _ := audit(t, "--", "unshare", "-p", "-f", "ways", "restart")
		a.prove(t, d)
	})
}

// withDirectories goes the ways by directories that systemd makes for a service.
func withDirectories(t *testing.T) {
	for _, a := range []around{
		{name: "state directory", does: "ways put /var/lib/ways/state",
			way: "StateDirectory=ways in its unit"},
		{name: "runtime directory", does: "ways put /run/ways.pid", instead: "ways put /run/ways/ways.pid",
			way: "RuntimeDirectory=ways in its unit, with its file in /run/ways"},
	} {
		t.Run(a.name, func(t *testing.T) {
			d, _ := audit(t, append([]string{"--as", "tester", "--"}, strings.Fields(a.does)...)...)
			os.Remove(strings.Fields(a.does)[2])
			a.prove(t, d, "User=tester")
		})
	}
	t.Run("mode of its state", func(t *testing.T) {
		a := around{does: "ways mode /var/lib/ways/mode 0640", way: "StateDirectory=ways in its unit"}
		file(t, "/var/lib/ways/mode", "")
		must(t, "chown", "root", "/var/lib/ways")
		d, _ := audit(t, append([]string{"--as", "tester", "--"}, strings.Fields(a.does)...)...)
		a.prove(t, d, "User=tester")
	})
	t.Run("gift", func(t *testing.T) {
		a := around{does: "ways give /run/ways 1000",
			way: "RuntimeDirectory=ways in its unit, and User=tester"}
		file(t, "/run/ways/file", "")
		d, _ := audit(t, append([]string{"--"}, strings.Fields(a.does)...)...)
		must(t, "chown", "root", "/run/ways")
		a.prove(t, d)
	})
}

// forWays makes what the services are about.
func forWays(t *testing.T) {
	must(t, "mkdir", "-p", "/srv/inner/bin", "/srv/mnt", "/var/lib/ways")
	must(t, "cp", waysPath+"-static", "/srv/inner/bin/ways")
	must(t, "cp", waysPath, "/bin/ways")
	must(t, "sysctl", "kernel.dmesg_restrict=1", "kernel.perf_event_paranoid=3")
	// timedated sets no clock that another sets
	systemctl(t, "stop", "chrony")
	unit(t, "srv-mnt.mount", "[Mount]\nWhat=none\nWhere=/srv/mnt\nType=tmpfs\n")
	name, _ := os.Hostname()
	t.Cleanup(func() {
		exec.Command("sh", "-c", "systemctl stop srv-mnt.mount; systemctl start chrony; "+
			"hostnamectl hostname "+name).Run()
		os.Remove("/etc/modules-load.d/without.conf")
	})
}

// prove takes a way from the report, and goes it.
func (a around) prove(t *testing.T, d document, settings ...string) {
	t.Helper()
	if !slices.ContainsFunc(d.Without, func(w withoutOne) bool { return slices.Contains(w.Ways, a.way) }) {
		t.Fatalf("the report says %+v, and not %q", d.Without, a.way)
	}
	serviceDoes(t, a.does, false, settings, false)
	if words := sysctl.FindStringSubmatch(a.way); words != nil && a.first == "" {
		before := must(t, "sysctl", "-e", words[2])
		t.Cleanup(func() { exec.Command("sysctl", strings.ReplaceAll(before, " = ", "=")).Run() })
		must(t, "sh", "-c", strings.Replace(words[1], "SIZE", a.fill, 1))
	}
	if words := setting.FindStringSubmatch(a.way); words != nil {
		settings = append(settings, words[1]+words[2]+a.fill)
		if words[3] != "" {
			settings = append(settings, words[3])
		}
	}
	if words := account.FindStringSubmatch(a.way); words != nil {
		settings = append(settings, "User="+words[1])
	}
	if words := limit.FindStringSubmatch(a.way); words != nil {
		a.proveLimit(t, words[1], "tester"+words[2])
	}
	if a.first != "" {
		must(t, "sh", "-c", a.first)
	}
	does := a.does
	if a.instead != "" {
		does = a.instead
	}
	serviceDoes(t, does, a.bare, settings, true)
}

// proveLimit: tester, who has no capabilities, does it from the next login on.
func (a around) proveLimit(t *testing.T, limits, line string) {
	t.Helper()
	before, err := os.ReadFile(limits)
	if err != nil {
		t.Fatal(err)
	}
	does := []string{"-u", "tester", "--", "sh", "-c", a.does}
	if r := run(t, "runuser", does...); r.status == 0 {
		t.Errorf("%q needs no limit", a.does)
	}
	t.Cleanup(func() { os.WriteFile(limits, before, 0o644) })
	file(t, limits, string(before)+line+"\n")
	must(t, "runuser", does...)
}

// serviceDoes something without any capability, or is refused.
func serviceDoes(t *testing.T, does string, bare bool, settings []string, allowed bool) {
	t.Helper()
	arguments := []string{"-q", "--wait", "--collect", "-p", "CapabilityBoundingSet="}
	for _, line := range settings {
		arguments = append(arguments, "-p", line)
	}
	if bare {
		arguments = append(arguments, strings.Fields(does)...)
	} else {
		arguments = append(arguments, "sh", "-c", strings.ReplaceAll(does, "$", "$$"))
	}
	if r := run(t, "systemd-run", arguments...); (r.status == 0) != allowed {
		t.Errorf("%q with %q: status %d\n%s%s", does, settings, r.status, r.stderr,
			run(t, "journalctl", "-n", "10").stdout)
	}
}
