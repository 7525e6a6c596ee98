package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func dropped(rows ...Checks) []Checks {
	for i := range rows {
		rows[i].Phase = PhaseDropped
	}
	return rows
}

func TestPhases(t *testing.T) {
	rows := append(dropped(
		row(capChown, Granted, sysChown, 4),
		row(capNetRaw, Granted, sysSocket, 2),
		row(capKill, Refused, sysChown, 9),
	),
		row(capChown, Granted, sysOpenat, 1),
		row(capChown, Refused, sysChown, 8),
		row(capBindService, Granted, sysBind, 3),
		row(capNetRaw, Refused, sysSocket, 1))
	o := observe(rows...)
	o.Dropped = true
	f := Analyze(o)
	init := []Capability{
		{Number: capChown, Tally: Tally{Granted: 1, Denied: 8}, Syscall: sysOpenat},
		{Number: capBindService, Tally: Tally{Granted: 3}, Syscall: sysBind},
	}
	operational := []Capability{
		{Number: capChown, Tally: Tally{Granted: 4}, Syscall: sysChown},
		{Number: capNetRaw, Tally: Tally{Granted: 2}, Syscall: sysSocket},
	}
	if diff := cmp.Diff(init, f.Init, emptyIsNil); diff != "" {
		t.Errorf("before the drop (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(operational, f.Operational, emptyIsNil); diff != "" {
		t.Errorf("after the drop (-want +got):\n%s", diff)
	}
	both := places{Required: []int{capChown, capBindService, capNetRaw}, Denied: []int{capKill}}
	if diff := cmp.Diff(both, placesOf(f)); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestProbesBelongToNoPhase(t *testing.T) {
	o := observe(row(capSysAdmin, Granted, sysBrk, 1, asked("cap_vm_enough_memory", 1)))
	o.Dropped = true
	if f := Analyze(o); f.Init != nil || f.Operational != nil {
		t.Errorf("init %+v, operational %+v", f.Init, f.Operational)
	}
}
