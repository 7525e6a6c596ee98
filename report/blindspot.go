package report

import (
	"fmt"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// limit is a blind spot in words, its kind before the colon.
func limit(b audit.BlindSpot) string {
	if b.Told != "" || b.Kind == "" {
		return valid(b.Told)
	}
	return string(b.Kind) + ": " + consequence(b)
}

// toldBlindSpot keeps what an earlier report says word by word: it may be of
// another version.
func toldBlindSpot(limit string) audit.BlindSpot {
	kind, says, _ := strings.Cut(limit, ": ")
	if says == "" {
		return audit.BlindSpot{Told: limit}
	}
	return audit.BlindSpot{Kind: audit.BlindSpotKind(kind), Told: limit}
}

// consequence is a clause that says what follows from a blind spot.
func consequence(b audit.BlindSpot) string {
	if b.Told != "" {
		return strings.TrimPrefix(b.Told, string(b.Kind)+": ")
	}
	switch b.Kind {
	case audit.BlindOptions:
		return "this backend is not shown the CAP_OPT flags of a check"
	case audit.BlindInlined:
		return "where the compiler has inlined cap_capable, as some kernels before 6.14 do for capset and " +
			"memory overcommit, this backend does not see the check"
	case audit.BlindLSM:
		return "a capability that AppArmor or SELinux refused is counted as granted"
	case audit.BlindUnasked:
		return "what the kernel grants without a check, since the program holds enough, was not looked " +
			"for, so that a capability may be missing; --outcomes all looks for it"
	case audit.BlindCalls:
		return "of the system calls, only a sample of those that asked for a capability was looked at: " +
			"which others were made is not known, nor what was granted without a check for a trigger in " +
			"/proc/pressure, nor which programs could not be executed for want of capabilities"
	case audit.BlindSkipped:
		return "this kernel is preemptible, or may be, and before 6.7 it can then skip a check now and " +
			"again without counting it; booted with preempt=voluntary, it does not"
	case audit.BlindUntraced:
		return "no check was watched, and the set rests on repetitions alone: what the program was refused " +
			"and went on without is not known, nor what only a first run needs; that a process keeps " +
			"privileges which it was to give up is seen only if it was there at the end"
	case audit.BlindMoved:
		return fmt.Sprintf("of %d processes with several threads that were moved into the control group, "+
			"the other threads were watched only up to 0.2 seconds later", b.Count)
	}
	return ""
}
