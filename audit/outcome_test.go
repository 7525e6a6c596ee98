package audit

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestClassify(t *testing.T) {
	for class, returns := range map[OutcomeClass][]int{
		Success:           {0, 1, 4, 13, 512, math.MaxInt},
		PermissionFailure: {-1, -13},
		Interrupted:       {-4, -512, -513, -514, -516},
		OtherFailure:      {-2, -3, -5, -12, -14, -22, -511, -515, -517, -4095, math.MinInt},
	} {
		for _, ret := range returns {
			if got := Classify(ret); got != class {
				t.Errorf("Classify(%d) = %s, want %s", ret, got, class)
			}
		}
	}
}

// The kernel does not answer all who lack a capability by EPERM.
func TestForWant(t *testing.T) {
	for _, c := range []struct {
		capability int
		call       string
		errno      unix.Errno
		want       bool
	}{
		{unix.CAP_IPC_LOCK, "mlockall", unix.ENOMEM, true},
		{unix.CAP_IPC_LOCK, "mmap", unix.EAGAIN, true},
		{unix.CAP_IPC_LOCK, "io_uring_setup", unix.ENOMEM, true},
		{unix.CAP_IPC_LOCK, "sendmsg", unix.ENOBUFS, true},
		{unix.CAP_FOWNER, "fchown", unix.EDQUOT, true},
		{unix.CAP_IPC_LOCK, "mmap", unix.ENOMEM, false},
		{unix.CAP_SYS_ADMIN, "mlockall", unix.ENOMEM, false},
		{unix.CAP_IPC_LOCK, "shmat", unix.EAGAIN, true},
		{unix.CAP_IPC_LOCK, "shmctl", unix.ENOMEM, true},
		{unix.CAP_SYS_RESOURCE, "mq_open", unix.EINVAL, true},
		{unix.CAP_SYS_RESOURCE, "clone3", unix.EAGAIN, true},
		{unix.CAP_SYS_RESOURCE, "pwrite64", unix.ENOSPC, true},
		{unix.CAP_NET_ADMIN, "setsockopt", unix.ENOENT, true},
		{unix.CAP_SYS_PTRACE, "openat", unix.ENOENT, true},
		{unix.CAP_DAC_OVERRIDE, "openat", unix.ENOENT, false},
		{unix.CAP_DAC_OVERRIDE, "openat", unix.EACCES, true},
		{unix.CAP_DAC_OVERRIDE, "openat", 0, false},
	} {
		if got := ForWant(c.capability, c.call, -int(c.errno)); got != c.want {
			t.Errorf("capability %d refused in %s, %v: %v", c.capability, c.call, c.errno, got)
		}
	}
}

// The contract's rules, for every combination of classes seen.
func TestAssess(t *testing.T) {
	type combination struct{ permission, success, interrupted, other bool }
	for _, c := range []struct {
		combination
		seen, unseen Assessment // whether every refused syscall has an outcome
	}{
		{combination{false, false, false, false}, AssessInconclusive, AssessInconclusive},
		{combination{false, false, false, true}, AssessDenialNotEstablished, AssessInconclusive},
		{combination{false, false, true, false}, AssessInconclusive, AssessInconclusive},
		{combination{false, false, true, true}, AssessInconclusive, AssessInconclusive},
		{combination{false, true, false, false}, AssessSucceededDespite, AssessInconclusive},
		{combination{false, true, false, true}, AssessMixedOther, AssessInconclusive},
		{combination{false, true, true, false}, AssessMixedInterruption, AssessMixedInterruption},
		{combination{false, true, true, true}, AssessMixedInterruption, AssessMixedInterruption},
		{combination{true, false, false, false}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, false, false, true}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, false, true, false}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, false, true, true}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, true, false, false}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, true, false, true}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, true, true, false}, AssessPermissionFailure, AssessPermissionFailure},
		{combination{true, true, true, true}, AssessPermissionFailure, AssessPermissionFailure},
	} {
		t.Run(fmt.Sprintf("%+v", c.combination), func(t *testing.T) {
			var outcomes []SyscallOutcome
			for class, is := range map[OutcomeClass]bool{
				PermissionFailure: c.permission, Success: c.success, Interrupted: c.interrupted,
				OtherFailure: c.other,
			} {
				if is {
					outcomes = append(outcomes, SyscallOutcome{Class: class, Count: 1})
				}
			}
			backwards := slices.Clone(outcomes)
			slices.Reverse(backwards)
			for _, list := range [][]SyscallOutcome{outcomes, backwards} {
				for unseen, want := range map[bool]Assessment{false: c.seen, true: c.unseen} {
					if got := assess(3, list, unseen); got != want {
						t.Errorf("a syscall without an outcome %t: %s, want %s", unseen, got, want)
					}
					if got := assess(0, list, unseen); got != AssessNone {
						t.Errorf("nothing refused: %s", got)
					}
				}
			}
		})
	}
}
