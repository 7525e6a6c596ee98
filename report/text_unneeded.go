package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// advisory shows the capabilities that the kernel asked for only to choose
// between two ways of going on.
func (t *text) advisory() {
	list := t.unneeded(t.d.Advisory)
	if len(list) == 0 {
		return
	}
	t.heading("ADVISORY CAPABILITIES:")
	t.prose("  ", "The kernel asked for these, but not to decide whether the program may go on. "+
		"They need no grant; what a refusal changes is said beside each place that asked.")
	for _, c := range list {
		t.unneededCapability(c)
		for _, site := range c.CallSites {
			sentence := printable(site.Function) + " in " + inSyscall(site)
			if site.Advisory != nil {
				sentence += ": " + printable(*site.Advisory)
			}
			t.labelled("    ", "Asked by:", sentence)
		}
	}
}

// nested shows the capabilities whose checks were about user namespaces that
// the program made.
func (t *text) nested() {
	list := t.unneeded(t.d.Nested)
	if len(list) == 0 {
		return
	}
	t.heading("CAPABILITIES USED ONLY IN NESTED USER NAMESPACES:")
	t.prose("  ", "The program used these inside user namespaces that it made itself. "+
		"Whoever makes a user namespace holds every capability in it, so they need no grant on the host.")
	for _, c := range list {
		t.unneededCapability(c)
		if asked := otherSyscalls(Capability{CallSites: c.CallSites}); asked != "" {
			t.labelled("    ", "Asked by:", asked)
		}
	}
}

// unneeded leaves out what is needed anyway: there, nothing is gained by
// knowing that some checks were not about that.
func (t *text) unneeded(list []Unneeded) []Unneeded {
	return slices.DeleteFunc(slices.Clone(list), func(u Unneeded) bool {
		return slices.ContainsFunc(t.d.Required, func(c Capability) bool { return c.Number == u.Number })
	})
}

func (t *text) unneededCapability(c Unneeded) {
	t.capability(c.Name, c.Number)
	t.line("    Checks: %d granted, %d denied", c.Checks.Granted, c.Checks.Denied)
}

func inSyscall(site CallSite) string {
	if site.syscall().unknown() {
		return "an unknown system call"
	}
	return printable(site.Syscall)
}

// programs shows who needs what as a tree, when there is more than one program.
func (t *text) programs() {
	if len(t.d.Programs) < 2 {
		return
	}
	t.heading("PROGRAMS:")
	shown := make([]bool, len(t.d.Programs))
	// Twice: a program whose ancestors lead in a circle, or nowhere, is a root
	// for want of a better place.
	for _, orphans := range []bool{false, true} {
		for i, p := range t.d.Programs {
			if !shown[i] && (orphans || p.Parent == 0 || !t.hasProgram(p.Parent)) {
				t.program(i, "  ", shown)
			}
		}
	}
}

func (t *text) hasProgram(index int) bool {
	return slices.ContainsFunc(t.d.Programs, func(p Program) bool { return p.Index == index })
}

// maxIndent is how deep the tree is drawn, in columns.
const maxIndent = 40

func (t *text) program(i int, indent string, shown []bool) {
	shown[i] = true
	p := t.d.Programs[i]
	path := printable(p.Path)
	if p.Path == "" {
		path = "(not known which)"
	}
	what := []string{}
	if p.Processes > 0 {
		what = append(what, count(p.Processes, "process", "processes"))
	}
	what = append(what, "needs "+orNone(p.Needs))
	if len(p.Refused) > 0 {
		what = append(what, "refused "+strings.Join(p.Refused, ", "))
	}
	t.WriteString(wrap(indent+path+": ", indent+"    ", strings.Join(what, "; "), t.width))
	if len(indent) < maxIndent {
		indent += "  "
	}
	for j, child := range t.d.Programs {
		if !shown[j] && child.Parent == p.Index && p.Index != 0 {
			t.program(j, indent, shown)
		}
	}
}

// completeness shows what the report does not know.
func (t *text) completeness() {
	gaps := t.gaps()
	if len(gaps) == 0 {
		return
	}
	t.heading("COMPLETENESS:")
	for _, gap := range gaps {
		t.item(gap)
	}
}

