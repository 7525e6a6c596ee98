package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func dropped(rows ...Checks) []Checks {
	for i := range rows {
		rows[i].Phase = PhaseDropped
	}
	return rows
}

func TestPhases(t *testing.T) {
	rows := append(dropped(
		row(unix.CAP_CHOWN, Granted, sysChown, 4),
		row(unix.CAP_NET_RAW, Granted, sysSocket, 2),
		row(unix.CAP_KILL, Refused, sysChown, 9),
	),
		row(unix.CAP_CHOWN, Granted, sysOpenat, 1),
		row(unix.CAP_CHOWN, Refused, sysChown, 8),
		row(unix.CAP_NET_BIND_SERVICE, Granted, sysBind, 3),
		row(unix.CAP_NET_RAW, Refused, sysSocket, 1))
	o := observe(rows...)
	o.Dropped = true
	f := Analyze(o)
	init := []Capability{
		{Number: unix.CAP_CHOWN, Tally: Tally{Granted: 1, Denied: 8}, Syscall: sysOpenat},
		{Number: unix.CAP_NET_BIND_SERVICE, Tally: Tally{Granted: 3}, Syscall: sysBind},
	}
	operational := []Capability{
		{Number: unix.CAP_CHOWN, Tally: Tally{Granted: 4}, Syscall: sysChown},
		{Number: unix.CAP_NET_RAW, Tally: Tally{Granted: 2}, Syscall: sysSocket},
	}
	if diff := cmp.Diff(init, f.Init, emptyIsNil); diff != "" {
		t.Errorf("before the drop (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(operational, f.Operational, emptyIsNil); diff != "" {
		t.Errorf("after the drop (-want +got):\n%s", diff)
	}
	both := places{Required: []int{unix.CAP_CHOWN, unix.CAP_NET_BIND_SERVICE, unix.CAP_NET_RAW},
		Denied: []int{unix.CAP_KILL}}
	if diff := cmp.Diff(both, placesOf(f)); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestProbesBelongToNoPhase(t *testing.T) {
	o := observe(row(unix.CAP_SYS_ADMIN, Granted, sysBrk, 1, asked("cap_vm_enough_memory", 1)))
	o.Dropped = true
	if f := Analyze(o); f.Init != nil || f.Operational != nil {
		t.Errorf("init %+v, operational %+v", f.Init, f.Operational)
	}
}
