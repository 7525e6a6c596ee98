package report

import (
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

func TestOutcomes(t *testing.T) {
	number := func(n *int) int {
		if n == nil {
			return -1
		}
		return *n
	}
	text := func(s *string) string {
		if s == nil {
			return "null"
		}
		return *s
	}
	for _, c := range []struct {
		class audit.OutcomeClass
		ret   int
		name  string
		errno int
		line  string
	}{
		{audit.Success, 0, "null", -1, "succeeded"},
		{audit.PermissionFailure, -13, "EACCES", 13, "failed with -EACCES (Permission denied)"},
		{audit.PermissionFailure, -1, "EPERM", 1, "failed with -EPERM (Operation not permitted)"},
		{audit.Interrupted, -4, "EINTR", 4, "interrupted (EINTR)"},
		{audit.Interrupted, -512, "ERESTARTSYS", -1, "interrupted (ERESTARTSYS)"},
		{audit.Interrupted, -513, "ERESTARTNOINTR", -1, "interrupted (ERESTARTNOINTR)"},
		{audit.Interrupted, -514, "ERESTARTNOHAND", -1, "interrupted (ERESTARTNOHAND)"},
		{audit.Interrupted, -516, "ERESTART_RESTARTBLOCK", -1, "interrupted (ERESTART_RESTARTBLOCK)"},
		{audit.OtherFailure, -524, "ENOTSUPP", 524, "failed with -ENOTSUPP"},
		{audit.OtherFailure, -5, "EIO", 5, "failed with -EIO (Input/output error)"},
		{audit.OtherFailure, -4095, "null", 4095, "failed with error 4095"},
	} {
		o := outcome(audit.SyscallOutcome{Syscall: sysRead, Class: c.class, Return: c.ret, Count: 1})
		if text(o.ReturnName) != c.name || number(o.Errno) != c.errno || how(o) != c.line ||
			o.RawReturn != c.ret {
			t.Errorf("%d: %s, %d, %q", c.ret, text(o.ReturnName), number(o.Errno), how(o))
		}
	}
}
