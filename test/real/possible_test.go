package real

import (
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report"
)

// Whom sshd lets in nobody tells by watching it idle: what it takes for that is possible,
// and what it never does is ruled out.
func TestIdleSshd(t *testing.T) {
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		t.Skipf("wanted sshd: %v", err)
	}
	code, err := reach.Analyze(sshd, reach.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &audit.Findings{
		Application: audit.Application{Path: sshd, Ended: true, Signal: int(unix.SIGTERM)},
		Required:    []audit.Capability{{Number: unix.CAP_SETGID, Tally: audit.Tally{Granted: 1}}},
		Programs: []audit.ProgramUse{{Index: 1, Path: sshd, Processes: 1, StandsFor: 1,
			Syscalls: []string{"bind", "listen", "poll", "setgroups", "socket"}}},
		Bounds: &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: code}}},
	}
	for _, n := range []int{unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SYS_CHROOT, unix.CAP_KILL,
		unix.CAP_AUDIT_WRITE, unix.CAP_NET_BIND_SERVICE} {
		if class := f.ClassOf(n); class < audit.ClassPossible {
			t.Errorf("capability %d is of class %d", n, class)
		}
	}
	for _, n := range []int{unix.CAP_SYS_TIME, unix.CAP_SYS_MODULE, unix.CAP_SYS_BOOT, unix.CAP_SYS_RAWIO} {
		if class := f.ClassOf(n); class != audit.ClassRuledOut {
			t.Errorf("capability %d is of class %d", n, class)
		}
	}
	var text strings.Builder
	if err := report.WriteText(&text, report.NewDocument(f), report.Page{Width: 80}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"\n  sys_chroot (#18): chroot in " + sshd, "\n  setuid (#7): setresuid",
		"\n  Ruled out: ", " more possible\n",
	} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("the report lacks %q:\n%s", line, &text)
		}
	}
}