// unseenAdvice is what to do about checks that a backend did not see.
func unseenAdvice(backend string) string {
	if backend == "kprobe" {
		return ""
	}
	return "; --backend kprobe misses hardly any where the kernel has it"
}

func (t *text) gaps() []string {
	d := t.d
	var gaps []string
	for _, loss := range []struct {
		n         uint64
		one, many string
		then      string
	}{
		{d.Losses.Tasks, "task", "tasks", "could not be followed: checks made there are missing"},
		{d.Losses.Checks, "check", "checks", "went unseen, of this program or another, so a capability may " +
			"be missing" + unseenAdvice(d.Backend)},
		{d.Losses.Rows, "check", "checks", "were only counted: which system call and program made them is " +
			"not known"},
		{d.Losses.Sites, "call site", "call sites", "could not be recorded: reasons may be missing"},
		{d.Losses.Outcomes, "outcome", "outcomes", "of system calls could not be recorded: assessments rest " +
			"" +
			"" +
			"" +
			"on the others"},
		{d.Losses.Programs, "program start", "program starts",
			"went unseen or came after the list of programs was full: what they needed is counted without " +
				"their path"},
		{d.Losses.Events, "line", "lines", "of --verbose could not be printed: the report does not depend " +
			"on them"},
	} {
		if loss.n > 0 {
			gaps = append(gaps, count(loss.n, loss.one, loss.many)+" "+loss.then+".")
		}
	}
	if d.MissedExits > 0 && len(d.Denied) > 0 {
		gaps = append(gaps, fmt.Sprintf("%s, of this program or another, returned unseen: outcomes of "+
			"refused checks may be fewer than the calls by that.",
			count(d.MissedExits, "system call", "system calls")))
	}
	if d.cutShort != "" {
		gaps = append(gaps, sentence(printable(d.cutShort))+" What the rest of the start needs is missing.")
	}
	if m := d.Merged; m != nil {
		if m.Incomplete.Count > 0 {
			gaps = append(gaps, count(m.Incomplete.Count, "report is",
				"reports are")+" of recordings that are not complete: a capability may be missing.")
		}
		if m.Untold.Count > 0 {
			gaps = append(gaps, count(m.Untold.Count, "report does",
				"reports do")+" not say what may be missing.")
		}
		if m.LeftOut > 0 {
			gaps = append(gaps, count(m.LeftOut, "detail",
				"details")+" did not fit into the union: call sites, outcomes or programs beyond the first.")
		}
	}
	switch {
	case d.Subject.Kind.Adopted() || d.Interim || d.Merged != nil:
	case !d.Exit.Ended:
		gaps = append(gaps, "The program had not ended when the report was made.")
	}
	switch {
	case d.Subject.Kind.Adopted() || d.Interim || d.Merged != nil:
	case d.StillRunning > 0:
		gaps = append(gaps, fmt.Sprintf("%s of the program still ran when the audit ended, and what came "+
			"later is not in this report. "+
			"With --follow the audit waits for the last one.",
			count(d.StillRunning, "descendant", "descendants")))
	}
	if d.Interim {
		gaps = append(gaps, "This is an interim report: the audit went on when it was made.")
	}
	// A security module may be the reason why a call failed that was granted
	// its capability. Anywhere else it makes no difference not to see it.
	for _, spot := range d.blindSpots {
		says := printable(consequence(spot))
		switch {
		case spot.Kind == audit.BlindMoved || spot.Kind == audit.BlindSkipped:
			gaps = append(gaps, sentence(says))
		case spot.Kind == audit.BlindLSM && t.permissionFailureThoughGranted():
			gaps = append(gaps, fmt.Sprintf("Calls failed for want of permission although they were granted "+
				"a capability, and with the %s backend %s.", printable(d.Backend), says))
		}
	}
	return gaps
}

func (t *text) permissionFailureThoughGranted() bool {
	return slices.ContainsFunc(t.d.Required, func(c Capability) bool {
		return slices.ContainsFunc(c.FailedAnyway,
			func(o Outcome) bool { return o.Class == "permission_failure" })
	})
}
