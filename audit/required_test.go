package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

func TestRequired(t *testing.T) {
	for name, c := range map[string]struct {
		rows []Checks
		want []Capability
	}{
		"nothing checked": {},
		"granted once": {
			[]Checks{row(unix.CAP_NET_RAW, Granted, sysSocket, 1)},
			[]Capability{{Number: unix.CAP_NET_RAW, Tally: Tally{Granted: 1}, Syscall: sysSocket}},
		},
		"refused only": {
			[]Checks{row(unix.CAP_NET_RAW, Refused, sysSocket, 1)}, nil,
		},
		"refused by a security module only": {
			[]Checks{row(unix.CAP_NET_RAW, LSMRefused, sysSocket, 1)}, nil,
		},
		"granted and refused": {
			[]Checks{row(unix.CAP_NET_RAW, Refused, sysSocket, 2),
				row(unix.CAP_NET_RAW, Granted, sysSocket, 3),
				row(unix.CAP_NET_RAW, LSMRefused, sysBind, 4)},
			[]Capability{{Number: unix.CAP_NET_RAW, Tally: Tally{Granted: 3, Denied: 6}, Syscall: sysSocket}},
		},
		"by number, not as they came": {
			[]Checks{row(40, Granted, sysMount, 1), row(0, Granted, sysChown, 1),
				row(13, Granted, sysSocket, 1)},
			[]Capability{
				{Number: 0, Tally: Tally{Granted: 1}, Syscall: sysChown},
				{Number: 13, Tally: Tally{Granted: 1}, Syscall: sysSocket},
				{Number: 40, Tally: Tally{Granted: 1}, Syscall: sysMount},
			},
		},
		"rows that differ in options and phase are one capability": {
			[]Checks{
				{Capability: unix.CAP_CHOWN, Syscall: sysChown, Count: 1},
				{Capability: unix.CAP_CHOWN, Syscall: sysChown, Count: 2, Options: 2},
				{Capability: unix.CAP_CHOWN, Syscall: sysChown, Count: 4, Phase: PhaseDropped},
			},
			[]Capability{{Number: unix.CAP_CHOWN, Tally: Tally{Granted: 7}, Syscall: sysChown}},
		},
		"a flag that keeps a check out of the audit log does not make it noise": {
			[]Checks{{Capability: unix.CAP_CHOWN, Syscall: sysChown, Count: 1,
				Options: 2 /* CAP_OPT_NOAUDIT */}},
			[]Capability{{Number: unix.CAP_CHOWN, Tally: Tally{Granted: 1}, Syscall: sysChown}},
		},
		"a capability the kernel has no name for yet": {
			[]Checks{row(63, Granted, sysMount, 1)},
			[]Capability{{Number: 63, Tally: Tally{Granted: 1}, Syscall: sysMount}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := Analyze(observe(c.rows...))
			if diff := cmp.Diff(c.want, f.Required, emptyIsNil); diff != "" {
				t.Errorf("required (-want +got):\n%s", diff)
			}
			if f.Init != nil || f.Operational != nil {
				t.Error("phases without a drop")
			}
		})
	}
}

// emptyIsNil compares lists by what is in them.
var emptyIsNil = cmpopts.EquateEmpty()

func TestMainSyscall(t *testing.T) {
	for name, c := range map[string]struct {
		rows []Checks
		want Syscall
	}{
		"the one with most checks": {[]Checks{row(1, Granted, sysOpenat, 1), row(1, Granted, sysChown, 2)},
			sysChown},
		"summed over rows": {[]Checks{row(1, Granted, sysOpenat, 2), row(1, Granted, sysChown, 3),
			{Capability: 1, Syscall: sysOpenat, Count: 2}}, sysOpenat},
		"a tie goes to the lower": {[]Checks{row(1, Granted, sysOpenat, 2), row(1, Granted, sysChown, 2)},
			sysChown},
		"refused checks do not vote": {[]Checks{row(1, Refused, sysOpenat, 9), row(1, Granted, sysChown, 1)},
			sysChown},
		"none, when the kernel asked": {[]Checks{row(1, Granted, noSyscall, 1)}, noSyscall},
		"a number without a name": {[]Checks{row(1, Granted, nameless, 2), row(1, Granted, sysChown, 1)},
			nameless},
		"the same number in two tables": {[]Checks{row(1, Granted, Syscall{212, "", "lookup_dcookie"}, 1),
			row(1, Granted, sysChown32, 2)}, sysChown32},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Analyze(observe(c.rows...)).Required[0].Syscall); diff != "" {
				t.Errorf("syscall (-want +got):\n%s", diff)
			}
		})
	}
}

// Totals are counted apart from the rows: rows can be lost, totals cannot.
func TestTotalChecksAreTheTotals(t *testing.T) {
	o := observe(row(unix.CAP_CHOWN, Granted, sysChown, 1))
	o.Totals = map[int]Total{unix.CAP_CHOWN: {Granted: 5, Denied: 7}, unix.CAP_KILL: {Denied: 11}}
	o.Losses = Losses{Rows: 22}
	f := Analyze(o)
	if f.TotalChecks != 23 {
		t.Errorf("TotalChecks = %d, want 23", f.TotalChecks)
	}
	if f.Losses != o.Losses {
		t.Errorf("Losses = %+v, want %+v", f.Losses, o.Losses)
	}
}

func TestFailedAnyway(t *testing.T) {
	o := observe(row(unix.CAP_SYS_ADMIN, Granted, sysMount, 3))
	o.Outcomes = []Outcome{
		{unix.CAP_SYS_ADMIN, Granted, sysMount, -22, 1, 0},
		{unix.CAP_SYS_ADMIN, Granted, sysMount, -1, 1, 0},
		{unix.CAP_SYS_ADMIN, Granted, sysMount, -22, 1, 0},
		{unix.CAP_SYS_ADMIN, Refused, sysMount, -13, 1, 0}, // not a granted one
		{unix.CAP_CHOWN, Granted, sysMount, -5, 1, 0},      // not this capability
	}
	want := []SyscallOutcome{
		{sysMount, PermissionFailure, -1, 1},
		{sysMount, OtherFailure, -22, 2},
	}
	if diff := cmp.Diff(want, Analyze(o).Required[0].FailedAnyway); diff != "" {
		t.Errorf("failed anyway (-want +got):\n%s", diff)
	}
}

// brk asked in vain for the reserve, and mount was granted what it needed:
// that brk failed says nothing about the need.
func TestFailedAnywayIsAboutTheNeed(t *testing.T) {
	o := observe(
		row(unix.CAP_SYS_ADMIN, Granted, sysMount, 1, asked("path_mount", 1)),
		row(unix.CAP_SYS_ADMIN, Granted, sysBrk, 1, asked("cap_vm_enough_memory", 1)))
	o.Outcomes = []Outcome{{unix.CAP_SYS_ADMIN, Granted, sysBrk, -12, 1, 0}}
	if got := Analyze(o).Required[0].FailedAnyway; len(got) != 0 {
		t.Errorf("failed anyway: %+v", got)
	}
}
