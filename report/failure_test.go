package report

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// What the program has taken from itself no grant gives back, and a test that fails
// after a refusal leaves as little known as a program that does.
func TestRefusalsThatDidHarm(t *testing.T) {
	const dacOverride = 1
	for name, c := range map[string]struct {
		held    uint64
		test    string
		lsm     uint64
		blocked bool
		said    string
		answer  string
	}{
		"lacked": {0, "", 0, false,
			"- Refused, and a call failed: dac_override. To be granted if something was missing.",
			"Grant: none; 1 was refused"},
		"given up": {1 << dacOverride, "", 0, false,
			"- Refused after the program gave it up, and a call failed: dac_override. No grant helps. " +
				"If something was missing: see whose its files are, and its settings.",
			"Grant: none; 1 was refused"},
		"given up with the account": {1 << dacOverride, "", 0, false,
			"No grant helps. If something was missing: start it as daemon (--as daemon), which may keep " +
				"what it is granted; or see whose its files are, and its settings.",
			"Grant: setuid; 1 more was refused"},
		"held, and refused by a security module": {1 << dacOverride, "", 1, false,
			"- Refused, and a call failed: dac_override.", "Grant: none; 1 was refused"},
		"another held": {1 << 0, "", 0, false, "- Refused, and a call failed: dac_override.",
			"Grant: none; 1 was refused"},
		"test failed": {0, "the test exited with status 7", 0, true,
			"  The test exited with status 7, after the program was refused dac_override (openat failed " +
				"with -EACCES (Permission denied)). If that is why, it needs this,",
			"Grant: not known yet; the test exited with status 7; refused: dac_override"},
		"test failed, given up": {1 << dacOverride, "the test exited with status 7", 0, true,
			"If that is why, no grant helps, since it had given that up by itself:",
			"Grant: not known yet; the test exited with status 7; refused: dac_override"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &audit.Findings{Application: app("/usr/sbin/daemon"), System: host, Backend: "fentry",
				TestFailed: c.test}
			f.Application.Held = c.held
			f.Denied = []audit.Denied{{Number: dacOverride, Checks: 1, LSMRefused: c.lsm,
				Syscalls:   []audit.Syscall{sysOpenat},
				Outcomes:   []audit.SyscallOutcome{failed(sysOpenat, audit.PermissionFailure, -13, 1)},
				Assessment: audit.AssessPermissionFailure}}
			if user, _, found := strings.Cut(c.said, " (--as"); found {
				user = user[strings.LastIndex(user, " ")+1:]
				f.Required = []audit.Capability{{Number: unix.CAP_SETUID, Tally: audit.Tally{Granted: 1},
					Syscall: sysSetuid, CallSites: []audit.CallSite{asking("__sys_setuid", sysSetuid,
						objects.Object{Kind: objects.Option, Option: "user " + user})}}}
			}
			d := NewDocument(f)
			var text strings.Builder
			if err := WriteText(&text, d, Page{Width: 1000}); err != nil {
				t.Fatal(err)
			}
			got := text.String()
			if !strings.Contains(got, c.said) || !strings.HasSuffix(got, "\n"+c.answer+"\n") {
				t.Errorf("no %q and %q in\n%s", c.said, c.answer, got)
			}
			if err := d.Blocked(); (err != nil) != c.blocked {
				t.Errorf("a snippet is withheld: %v", err)
			}
		})
	}
	d := NewDocument(&audit.Findings{Application: app("/usr/sbin/daemon"), System: host,
		TestFailed: "the test exited with status 7"})
	if got := d.answer(); got != "Grant: none; but the test exited with status 7" {
		t.Error(got)
	}
}

// What one of its programs was refused and another had is no reason for two pieces of advice.
func TestRefusedInPart(t *testing.T) {
	f := *examples["granted"]
	f.Application.Status = 1
	f.RefusedEnd = &audit.RefusedEnd{PID: 7, Status: 1, Syscall: sysBind, Return: -13,
		Capabilities: []int{f.Required[0].Number}}
	d := NewDocument(&f)
	name := d.Required[0].Name
	want := "after " + name + " was refused, which was granted elsewhere in the run: see the top."
	if !strings.Contains(d.failure(), want) {
		t.Errorf("%q is not in: %s", want, d.failure())
	}
	if want = "refused to a part of it: " + name; !strings.Contains(d.answer(), want) {
		t.Errorf("%q is not in: %s", want, d.answer())
	}
}

