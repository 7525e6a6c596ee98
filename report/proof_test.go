package report

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// What is kept since no repetition came to ask for it again is not proven, though the set is.
func TestProvenButForWhatIsKept(t *testing.T) {
	f := &audit.Findings{Application: app("/usr/bin/setup"), System: host}
	for _, n := range []int{unix.CAP_CHOWN, unix.CAP_SYS_CHROOT} {
		f.Required = append(f.Required, audit.Capability{Number: n, Tally: audit.Tally{Granted: 1},
			Syscall: sysChown})
	}
	f.Proof = &audit.Proof{
		Verification: &audit.Trial{Set: 1 | 1<<unix.CAP_SYS_CHROOT, Without: -1, Behaved: true},
		Trials: []audit.Trial{
			{Set: 1 << unix.CAP_SYS_CHROOT, Without: unix.CAP_CHOWN, Behaved: true, NotAsked: true},
			{Set: 1, Without: unix.CAP_SYS_CHROOT}},
	}
	d := NewDocument(f)
	const want = " Not asked for again, and so not proven: chown."
	if d.answer() != "Grant: chown, sys_chroot; proven but for chown" ||
		!strings.HasSuffix(d.proven(), want) {
		t.Errorf("%q, %q", d.answer(), d.proven())
	}
	f.Proof.Trials[0].NotAsked, f.Proof.Trials[0].Behaved = false, false
	d = NewDocument(f)
	if d.answer() != "Grant: chown, sys_chroot; proven" || strings.Contains(d.proven(), want) {
		t.Errorf("%q, %q", d.answer(), d.proven())
	}
}
