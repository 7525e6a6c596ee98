package services

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// daemon is a unit whose main process needs exactly the capabilities given,
// one after the other, and then waits to be ended.
func daemon(settings string, needs ...string) string {
	script := ""
	for _, need := range needs {
		script += needPath + " " + need + " && "
	}
	return fmt.Sprintf("[Service]\n%sExecStart=/bin/sh -c '%sexec sleep infinity'\n", settings, script)
}

// own is a unit of the test's own, and what it needs.
type own struct {
	name, text string
	needs      []string
	// ambient is what it may have once the drop-in is there.
	ambient []string
	// besides is needed by commands that --service does not run.
	besides []string
}

var owns = []own{
	{name: "root.service", text: daemon("", "net_bind_service", "sys_time"),
		needs: []string{"net_bind_service", "sys_time"}},
	{name: "none.service", text: daemon("")},
	{
		name: "forking.service",
		text: "[Service]\nType=forking\nExecStart=/bin/sh -c '" + needPath +
			" sys_nice; sleep infinity & exit 0'\n" +
			"ExecStop=" + needPath + " syslog\n",
		// the stop of the old instance is seen, too
		needs:   []string{"sys_nice", "syslog"},
		besides: []string{"syslog"},
	},
	{
		name: "user.service",
		text: daemon("User=tester\nAmbientCapabilities=CAP_NET_RAW CAP_SYS_TIME CAP_CHOWN\n", "net_raw",
			"sys_time"),
		needs:   []string{"net_raw", "sys_time"},
		ambient: []string{"net_raw", "sys_time"},
	},
	{
		name: "dynamic.service",
		text: daemon("DynamicUser=yes\nAmbientCapabilities=CAP_NET_ADMIN "+
			"CAP_NET_RAW\nRuntimeDirectory=dynamic\n", "net_raw"),
		needs:   []string{"net_raw"},
		ambient: []string{"net_raw"},
	},
	{
		name: "environment.service",
		text: "[Service]\nEnvironmentFile=/etc/environment.audit\nExecStart=/bin/sh -c '" + needPath +
			" $WHAT && exec sleep infinity'\n",
		// /etc/environment.audit says so
		needs: []string{"sys_chroot"},
	},
	{name: "template@sys_boot.service", text: daemon("", "%i"), needs: []string{"sys_boot"}},
	{
		name: "dropins.service",
		text: daemon("CapabilityBoundingSet=CAP_CHOWN\n", "sys_chroot"),
		// a drop-in of the test's allows that
		needs: []string{"sys_chroot"},
	},
}

func TestOwnUnits(t *testing.T) {
	file(t, "/etc/environment.audit", "WHAT=sys_chroot\n")
	file(t, "/etc/systemd/system/dropins.service.d/10-more.conf",
		"[Service]\nCapabilityBoundingSet=CAP_SYS_CHROOT CAP_KILL\n")
	for _, o := range owns {
		name, _, instance := strings.Cut(strings.TrimSuffix(o.name, ".service"), "@")
		if instance {
			name += "@"
		}
		file(t, "/etc/systemd/system/"+name+".service", o.text)
	}
	systemctl(t, "daemon-reload")
	for _, o := range owns {
		t.Run(strings.TrimSuffix(o.name, ".service"), func(t *testing.T) { prove(t, o) })
	}
	// what was there before is still there, and nothing else
	for pattern, want := range map[string]int{"template*": 1, "dropins*/*": 1, "*/50-cap-audit.conf": 0} {
		if list, err := filepath.Glob("/etc/systemd/system/" + pattern); err != nil || len(list) != want {
			t.Errorf("left: %v %v", list, err)
		}
	}
}

// prove audits a unit from its start, limits it to what was found, and sees
// that it runs with that and no more.
func prove(t *testing.T, o own) {
	t.Helper()
	t.Cleanup(func() { exec.Command("systemctl", "stop", o.name).Run() })
	systemctl(t, "start", o.name)
	d, r := audit(t, "--unit", o.name, "--restart", "--write-dropin", "--test",
		arrived(o.name)+` && test $CAP_AUDIT_PID = $(systemctl show -P MainPID `+o.name+`)`)
	if !equal(d.Recommended, o.needs) {
		t.Errorf("found: %v, want %v; programs: %+v", d.Recommended, o.needs, d.Programs)
	}
	systemctl(t, "restart", o.name)
	if r := run(t, "sh", "-c", arrived(o.name)); r.status != 0 {
		t.Fatalf("it does not come up with the drop-in:\n%s",
			run(t, "journalctl", "-u", o.name, "-n", "20").stdout)
	}
	pid := mainPID(t, o.name)
	if got := set(t, pid, bounding); !equal(got, d.Recommended) {
		t.Errorf("with the drop-in the bounding set is %v, want %v\n%s", got, d.Recommended, r.stdout)
	}
	if got := set(t, pid, ambient); !equal(got, o.ambient) {
		t.Errorf("with the drop-in the ambient set is %v, want %v\n%s", got, o.ambient, r.stdout)
	}
	must(t, capAuditPath, "--unit", o.name, "--revert-dropin")
	systemctl(t, "stop", o.name)

	// --service makes the same process of the file, and runs no other command
	simulated := simulate(t, "/etc/systemd/system/"+o.name, retry("grep -qx sleep /proc/[0-9]*/comm"))
	if want := without(o.needs, o.besides); !equal(simulated, want) {
		t.Errorf("--service finds %v, want %v", simulated, want)
	}
}

