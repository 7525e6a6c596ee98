package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

var sysReadlink = Syscall{Number: 89, Name: "readlink"}

// unaskedRow is a call that the kernel let through since the caller holds what
// the other process holds.
func unaskedRow(capability int, held uint64, count uint64) Unasked {
	return Unasked{Capability: capability, Syscall: sysReadlink, Held: held, Count: count}
}

const (
	chown  = 1 << unix.CAP_CHOWN
	ptrace = 1 << unix.CAP_SYS_PTRACE
)

// The kernel asks once the caller holds less than the other process.
func TestUnaskedIsNeededWhereTheOtherHoldsMore(t *testing.T) {
	for name, c := range map[string]struct {
		checks []Checks
		rows   []Unasked
		want   uint64
	}{
		"none": {},
		"of a process with every capability": {
			rows: []Unasked{unaskedRow(unix.CAP_SYS_PTRACE, 1<<41-1, 1)}, want: ptrace,
		},
		"of a process that holds what is kept anyway": {
			checks: []Checks{row(unix.CAP_CHOWN, Granted, sysChown, 1)},
			rows:   []Unasked{unaskedRow(unix.CAP_SYS_PTRACE, chown, 1)}, want: chown,
		},
		"of a process that holds one more": {
			checks: []Checks{row(unix.CAP_CHOWN, Granted, sysChown, 1)},
			rows:   []Unasked{unaskedRow(unix.CAP_SYS_PTRACE, chown|1<<unix.CAP_KILL, 1)},
			want:   chown | ptrace,
		},
		// what is not kept cannot be compared with: the caller was refused it
		"of a process that holds what was refused": {
			checks: []Checks{row(unix.CAP_CHOWN, Refused, sysChown, 1)},
			rows:   []Unasked{unaskedRow(unix.CAP_SYS_PTRACE, chown, 1)}, want: ptrace,
		},
		"without another process": {
			rows: []Unasked{unaskedRow(unix.CAP_SETFCAP, 0, 1)}, want: 1 << unix.CAP_SETFCAP,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := Observation{Checks: c.checks, Unasked: c.rows,
				Programs: []Program{{}, {Path: "/bin/monitor"}}}
			f := Analyze(&o)
			if got := f.Recommended(); got != c.want {
				t.Errorf("recommended %#x, wanted %#x", got, c.want)
			}
			if got := unaskedNumbers(f.Unasked); got != c.want&^numbers(f.Required) {
				t.Errorf("unasked %#x, recommended %#x", got, c.want)
			}
		})
	}
}

func TestUnaskedCallsAddUp(t *testing.T) {
	concluded := unaskedRow(unix.CAP_SYS_PTRACE, 1<<40, 4)
	concluded.Concluded = true
	late := unaskedRow(unix.CAP_SYS_PTRACE, 1<<39, 2)
	late.Phase = PhaseDropped
	nice := unaskedRow(unix.CAP_SYS_NICE, 1<<40, 1)
	late.Kind, nice.Kind = 1, 2
	o := Observation{Dropped: true, Programs: []Program{{}, {Path: "/bin/monitor", Kinds: []int{1, 2}}},
		Unasked: []Unasked{unaskedRow(unix.CAP_SYS_PTRACE, 1<<40, 1), late, concluded, nice}}
	f := Analyze(&o)
	want := []UnaskedCapability{
		{Number: unix.CAP_SYS_PTRACE, AfterDrop: true, Calls: []UnaskedCall{
			{Syscall: sysReadlink, Count: 4, Concluded: true}, {Syscall: sysReadlink, Count: 3}}},
		{Number: unix.CAP_SYS_NICE, Calls: []UnaskedCall{{Syscall: sysReadlink, Count: 1}}},
	}
	if diff := cmp.Diff(want, f.Unasked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := f.RecommendedOperational(); got != ptrace {
		t.Errorf("to keep after the drop: %#x, wanted %#x", got, ptrace)
	}
	needs := []int{unix.CAP_SYS_PTRACE, unix.CAP_SYS_NICE}
	if diff := cmp.Diff(needs, f.Programs[0].Needs); diff != "" {
		t.Errorf("needs of the program (-want +got):\n%s", diff)
	}
}

// A union counts the calls of all reports, and the reports that need them.
func TestUnionOfUnasked(t *testing.T) {
	u := NewUnion()
	for _, name := range []string{"a", "b"} {
		u.Add(name, &Findings{Unasked: []UnaskedCapability{{Number: unix.CAP_SYS_PTRACE,
			Calls: []UnaskedCall{{Syscall: sysReadlink, Count: 2, Concluded: true}}}}})
	}
	f := u.Findings()
	want := []UnaskedCapability{{Number: unix.CAP_SYS_PTRACE,
		Calls: []UnaskedCall{{Syscall: sysReadlink, Count: 4, Concluded: true}}}}
	if diff := cmp.Diff(want, f.Unasked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := f.Recommended(); got != ptrace {
		t.Errorf("recommended %#x, wanted %#x", got, ptrace)
	}
	provenance := []Provenance{{Number: unix.CAP_SYS_PTRACE, Required: Reports{2, []string{"a", "b"}}}}
	if diff := cmp.Diff(provenance, f.Merged.Capabilities); diff != "" {
		t.Errorf("provenance (-want +got):\n%s", diff)
	}
}
