package audit

import "golang.org/x/sys/unix"

// Codes that the kernel's system calls return to its own signal code, which
// user space sees as EINTR or as a restarted call (include/linux/errno.h).
const (
	errRestartSys    = 512
	errRestartNoIntr = 513
	errRestartNoHand = 514
	errRestartBlock  = 516
)

// Classify sorts a system call's raw return value.
func Classify(ret int) OutcomeClass {
	switch -ret {
	case int(unix.EPERM), int(unix.EACCES):
		return PermissionFailure
	case int(unix.EINTR), errRestartSys, errRestartNoIntr, errRestartNoHand, errRestartBlock:
		return Interrupted
	}
	if ret >= 0 {
		return Success
	}
	return OtherFailure
}

// assess says what the outcomes prove about refused checks; the first rule
// that holds. unseen tells that a system call with a refused check has no
// outcome: it never returned, or was lost.
func assess(refused uint64, outcomes []SyscallOutcome, unseen bool) Assessment {
	saw := map[OutcomeClass]bool{}
	for _, o := range outcomes {
		saw[o.Class] = true
	}
	switch {
	case refused == 0:
		return AssessNone
	case saw[PermissionFailure]:
		return AssessPermissionFailure
	case saw[Success] && saw[Interrupted]:
		return AssessMixedInterruption
	case unseen:
		return AssessInconclusive
	case saw[Success] && saw[OtherFailure]:
		return AssessMixedOther
	case saw[Success]:
		return AssessSucceededDespite
	case saw[Interrupted], !saw[OtherFailure]:
		return AssessInconclusive
	}
	return AssessDenialNotEstablished
}