// arrived is a shell command that waits until a daemon of this file has done
// what it does, and waits itself.
func arrived(unit string) string {
	return retry(`test "$(cat /proc/$(systemctl show -P MainPID ` + unit + `)/comm)" = sleep`)
}

// What ends an audit.
func TestEnds(t *testing.T) {
	const name = "ends.service"
	unit(t, name, daemon(""))
	for how, end := range map[string]func(t *testing.T, w *watching){
		"stop": func(t *testing.T, _ *watching) { systemctl(t, "stop", name) },
		"stop after systemd has executed itself anew": func(t *testing.T, _ *watching) {
			systemctl(t, "daemon-reexec")
			// there is a moment in which it takes no connections
			must(t, "sh", "-c", retry("systemctl stop "+name))
		},
		"interrupt": func(t *testing.T, w *watching) { w.Process.Signal(unix.SIGINT) },
	} {
		t.Run(how, func(t *testing.T) {
			systemctl(t, "restart", name)
			w := watch(t, "--unit", name)
			end(t, w)
			if output := w.end(t); !strings.Contains(output, "CAPABILITY ANALYSIS FOR: /bin/sh") {
				t.Errorf("no report:\n%s", output)
			}
		})
	}
	t.Run("duration", func(t *testing.T) {
		systemctl(t, "restart", name)
		pid := mainPID(t, name)
		audit(t, "--unit", name, "--duration", "0.2s")
		if now := mainPID(t, name); now != pid {
			t.Errorf("the service was disturbed: %d, was %d", now, pid)
		}
	})
	// it has ended before it is said to have started
	t.Run("oneshot", func(t *testing.T) {
		unit(t, "oneshot.service",
			"[Service]\nType=oneshot\nExecStart="+needPath+" sys_boot\nExecStart="+needPath+" syslog\n")
		d, _ := audit(t, "--unit", "oneshot", "--restart")
		if want := []string{"sys_boot", "syslog"}; !equal(d.Recommended, want) {
			t.Errorf("found: %v, want %v", d.Recommended, want)
		}
	})
}

// What is wrong is one line, and nothing is changed.
func TestBadInput(t *testing.T) {
	const name = "bad.service"
	unit(t, name, daemon(""))
	unit(t, "broken.service", "[Service]\nUser=root\n")
	systemctl(t, "mask", "--runtime", "getty@tty9.service")
	t.Cleanup(func() { exec.Command("systemctl", "unmask", "--runtime", "getty@tty9.service").Run() })
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--unit", "nosuch"}, "no such service"},
		{[]string{"--unit", "getty@tty9"}, "masked"},
		{[]string{"--unit", "broken"}, "systemctl status broken.service"},
		{[]string{"--unit", name}, "--restart"},
		{[]string{"--unit", "getty@"}, "is a template"},
		{[]string{"--unit", "dbus.socket"}, "is a socket"},
		{[]string{"--unit", "payload"}, "cap-audit itself"}, // what runs this test
		{[]string{"--unit", name, "--revert-dropin"}, "nothing to take away"},
		{[]string{"--unit", name, "--write-dropin"}, "--restart"},
	} {
		r := run(t, capAuditPath, test.arguments...)
		if r.status != 1 || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 ||
			!strings.HasPrefix(r.stderr, "Error: ") || !strings.Contains(r.stderr, test.want) {
			t.Errorf("%q: status %d, wanted one line with %q\n%s%s", test.arguments, r.status, test.want,
				r.stdout, r.stderr)
		}
	}
	if state := systemctl(t, "show", "-P", "ActiveState", name); state != "inactive" {
		t.Errorf("%s is %s", name, state)
	}
}

// A service that does not come up is reported on, and not limited.
func TestFailedRestart(t *testing.T) {
	const name = "fails.service"
	unit(t, name, "[Service]\nType=exec\nExecStart=/bin/sh -c '"+needPath+" sys_boot; exit 1'\n")
	r := run(t, capAuditPath, "--unit", name, "--restart", "--write-dropin")
	if r.status != 1 || !strings.Contains(r.stderr, "journalctl -u "+name) ||
		!strings.Contains(r.stdout, "sys_boot (#22)") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if _, err := os.Lstat(dropinPath(name)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a drop-in was written: %v", err)
	}
}