// A service may have failed for want of what systemd runs before it.
func TestUnprepared(t *testing.T) {
	f := *examples["service"]
	f.Application.Status = 1
	unit := *f.UnitFile
	f.UnitFile, f.Denied = &unit, nil
	for key, want := range map[string]bool{"ExecStartPre": true, "ExecReload": false} {
		unit.NotRun = []audit.Setting{{Key: key, Value: "/bin/mkdir /run/daemon"}}
		if said := NewDocument(&f).failure(); strings.Contains(said, "ExecStartPre=") != want {
			t.Errorf("%s: %s", key, said)
		}
	}
}

// Of two refused capabilities either of which would have been enough, the answer counts one.
func TestAnswerCountsOneOfTwo(t *testing.T) {
	f := &audit.Findings{Application: app("/usr/bin/cat"), System: host}
	for _, n := range []int{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
		f.Denied = append(f.Denied, audit.Denied{Number: n, Checks: 1, Syscalls: []audit.Syscall{sysOpenat},
			CallSites:  []audit.CallSite{site("generic_permission", sysOpenat, 1)},
			Assessment: audit.AssessPermissionFailure})
	}
	var b bytes.Buffer
	if err := WriteText(&b, NewDocument(f), Page{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if want := "\nGrant: none; 1 was refused\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("the report does not end with %q:\n%s", want, b.String())
	}
	f.UnitFile = &audit.UnitFile{Unit: "d.service", File: "/etc/systemd/system/d.service"}
	b.Reset()
	if err := WriteText(&b, NewDocument(f), Page{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if want := "Refused each time, and not added: dac_read_search\n"; !strings.Contains(b.String(), want) {
		t.Errorf("of a unit, without %q:\n%s", want, b.String())
	}
}

// A message of netlink is sent, whatever it is answered: that the call succeeded says nothing.
func TestRefusedByMessage(t *testing.T) {
	of := func(objects ...Object) Denied {
		return Denied{Number: 12, Name: "net_admin", NotGrantedChecks: 1,
			Assessment: audit.AssessSucceededDespite,
			CallSites:  []CallSite{{Function: "nfnetlink_rcv", Syscall: "sendto", Objects: objects}}}
	}
	message := Object{Family: "netlink", Message: "message type 257"}
	const sent, succeeded = "answered by a refusal", "All calls with a refused check succeeded."
	for want, list := range map[string][]Denied{
		sent:      {of(message), of(message, message)},
		succeeded: {of(), of(message, Object{Family: "IPv4"}), of(Object{Family: "netlink"})},
	} {
		for _, c := range list {
			page := &text{d: &Document{}, width: 200}
			page.assessment(c)
			if !strings.Contains(page.String(), want) {
				t.Errorf("%+v: no %q in %s", c.CallSites, want, page)
			}
		}
	}
}

// Of several runs it is not known what the program had given up, and no grant would give that back.
func TestRefusalsOfMergedRuns(t *testing.T) {
	application := app("/usr/sbin/daemon")
	application.Ended, application.Status = true, 1
	f := &audit.Findings{Application: application, System: host, Backend: "fentry",
		Subject: audit.Subject{Kind: audit.SubjectMerged}, Merged: &audit.Merged{Reports: 2}}
	f.Denied = []audit.Denied{{Number: unix.CAP_DAC_OVERRIDE, Checks: 1, Syscalls: []audit.Syscall{sysOpenat},
		Outcomes:   []audit.SyscallOutcome{failed(sysOpenat, audit.PermissionFailure, -13, 1)},
		Assessment: audit.AssessPermissionFailure}}
	err := NewDocument(f).Blocked()
	if err == nil || !strings.HasSuffix(err.Error(), "If that is why, each report says what helps.") {
		t.Errorf("it says %v", err)
	}
}

// timeout(1) says with an exit status of its own that it ended its command, which did not fail.
func TestTimedOut(t *testing.T) {
	for path, want := range map[string]string{"/usr/bin/timeout": "Grant: none",
		"/usr/bin/daemon": "Grant: none; but it exited with status 124"} {
		f := &audit.Findings{Application: app(path), System: host, RunAs: "nobody",
			Subject: audit.Subject{Kind: audit.SubjectCommand}}
		f.Application.Ended, f.Application.Status, f.Application.Unprivileged = true, 124, true
		d := NewDocument(f)
		if failure := d.failure(); d.answer() != want || (failure == "") != (want == "Grant: none") {
			t.Errorf("%s: %q, %q", path, d.answer(), failure)
		}
	}
}
