package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestCapsetOnly(t *testing.T) {
	bit := func(n int) uint64 { return 1 << n }
	for name, c := range map[string]struct {
		rows      []Checks
		requested Sets
		want      []CapsetOnly
	}{
		"nothing requested": {
			rows: []Checks{row(unix.CAP_CHOWN, Granted, sysChown, 1)},
		},
		"in which sets": {
			requested: Sets{bit(0) | bit(5), bit(0) | bit(5) | bit(13), bit(63)},
			want: []CapsetOnly{
				{0, true, true, false}, {5, true, true, false}, {13, false, true, false},
				{63, false, false, true}},
		},
		"not what was granted": {
			rows:      []Checks{row(unix.CAP_CHOWN, Granted, sysChown, 1)},
			requested: Sets{bit(unix.CAP_CHOWN) | bit(unix.CAP_KILL), 0, 0},
			want:      []CapsetOnly{{unix.CAP_KILL, true, false, false}},
		},
		"what was refused": {
			rows:      []Checks{row(unix.CAP_CHOWN, Refused, sysChown, 1)},
			requested: Sets{bit(unix.CAP_CHOWN), bit(unix.CAP_CHOWN), 0},
			want:      []CapsetOnly{{unix.CAP_CHOWN, true, true, false}},
		},
		"what was only a probe": {
			rows:      []Checks{idle(row(unix.CAP_SETPCAP, Granted, sysCapset, 1, asked("cap_capset", 1)))},
			requested: Sets{Permitted: bit(unix.CAP_SETPCAP)},
			want:      []CapsetOnly{{unix.CAP_SETPCAP, false, true, false}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(c.rows...)
			o.Requested = c.requested
			o.CapsetCalls = 2
			f := Analyze(o)
			if diff := cmp.Diff(c.want, f.CapsetOnly); diff != "" {
				t.Errorf("capset only (-want +got):\n%s", diff)
			}
			if f.CapsetCalls != 2 || f.Dropped {
				t.Errorf("%d calls, dropped %t", f.CapsetCalls, f.Dropped)
			}
		})
	}
}
