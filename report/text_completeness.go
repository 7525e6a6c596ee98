package report

import (
	"fmt"
	"slices"

	"github.com/cap-audit/cap-audit/audit"
)

// completeness shows what the report does not know.
func (t *text) completeness() {
	gaps := t.d.gaps()
	if len(gaps) == 0 {
		return
	}
	t.heading("COMPLETENESS:")
	for _, gap := range gaps {
		t.item(gap)
	}
}

func (d *Document) gaps() []string {
	return slices.Concat(d.lossGaps(), d.unionGaps(), d.timeGaps(), d.blindGaps())
}

// lossGaps say what was seen and could not be kept.
func (d *Document) lossGaps() []string {
	var gaps []string
	for _, loss := range []struct {
		n         uint64
		one, many string
		then      string
	}{
		{d.Losses.Tasks, "task", "tasks", "could not be followed: checks made there are missing"},
		{d.Losses.Checks, "check", "checks",
			"went unseen, of this program or another, so a capability may be missing" +
				unseenAdvice(d.Backend)},
		{d.Losses.Rows, "check", "checks",
			"were only counted: which system call and program made them is not known"},
		{d.Losses.Sites, "call site", "call sites", "could not be recorded: reasons may be missing"},
		{d.Losses.Outcomes, "outcome", "outcomes",
			"of system calls could not be recorded: assessments rest on the others"},
		{d.Losses.Programs, "program start", "program starts",
			"went unseen or came after the list of programs was full: what they needed is counted without " +
				"their path"},
		{d.Losses.Unasked, "call", "calls",
			"that the kernel may have let through without a check, of this program or another, could not " +
				"be looked at: a capability may be missing"},
		{d.Losses.Objects, "look", "looks",
			"at what a capability was asked for could not be recorded: objects may be missing"},
		{d.Losses.Stacks, "stack", "stacks", "of the program that asked could not be looked at"},
		{d.Losses.Code, "look", "looks",
			"at the code that programs mapped failed: what is possible may lack what that asks for"},
		{d.Losses.Events, "line", "lines",
			"of --verbose or --events are missing: the report does not depend on them"},
	} {
		if loss.n > 0 {
			gaps = append(gaps, count(loss.n, loss.one, loss.many)+" "+loss.then+".")
		}
	}
	if d.MissedExits > 0 && len(d.Denied) > 0 {
		gaps = append(gaps, count(d.MissedExits, "system call", "system calls")+", of this program or "+
			"another, returned unseen: outcomes of refused checks may be fewer than the calls by that.")
	}
	return gaps
}

// unseenAdvice is what to do about checks that a backend did not see.
func unseenAdvice(backend string) string {
	if backend == "kprobe" {
		return ""
	}
	return "; --backend kprobe misses hardly any where the kernel has it"
}

// unionGaps say what the reports lack that this one joins.
func (d *Document) unionGaps() []string {
	m := d.Merged
	if m == nil {
		return nil
	}
	var gaps []string
	if n := m.Incomplete.Count; n > 0 {
		gaps = append(gaps, count(n, "report is", "reports are")+
			" of recordings that are not complete: a capability may be missing.")
	}
	if n := m.Untold.Count; n > 0 {
		gaps = append(gaps, count(n, "report does", "reports do")+" not say what may be missing.")
	}
	if m.LeftOut > 0 {
		gaps = append(gaps, count(m.LeftOut, "detail", "details")+
			" did not fit into the union: call sites, outcomes or programs beyond the first.")
	}
	return gaps
}

// timeGaps say what of the program's time the audit did not cover, where it
// was to cover all.
func (d *Document) timeGaps() []string {
	var gaps []string
	if d.cutShort != "" {
		gaps = append(gaps, sentence(printable(d.cutShort))+" What the rest of the start needs is missing.")
	}
	whole := !d.Subject.Kind.Adopted() && !d.Interim && d.Merged == nil
	if whole && !d.Exit.Ended {
		gaps = append(gaps, "The program had not ended when the report was made.")
	}
	if whole && d.StillRunning > 0 {
		gaps = append(gaps, count(d.StillRunning, "descendant", "descendants")+" of the program still ran "+
			"when the audit ended. With --follow the audit waits for the last one.")
	}
	if d.Interim {
		gaps = append(gaps, "This is an interim report: the audit went on when it was made.")
	}
	return gaps
}

// blindGaps say what could not be seen, where that can have changed the answer.
func (d *Document) blindGaps() []string {
	var gaps []string
	for _, spot := range d.blindSpots {
		then := printable(consequence(spot))
		switch {
		case spot.Kind == audit.BlindUntraced && d.Merged != nil:
			gaps = append(gaps, "Of some reports: "+then+".")
		case slices.Contains([]audit.BlindSpotKind{audit.BlindMoved, audit.BlindSkipped, audit.BlindUnasked,
			audit.BlindUntraced}, spot.Kind):
			gaps = append(gaps, sentence(then))
		case spot.Kind == audit.BlindLSM && d.permissionFailureThoughGranted():
			gaps = append(gaps, fmt.Sprintf("Calls failed for want of permission although they were granted "+
				"a capability, and with the %s backend %s.", printable(d.Backend), then))
		}
	}
	return gaps
}

// permissionFailureThoughGranted: a security module may be the reason. Anywhere
// else it makes no difference not to see what it refuses.
func (d *Document) permissionFailureThoughGranted() bool {
	return slices.ContainsFunc(d.Required, func(c Capability) bool {
		return slices.ContainsFunc(c.FailedAnyway,
			func(o Outcome) bool { return o.Class == audit.PermissionFailure })
	})
}
