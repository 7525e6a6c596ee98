package report

import (
	"fmt"
	"slices"

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
		t.objects(c.CallSites, c.only())
		t.callers(c.CallSites)
		t.maybeProbes(c.CallSites)
		t.line("    Outcomes of syscall invocations containing such a check%s:",
			ofSample(c.LookedAt, c.NotGrantedChecks))
		t.outcomes(c.Outcomes)
		t.assessment(c)
	}
}

// assessment says what follows from the refusals.
func (t *text) assessment(c Denied) {
	said := c.said()
	t.labelled("    ", "Assessment:", said.assessment)
	switch {
	case t.d.granted(c.Number):
		t.line("    Recommendation: Granted below, for another reason.")
	case t.d.lesserOf(c) != "":
		t.line("    Recommendation: Not added automatically.")
		t.labelled("    ", "Next step:", "Leave it out: "+t.d.lesserOf(c)+" does less and is enough.")
	default:
		t.line("    Recommendation: Not added automatically.")
		if said.next != "" {
			t.labelled("    ", "Next step:", said.next)
		}
	}
}

func (c Denied) said() assessment {
	said := assessments[c.assessed()]
	switch {
	case c.assessed() != audit.AssessSucceededDespite:
	case c.answeredByMessage():
		return byMessage
	case isSample(c.LookedAt, c.NotGrantedChecks):
		said.assessment = "All calls with a refused check that were looked at succeeded."
	}
	return said
}

// answeredByMessage: all was asked for by messages of netlink, which is answered by another one
// (net/netlink/af_netlink.c, netlink_ack()), whatever the call returns that sends it.
func (c Denied) answeredByMessage() bool {
	return len(c.CallSites) > 0 && !slices.ContainsFunc(c.CallSites, func(s CallSite) bool {
		return len(s.Objects) == 0 || slices.ContainsFunc(s.Objects,
			func(o Object) bool { return o.Family != "netlink" || o.Message == "" })
	})
}

// askers are the system calls in which refused checks were made and the kernel
// functions that made them.
func askers(c Denied) string {
	return otherSyscalls(Capability{CallSites: c.CallSites})
}

// ofSample says of how many calls it is known how they returned, where they are
// fewer than the checks.
func ofSample(lookedAt *uint64, checks uint64) string {
	if !isSample(lookedAt, checks) {
		return ""
	}
	return fmt.Sprintf(", of %d looked at", *lookedAt)
}

func isSample(lookedAt *uint64, checks uint64) bool {
	return lookedAt != nil && *lookedAt > 0 && *lookedAt < checks
}

// outcomes lists how system calls returned.
func (t *text) outcomes(list []Outcome) {
	if len(list) == 0 {
		t.line("      None recorded")
	}
	for _, o := range list {
		t.line("      %s", ended(o))
	}
}

func ended(o Outcome) string { return fmt.Sprintf("%s: %d %s", printable(o.Syscall), o.Count, how(o)) }

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

type assessment struct{ assessment, next string }

var byMessage = assessment{"Messages were sent, and answered by a refusal, which no call returns.",
	"Grant it and audit again if the program did less than it should."}

// assessments say what the outcomes of refused checks show and what the reader
// can do about it, where RECOMMENDATIONS does not say that of all of them.
var assessments = map[audit.Assessment]assessment{
	audit.AssessNone: {
		"No check was refused.", "",
	},
	audit.AssessPermissionFailure: {
		"A call with a refused check failed for want of permission.", "",
	},
	audit.AssessMixedInterruption: {
		"Calls with a refused check succeeded, or were interrupted.",
		"Leave it out, unless the program did less than it should.",
	},
	audit.AssessInconclusive: {
		"No call was seen to return in a way that tells whether it mattered.",
		"Audit again, with and without it, if this stays so.",
	},
	audit.AssessMixedOther: {
		"Some calls with a refused check failed, not for want of permission.",
		"Grant it and audit again if those failures trouble the program.",
	},
	audit.AssessSucceededDespite: {
		"All calls with a refused check succeeded.", "",
	},
	audit.AssessDenialNotEstablished: {
		"Calls with a refused check failed, but not for want of permission.",
		"Grant it and audit again if those failures trouble the program.",
	},
}
