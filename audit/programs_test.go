package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// by is a row of another program.
func by(program int, r Checks) Checks {
	r.Program = program
	return r
}

func TestPrograms(t *testing.T) {
	shell := Program{Path: "/bin/sh", Processes: 3}
	helper := Program{Path: "/usr/lib/helper", Parent: 1, Processes: 1}
	for name, c := range map[string]struct {
		programs []Program
		rows     []Checks
		want     []ProgramUse
	}{
		"one that needs nothing": {
			programs: []Program{{}, shell},
			want:     []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"a privileged helper stands out": {
			programs: []Program{{}, shell, helper},
			rows: []Checks{
				by(2, row(capNetRaw, Granted, sysSocket, 1)), by(2, row(capChown, Granted, sysChown, 1)),
				by(1, row(capChown, Refused, sysChown, 1)), by(1, row(capKill, LSMRefused, sysChown, 1)),
			},
			want: []ProgramUse{
				{Index: 1, Path: "/bin/sh", Processes: 3, Refused: []int{capChown, capKill}},
				{Index: 2, Path: "/usr/lib/helper", Parent: 1, Processes: 1,
					Needs: []int{capChown, capNetRaw}},
			},
		},
		"granted and refused is a need": {
			programs: []Program{{}, shell},
			rows:     []Checks{row(capChown, Refused, sysChown, 1), row(capChown, Granted, sysOpenat, 1)},
			want:     []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3, Needs: []int{capChown}}},
		},
		"probes are not a program's needs": {
			programs: []Program{{}, shell},
			rows:     []Checks{row(capSysAdmin, Granted, sysBrk, 1, asked("cap_vm_enough_memory", 1))},
			want:     []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"nested uses are not either": {
			programs: []Program{{}, shell},
			rows: []Checks{{Capability: capSysAdmin, Syscall: sysMount, Scope: ScopeNested,
				Credentials: Credentials{Owner: true}, Program: 1, Count: 1}},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"the rest, beyond the limit, where it used something": {
			programs: []Program{{}, shell},
			rows:     []Checks{by(0, row(capChown, Granted, sysChown, 1))},
			want:     []ProgramUse{{Index: 0, Needs: []int{capChown}}, {Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"an index lost to a race is no program": {
			programs: []Program{{}, shell, {}, helper},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3},
				{Index: 3, Path: "/usr/lib/helper", Parent: 1, Processes: 1}},
		},
		"but a place for what was counted there": {
			programs: []Program{{}, shell, {}},
			rows:     []Checks{by(2, row(capChown, Refused, sysChown, 1))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3},
				{Index: 2, Refused: []int{capChown}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(c.rows...)
			o.Programs = c.programs
			if diff := cmp.Diff(c.want, Analyze(o).Programs); diff != "" {
				t.Errorf("programs (-want +got):\n%s", diff)
			}
		})
	}
}

// A program that was first run after the list was read.
func TestProgramBeyondTheList(t *testing.T) {
	o := observe(by(7, row(capChown, Granted, sysChown, 1)))
	wantPlaces(t, o, places{Required: []int{capChown}})
}
