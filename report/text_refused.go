package report

import (
	"fmt"

	"github.com/cap-audit/cap-audit/audit"
)

func (t *text) denied() {
	t.heading("CAPABILITIES WITH ONLY NOT-GRANTED CHECKS:")
	if len(t.d.Denied) == 0 {
		t.noneSeen()
	}
	for _, c := range t.d.Denied {
		t.capability(c.Name, c.Number)
		t.line("    Capability checks returning not granted: %d", c.NotGrantedChecks)
		if c.LSMRefused > 0 {
			t.labelled("    ", "Refused by a security module:",
				fmt.Sprintf("%s. The capability was held all the same: "+
					"look for AppArmor or SELinux denials in the log.",
					count(c.LSMRefused, "check", "checks")))
		}
		if asked := askers(c); asked != "" {
			t.labelled("    ", "Asked by:", asked)
		}
		t.maybeProbes(c.CallSites)
		t.line("    Outcomes of syscall invocations containing such a check:")
		t.outcomes(c.Outcomes)
		said := assessments[c.Assessment]
		t.labelled("    ", "Assessment:", said.assessment)
		t.line("    Recommendation: Not added automatically.")
		if said.next != "" {
			t.labelled("    ", "Next step:", said.next)
		}
	}
}

// askers are the system calls in which refused checks were made and the kernel
// functions that made them.
func askers(c Denied) string {
	return otherSyscalls(Capability{CallSites: c.CallSites})
}

// outcomes lists how system calls returned.
func (t *text) outcomes(list []Outcome) {
	if len(list) == 0 {
		t.line("      None recorded")
	}
	for _, o := range list {
		t.line("      %s: %d %s", printable(o.Syscall), o.Count, how(o))
	}
}

func how(o Outcome) string {
	code := -o.RawReturn
	name := fmt.Sprintf("error %d", code)
	if o.ReturnName != nil {
		name = *o.ReturnName
	}
	switch o.Class {
	case audit.Success:
		return "succeeded"
	case audit.Interrupted:
		return "interrupted (" + name + ")"
	}
	if o.ReturnName != nil {
		name = "-" + name
	}
	if text := strerror(code); text != "" {
		name += " (" + text + ")"
	}
	return "failed with " + name
}

// assessments say what the outcomes of refused checks show and what the reader
// can do about it.
var assessments = map[audit.Assessment]struct{ assessment, next string }{
	audit.AssessNone: {
		"No check was refused.", "",
	},
	audit.AssessPermissionFailure: {
		"A system call with a refused check failed for want of permission. The program was kept from " +
			"something it tried.",
		"If it did all it should without that, leave the capability out. Otherwise grant it and audit again.",
	},
	audit.AssessMixedInterruption: {
		"Some system calls with a refused check succeeded and signals interrupted the others; none failed " +
			"for want of permission.",
		"Leave the capability out, unless the program did less than it should.",
	},
	audit.AssessInconclusive: {
		"Nothing tells whether the refusal mattered: a system call with a refused check was interrupted or " +
			"its return was not seen.",
		"Run the program again. If this stays so, compare a run with the capability to one without.",
	},
	audit.AssessMixedOther: {
		"Some system calls with a refused check succeeded, others failed, though not with a permission " +
			"error.",
		"If those failures trouble the program, grant the capability and audit again to see whether they " +
			"go away.",
	},
	audit.AssessSucceededDespite: {
		"Every system call with a refused check succeeded all the same. The program does not appear to " +
			"need the capability.",
		"Leave it out.",
	},
	audit.AssessDenialNotEstablished: {
		"System calls with a refused check failed, but not with a permission error. The refusal need not " +
			"be the cause.",
		"If those failures trouble the program, grant the capability and audit again to see whether they " +
			"go away.",
	},
}
