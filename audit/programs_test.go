package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
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
				by(2, row(unix.CAP_NET_RAW, Granted, sysSocket, 1)),
				by(2, row(unix.CAP_CHOWN, Granted, sysChown, 1)),
				by(1, row(unix.CAP_CHOWN, Refused, sysChown, 1)),
				by(1, row(unix.CAP_KILL, LSMRefused, sysChown, 1)),
			},
			want: []ProgramUse{
				{Index: 1, Path: "/bin/sh", Processes: 3, Refused: []int{unix.CAP_CHOWN, unix.CAP_KILL}},
				{Index: 2, Path: "/usr/lib/helper", Parent: 1, Processes: 1,
					Needs: []int{unix.CAP_CHOWN, unix.CAP_NET_RAW}},
			},
		},
		"granted and refused is a need": {
			programs: []Program{{}, shell},
			rows: []Checks{
				row(unix.CAP_CHOWN, Refused, sysChown, 1), row(unix.CAP_CHOWN, Granted, sysOpenat, 1)},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3, Needs: []int{unix.CAP_CHOWN}}},
		},
		"probes are not a program's needs": {
			programs: []Program{{}, shell},
			rows:     []Checks{row(unix.CAP_SYS_ADMIN, Granted, sysBrk, 1, asked("cap_vm_enough_memory", 1))},
			want:     []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"nested uses are not either": {
			programs: []Program{{}, shell},
			rows: []Checks{{Capability: unix.CAP_SYS_ADMIN, Syscall: sysMount, Scope: ScopeNested,
				Credentials: Credentials{Owner: true}, Program: 1, Count: 1}},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"the calls it made": {
			programs: []Program{{}, {Path: "/bin/sh", Namespaces: true, Made: []Made{
				{Syscall: Syscall{Number: 1, Name: "write"}},
				{Syscall: Syscall{Number: 500, Name: "unknown"}},
				{Syscall: sysChown, Refused: true},
				{Syscall: Syscall{Number: 15, ABI: "i386", Name: "chmod"}},
			}}},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Namespaces: true,
				Syscalls:        []string{"500", "chown", "i386:chmod", "write"},
				RefusedSyscalls: []string{"chown"}}},
		},
		"calls of the rest, beyond the limit": {
			programs: []Program{{Made: []Made{{Syscall: sysChown}}}},
			want:     []ProgramUse{{Syscalls: []string{"chown"}, RefusedSyscalls: []string{}}},
		},
		"the rest, beyond the limit, where it used something": {
			programs: []Program{{}, shell},
			rows:     []Checks{by(0, row(unix.CAP_CHOWN, Granted, sysChown, 1))},
			want: []ProgramUse{
				{Index: 0, Needs: []int{unix.CAP_CHOWN}},
				{Index: 1, Path: "/bin/sh", Processes: 3},
			},
		},
		"an index lost to a race is no program": {
			programs: []Program{{}, shell, {}, helper},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3},
				{Index: 3, Path: "/usr/lib/helper", Parent: 1, Processes: 1}},
		},
		"but a place for what was counted there": {
			programs: []Program{{}, shell, {}},
			rows:     []Checks{by(2, row(unix.CAP_CHOWN, Refused, sysChown, 1))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3},
				{Index: 2, Refused: []int{unix.CAP_CHOWN}}},
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
	o := observe(by(7, row(unix.CAP_CHOWN, Granted, sysChown, 1)))
	wantPlaces(t, o, places{Required: []int{unix.CAP_CHOWN}})
}
