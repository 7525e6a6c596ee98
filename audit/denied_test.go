package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestDenied(t *testing.T) {
	for name, c := range map[string]struct {
		rows     []Checks
		outcomes []Outcome
		want     []Denied
	}{
		"not what was granted elsewhere": {
			rows: []Checks{row(1, Refused, sysOpenat, 5), row(1, Granted, sysChown, 1)},
		},
		"never seen to return": {
			rows: []Checks{row(1, Refused, sysOpenat, 1)},
			want: []Denied{{Number: 1, Checks: 1, Syscalls: []Syscall{sysOpenat},
				Assessment: AssessInconclusive}},
		},
		"outside of a system call there is no outcome to miss": {
			rows:     []Checks{row(1, Refused, noSyscall, 1), row(1, Refused, sysOpenat, 1)},
			outcomes: []Outcome{{1, Refused, sysOpenat, 0, 1, 0}},
			want: []Denied{{Number: 1, Checks: 2, Syscalls: []Syscall{noSyscall, sysOpenat},
				Outcomes:   []SyscallOutcome{{sysOpenat, Success, 0, 1}},
				Assessment: AssessSucceededDespite}},
		},
		"one of two system calls has no outcome": {
			rows:     []Checks{row(1, Refused, sysChown, 1), row(1, Refused, sysOpenat, 1)},
			outcomes: []Outcome{{1, Refused, sysOpenat, 0, 1, 0}},
			want: []Denied{{Number: 1, Checks: 2, Syscalls: []Syscall{sysChown, sysOpenat},
				Outcomes:   []SyscallOutcome{{sysOpenat, Success, 0, 1}},
				Assessment: AssessInconclusive}},
		},
		"system calls and outcomes in order, summed up": {
			rows: []Checks{
				row(1, Refused, sysOpenat, 1), row(1, LSMRefused, sysOpenat, 2), row(1, Refused, sysChown, 4),
				row(1, Refused, sysChown32, 8)},
			outcomes: []Outcome{
				{1, Refused, sysOpenat, -13, 1, 0}, {1, LSMRefused, sysOpenat, -13, 2, 0},
				{1, Refused, sysOpenat, 0, 4, 0},
				{1, Refused, sysChown32, -22, 1, 0}, {1, Refused, sysChown, -512, 1, 0},
				{1, Granted, sysChown, -5, 1, 0},  // of another check's row
				{2, Refused, sysChown, -30, 1, 0}, // of another capability
			},
			want: []Denied{{Number: 1, Checks: 15, LSMRefused: 2,
				Syscalls: []Syscall{sysChown, sysChown32, sysOpenat},
				Outcomes: []SyscallOutcome{
					{sysChown, Interrupted, -512, 1},
					{sysChown32, OtherFailure, -22, 1},
					{sysOpenat, Success, 0, 4},
					{sysOpenat, PermissionFailure, -13, 3},
				},
				Assessment: AssessPermissionFailure}},
		},
		"the outcome of a system call in which only a probe was refused does not count": {
			rows: []Checks{
				row(unix.CAP_SYS_ADMIN, Refused, sysMount, 1, asked("path_mount", 1)),
				row(unix.CAP_SYS_ADMIN, Refused, sysBrk, 1, asked("cap_vm_enough_memory", 1))},
			outcomes: []Outcome{{unix.CAP_SYS_ADMIN, Refused, sysMount, -1, 1, 0},
				{unix.CAP_SYS_ADMIN, Refused, sysBrk, -12, 1, 0}},
			want: []Denied{{Number: unix.CAP_SYS_ADMIN, Checks: 1, Syscalls: []Syscall{sysMount},
				CallSites:  []CallSite{{Function: "path_mount", Syscall: sysMount, Checks: 1}},
				Outcomes:   []SyscallOutcome{{sysMount, PermissionFailure, -1, 1}},
				Assessment: AssessPermissionFailure}},
		},
		"nor where the probe was in the same system call, as far as that is known": {
			rows: []Checks{row(unix.CAP_SYS_ADMIN, Refused, sysMount, 6, ofKind(7, asked("path_mount", 3)),
				ofKind(8, asked("cap_vm_enough_memory", 3)))},
			outcomes: []Outcome{{unix.CAP_SYS_ADMIN, Refused, sysMount, -1, 2, 7},
				{unix.CAP_SYS_ADMIN, Refused, sysMount, 0, 2, 8},
				{unix.CAP_SYS_ADMIN, Refused, sysMount, -22, 1, 0}},
			want: []Denied{{Number: unix.CAP_SYS_ADMIN, Checks: 3, Syscalls: []Syscall{sysMount},
				CallSites: []CallSite{{Function: "path_mount", Syscall: sysMount, Checks: 3}},
				Outcomes: []SyscallOutcome{{sysMount, PermissionFailure, -1, 2},
					{sysMount, OtherFailure, -22, 1}},
				Assessment: AssessPermissionFailure}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(c.rows...)
			o.Outcomes = c.outcomes
			if diff := cmp.Diff(c.want, Analyze(o).Denied, emptyIsNil); diff != "" {
				t.Errorf("denied (-want +got):\n%s", diff)
			}
		})
	}
}