// A start of which the audit has not seen the end limits nothing: the rest may
// need more.
func TestHalfAStart(t *testing.T) {
	for name, test := range map[string]struct {
		text      string
		arguments []string
		interrupt bool
	}{
		"interrupted": {"Type=notify\nExecStart=/bin/sleep infinity\n", nil, true},
		"cut": {"Type=oneshot\nExecStart=/bin/sleep infinity\nExecStart=" + needPath + " sys_boot\n",
			[]string{"-d", "0.1s"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			name := name + ".service"
			unit(t, name, "[Service]\n"+test.text)
			t.Cleanup(func() { exec.Command("systemctl", "stop", name).Run() })
			w := watch(t, append([]string{"--unit", name, "--restart", "--write-dropin"},
				test.arguments...)...)
			if test.interrupt {
				must(t, "sh", "-c", retry(`test "$(systemctl show -P ActiveState `+name+`)" = activating`))
				w.Process.Signal(unix.SIGINT)
			}
			output, err := <-w.output, w.Wait()
			if err == nil || w.ProcessState.ExitCode() != 1 ||
				!strings.Contains(w.stderr.String(), "has not said that it is started") ||
				!strings.Contains(output, "CAPABILITY ANALYSIS FOR") ||
				!strings.Contains(strings.Join(strings.Fields(output), " "),
					name+" is started when the audit ended. What the rest of the start needs is missing.") {
				t.Errorf("%v\n%s%s", err, output, w.stderr.String())
			}
			if _, err := os.Lstat(dropinPath(name)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a drop-in was written: %v", err)
			}
		})
	}
}

// A second audit, of what the first has limited, writes a drop-in that does as
// well: what the unit's file says of sets must not come back.
func TestDropinTwice(t *testing.T) {
	const name = "twice.service"
	unit(t, name, "[Service]\nUser=nobody\nAmbientCapabilities=CAP_KILL\nExecStart=/bin/sleep infinity\n")
	t.Cleanup(func() { exec.Command("systemctl", "stop", name).Run() })
	for range 2 {
		audit(t, "--unit", name, "--restart", "--write-dropin", "--test", arrived(name))
		systemctl(t, "restart", name)
		if r := run(t, "sh", "-c", arrived(name)); r.status != 0 {
			t.Fatalf("it does not come up with the drop-in:\n%s",
				run(t, "journalctl", "-u", name, "-n", "20").stdout)
		}
	}
	must(t, capAuditPath, "--unit", name, "--revert-dropin")
}

// A drop-in that comes later and changes the sets is named.
func TestLaterDropin(t *testing.T) {
	const name = "later.service"
	unit(t, name, daemon("", "sys_time"))
	t.Cleanup(func() { exec.Command("systemctl", "stop", name).Run() })
	later := "/etc/systemd/system/" + name + ".d/override.conf" // of systemctl edit
	file(t, later, "[Service]\nCapabilityBoundingSet=CAP_CHOWN CAP_SYS_TIME\n")
	systemctl(t, "daemon-reload")
	_, r := audit(t, "--unit", name, "--restart", "--write-dropin", "--test", arrived(name))
	if strings.Count(r.stderr, later) != 1 || strings.Contains(r.stdout, "It holds") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	must(t, capAuditPath, "--unit", name, "--revert-dropin")
}

// A drop-in that somebody else wrote stays, and the report is there.
func TestForeignDropin(t *testing.T) {
	const name, text = "foreign.service", "[Service]\nNice=1\n"
	unit(t, name, daemon(""))
	file(t, dropinPath(name), text)
	systemctl(t, "daemon-reload")
	r := run(t, capAuditPath, "--unit", name, "--restart", "--write-dropin", "-d", "0.1s")
	if r.status != 1 || !strings.Contains(r.stderr, "left alone") ||
		!strings.Contains(r.stdout, "CAPABILITY ANALYSIS FOR") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if r := run(t, capAuditPath, "--unit", name, "--revert-dropin"); r.status != 1 ||
		!strings.Contains(r.stderr, "left alone") {
		t.Errorf("--revert-dropin: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if raw, err := os.ReadFile(dropinPath(name)); err != nil || string(raw) != text {
		t.Errorf("it is now %q %v", raw, err)
	}
}

// A transient unit can be audited, and gets no drop-in.
func TestTransient(t *testing.T) {
	must(t, "systemd-run", "--unit=passing", "sleep", "infinity")
	t.Cleanup(func() { exec.Command("systemctl", "stop", "passing").Run() })
	audit(t, "--unit", "passing", "-d", "0.1s")
	r := run(t, capAuditPath, "--unit", "passing", "--restart", "--write-dropin")
	if r.status != 1 || !strings.Contains(r.stderr, "is transient") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

// A unit that fails after a refusal: the report begins with that, and its line mends it.
func TestRefusedUnit(t *testing.T) {
	const name = "refused.service"
	unit(t, name, "[Service]\nType=oneshot\nCapabilityBoundingSet=~CAP_SYS_CHROOT\nExecStart=chroot / true\n")
	r := run(t, capAuditPath, "--no-static", "--unit", name, "--restart", "-d", "10s")
	why := regexp.MustCompile(`Its process \d+ exited with status 125 after chroot was refused \(sys_chroot\)\.` +
		`\s+To\s+grant\s+it:\s+(\S+)`).FindStringSubmatch(r.stdout)
	if why == nil {
		t.Fatalf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	file(t, dropinPath(name), "[Service]\n"+why[1]+"\n")
	systemctl(t, "daemon-reload")
	systemctl(t, "start", name)
}
