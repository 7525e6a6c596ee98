package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// did is a program that made the checks and the calls of some kinds.
func did(p Program, kinds ...int) Program {
	p.Kinds = kinds
	return p
}

// kind is a row that programs are noted for, as are the sites after it by the
// kinds after its.
func kind(n int, r Checks) Checks {
	r.Kinds = []int{n}
	for i := range r.Sites {
		r.Sites[i].Kind = n + 1 + i
	}
	return r
}

func TestPrograms(t *testing.T) {
	shell := Program{Path: "/bin/sh", Processes: 3}
	helper := Program{Path: "/usr/lib/helper", Parent: 1, Processes: 1}
	for name, c := range map[string]struct {
		programs []Program
		rows     []Checks
		unasked  []Unasked
		want     []ProgramUse
	}{
		"one that needs nothing": {
			programs: []Program{{}, shell},
			want:     []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"a privileged helper stands out": {
			programs: []Program{{}, did(shell, 3, 4), did(helper, 1, 2)},
			rows: []Checks{
				kind(1, row(unix.CAP_NET_RAW, Granted, sysSocket, 1)),
				kind(2, row(unix.CAP_CHOWN, Granted, sysChown, 1)),
				kind(3, row(unix.CAP_CHOWN, Refused, sysChown, 1)),
				kind(4, row(unix.CAP_KILL, LSMRefused, sysChown, 1)),
			},
			want: []ProgramUse{
				{Index: 1, Path: "/bin/sh", Processes: 3, Refused: []int{unix.CAP_CHOWN, unix.CAP_KILL}},
				{Index: 2, Path: "/usr/lib/helper", Parent: 1, Processes: 1,
					Needs: []int{unix.CAP_CHOWN, unix.CAP_NET_RAW}},
			},
		},
		"granted and refused is a need": {
			programs: []Program{{}, did(shell, 1, 2)},
			rows: []Checks{kind(1, row(unix.CAP_CHOWN, Refused, sysChown, 1)),
				kind(2, row(unix.CAP_CHOWN, Granted, sysOpenat, 1))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3, Needs: []int{unix.CAP_CHOWN}}},
		},
		"probes are not a program's needs": {
			programs: []Program{{}, did(shell, 2)},
			rows: []Checks{kind(1, row(unix.CAP_SYS_ADMIN, Granted, sysBrk, 1,
				asked("cap_vm_enough_memory", 1)))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3}},
		},
		"nor does another's need by the same system call make them that": {
			programs: []Program{{}, did(shell, 2), did(helper, 3)},
			rows: []Checks{kind(1, row(unix.CAP_SYS_ADMIN, Granted, sysMount, 2,
				asked("cap_vm_enough_memory", 1), asked("path_mount", 1)))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3},
				{Index: 2, Path: "/usr/lib/helper", Parent: 1, Processes: 1,
					Needs: []int{unix.CAP_SYS_ADMIN}}},
		},
		"where it is not known which function asked, it counts as a need": {
			programs: []Program{{}, did(shell, 1)},
			rows: []Checks{kind(1, row(unix.CAP_SYS_ADMIN, Granted, sysMount, 2,
				asked("cap_vm_enough_memory", 1)))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3, Needs: []int{unix.CAP_SYS_ADMIN}}},
		},
		"what was granted without a check": {
			programs: []Program{{}, did(shell, 1), helper},
			unasked:  []Unasked{{Capability: unix.CAP_SYS_PTRACE, Held: 1<<41 - 1, Kind: 1, Count: 1}},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3, Needs: []int{unix.CAP_SYS_PTRACE}},
				{Index: 2, Path: "/usr/lib/helper", Parent: 1, Processes: 1}},
		},
		"nested uses are not either": {
			programs: []Program{{}, did(shell, 1)},
			rows: []Checks{kind(1, Checks{Capability: unix.CAP_SYS_ADMIN, Syscall: sysMount,
				Scope: ScopeNested, Credentials: Credentials{Owner: true}, Count: 1})},
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
			programs: []Program{did(Program{}, 1), shell},
			rows:     []Checks{kind(1, row(unix.CAP_CHOWN, Granted, sysChown, 1))},
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
			programs: []Program{{}, shell, did(Program{}, 1)},
			rows:     []Checks{kind(1, row(unix.CAP_CHOWN, Refused, sysChown, 1))},
			want: []ProgramUse{{Index: 1, Path: "/bin/sh", Processes: 3},
				{Index: 2, Refused: []int{unix.CAP_CHOWN}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.want {
				if c.want[i].Path != "" {
					c.want[i].StandsFor = 1
				}
			}
			o := observe(c.rows...)
			o.Programs = c.programs
			o.Unasked = c.unasked
			if diff := cmp.Diff(c.want, Analyze(o).Programs); diff != "" {
				t.Errorf("programs (-want +got):\n%s", diff)
			}
		})
	}
}

// Programs are read after the rows.
func TestKindBeyondTheRows(t *testing.T) {
	o := observe(kind(1, row(unix.CAP_CHOWN, Granted, sysChown, 1)))
	o.Programs = []Program{{}, {Path: "/bin/sh", Kinds: []int{1, 2}}}
	if got := Analyze(o).Programs; len(got) != 1 || !cmp.Equal(got[0].Needs, []int{unix.CAP_CHOWN}) {
		t.Errorf("programs: %+v", got)
	}
}
