package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRequired(t *testing.T) {
	for name, c := range map[string]struct {
		rows []Checks
		want []Capability
	}{
		"nothing checked": {},
		"granted once": {
			[]Checks{row(capNetRaw, Granted, sysSocket, 1)},
			[]Capability{{Number: capNetRaw, Tally: Tally{Granted: 1}, Syscall: sysSocket}},
		},
		"refused only": {
			[]Checks{row(capNetRaw, Refused, sysSocket, 1)}, nil,
		},
		"refused by a security module only": {
			[]Checks{row(capNetRaw, LSMRefused, sysSocket, 1)}, nil,
		},
		"granted and refused": {
			[]Checks{row(capNetRaw, Refused, sysSocket, 2), row(capNetRaw, Granted, sysSocket, 3),
				row(capNetRaw, LSMRefused, sysBind, 4)},
			[]Capability{{Number: capNetRaw, Tally: Tally{Granted: 3, Denied: 6}, Syscall: sysSocket}},
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
		"rows that differ in options, phase and program are one capability": {
			[]Checks{
				{Capability: capChown, Syscall: sysChown, Count: 1},
				{Capability: capChown, Syscall: sysChown, Count: 2, Options: 2},
				{Capability: capChown, Syscall: sysChown, Count: 4, Phase: PhaseDropped},
				{Capability: capChown, Syscall: sysChown, Count: 8, Program: 1},
			},
			[]Capability{{Number: capChown, Tally: Tally{Granted: 15}, Syscall: sysChown}},
		},
		"a flag that keeps a check out of the audit log does not make it noise": {
			[]Checks{{Capability: capChown, Syscall: sysChown, Count: 1, Options: 2 /* CAP_OPT_NOAUDIT */}},
			[]Capability{{Number: capChown, Tally: Tally{Granted: 1}, Syscall: sysChown}},
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
	o := observe(row(capChown, Granted, sysChown, 1))
	o.Totals = map[int]Total{capChown: {Granted: 5, Denied: 7}, capKill: {Denied: 11}}
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
	o := observe(row(capSysAdmin, Granted, sysMount, 3))
	o.Outcomes = []Outcome{
		{capSysAdmin, Granted, sysMount, -22, 1},
		{capSysAdmin, Granted, sysMount, -1, 1},
		{capSysAdmin, Granted, sysMount, -22, 1},
		{capSysAdmin, Refused, sysMount, -13, 1}, // not a granted one
		{capChown, Granted, sysMount, -5, 1},     // not this capability
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
		row(capSysAdmin, Granted, sysMount, 1, asked("path_mount", 1)),
		row(capSysAdmin, Granted, sysBrk, 1, asked("cap_vm_enough_memory", 1)))
	o.Outcomes = []Outcome{{capSysAdmin, Granted, sysBrk, -12, 1}}
	if got := Analyze(o).Required[0].FailedAnyway; len(got) != 0 {
		t.Errorf("failed anyway: %+v", got)
	}
}
