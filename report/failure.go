package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// failure says how the run ended that may have been a failure, "" where it was
// none: what it would have needed after that nobody knows.
func (d *Document) failure() string {
	ended := d.endedBadly()
	switch {
	case d.blocked():
		return strings.TrimSuffix(sentence(d.wentWrong("the program")), ".") + d.becauseRefused()
	case ended == "":
		return ""
	case len(d.refusedInPart()) > 0:
		return fmt.Sprintf("The program %s after %s was refused, which was granted elsewhere in the run: "+
			"see the top.", ended, strings.Join(d.refusedInPart(), ", "))
	case d.untraced:
		return fmt.Sprintf("The program %s. Whether it lacked a capability is not known.", ended)
	case d.failedWithEverything():
		return fmt.Sprintf("The program %s. It held every capability, and none was refused: if it asks for "+
			"the user ID 0 instead of trying, as nmap does, audit it as root, without --as. If it refuses "+
			"to run with ambient capabilities, as bwrap does, have setpriv run it as that user: cap-audit "+
			"-- setpriv --reuid=USER --regid=GROUP --init-groups PROGRAM", ended)
	}
	return fmt.Sprintf("The program %s. If that was a failure, it may need more when it succeeds.", ended) +
		d.unprepared()
}

// unprepared names what may be why it failed, where systemd would have run commands before.
func (d *Document) unprepared() string {
	before := func(s Setting) bool { return s.Key == "ExecStartPre" }
	if d.UnitFile == nil || !slices.ContainsFunc(d.UnitFile.NotRun, before) {
		return ""
	}
	return " Its ExecStartPre= was not run: do that first, and audit again."
}

// refusedInPart are those that it ended for want of and that are granted all the same: another
// of its programs had them, or it had them before.
func (d *Document) refusedInPart() []string {
	if d.RefusedEnd == nil {
		return nil
	}
	return slices.DeleteFunc(each(d.RefusedEnd.Capabilities, printable),
		func(name string) bool { return !slices.Contains(d.Recommended, name) })
}

// becauseRefused goes on from what went wrong to what was refused before, and what to
// do about it.
func (d *Document) becauseRefused() string {
	program, next := "it", "it needs this, and perhaps more. "+d.grantIt()
	if d.endedBadly() == "" {
		program = "the program"
	}
	switch {
	case d.Merged != nil: // a document does not say what the program had given up
		next = "each report says what helps."
	case len(d.lacked()) == 0:
		next = "no grant helps, since it had given that up by itself: " + d.despite(d.harmful()) +
			", and audit again."
	}
	return fmt.Sprintf(", after %s was refused %s. If that is why, %s", program,
		strings.Join(d.refusals(), ", "), next)
}

// blocked: a refusal may be why the run failed.
func (d *Document) blocked() bool { return d.wentWrong("") != "" && len(d.harmful()) > 0 }

// unknown: there is nothing to grant, which may be too little. A refusal may be why the run failed, or it
// began before the audit; or each of the reports that were joined says so.
func (d *Document) unknown() bool {
	each := d.more() && d.Merged.AtLeast.Count == d.Merged.Reports
	return len(d.Recommended) == 0 && (d.blocked() || !d.fromStart || each)
}

// more: of the reports that were joined some say that more may be needed, and the others do not show
// that this was all.
func (d *Document) more() bool {
	return d.Merged != nil && d.Merged.AtLeast.Count > 0 && (len(d.harmful()) > 0 || !d.fromStart)
}

// partly: there is more than what those say, and that is not all that is known.
func (d *Document) partly() bool { return d.more() && !d.blocked() && !d.unknown() }

// idle: that is all that there is to say.
func (d *Document) idle() bool { return d.unknown() && d.wentWrong("") == "" && len(d.harmful()) == 0 }

// wentWrong tells how the program ended, or what the test said: a clause, "" where
// neither is a failure.
func (d *Document) wentWrong(program string) string {
	switch ended := d.endedBadly(); {
	case ended != "":
		return program + " " + ended
	case d.TestFailed != nil:
		return printable(*d.TestFailed)
	}
	return ""
}

// Blocked is the reason why no snippet is worth having, nil where one is: what the
// program was refused may be why it failed, and a snippet would make that last.
func (d *Document) Blocked() error {
	if !d.blocked() {
		return nil
	}
	return errors.New("no snippet of a run that may have failed for a refusal: " + d.failure())
}

// Unfounded is why there is no snippet of a kind, where that says what is granted: it would take all from
// a service whose start was not seen.
func (d *Document) Unfounded(kind string) error {
	if !d.unknown() || d.blocked() || snippets.IsFilter(kind) {
		return nil
	}
	return errors.New("no snippet without any capability: what was audited had started before, and what it " +
		"needed for that is not known." + d.beforehand())
}

// grantIt is what to do about a refusal.
func (d *Document) grantIt() string {
	switch {
	case d.UnitFile != nil && d.UnitFile.UID != 0:
		return "Add it to AmbientCapabilities= and CapabilityBoundingSet=, and audit again."
	case d.UnitFile == nil && d.advice.Unprivileged && d.RunAs == nil && !d.Subject.Kind.Adopted():
		return "Audit it as root with --as USER: then it holds every capability, and all checks are seen."
	}
	return "Grant it and audit again."
}

// endedBadly tells how the program ended, if that is no success: a clause.
func (d *Document) endedBadly() string {
	if d.Exit.Status != nil && !audit.TimedOut(d.Application.Comm, *d.Exit.Status) {
		if ended := endedBadly(*d.Exit.Status, *d.Exit.Signal); ended != "" {
			return ended
		}
	}
	if m := d.Merged; m != nil && m.Reports > 0 && m.Failed.Count == m.Reports {
		return "ended well in none of its runs"
	}
	return ""
}

func endedBadly(status, signal int) string {
	switch {
	case !audit.EndedBadly(status, signal):
		return ""
	case signal != 0:
		name := unix.SignalName(unix.Signal(signal))
		if name == "" {
			name = fmt.Sprintf("signal %d", signal)
		}
		return "was ended by " + name
	}
	return fmt.Sprintf("exited with status %d", status)
}

// failedWithEverything: the run under --as ended with a failure, which no refusal
// explains. What else it can be does not show in checks: bubblewrap 0.8 reads its
// sets and exits (acquire_privs()), nmap 7.93 compares its user ID with 0.
func (d *Document) failedWithEverything() bool {
	failed := d.Exit.Status != nil && *d.Exit.Status != 0
	return failed && !d.untraced && d.RunAs != nil && d.advice.Unprivileged && len(d.Denied) == 0
}

// granted: it is recommended, or a unit file's settings give it.
func (d *Document) granted(number int) bool {
	return slices.Contains(d.advice.Grant, number) ||
		d.UnitFile != nil && d.UnitFile.gives(capng.Name(number))
}

// notAdded are the refused ones that are not recommended for another reason.
func (d *Document) notAdded() []Denied {
	return slices.DeleteFunc(slices.Clone(d.Denied), func(c Denied) bool { return d.granted(c.Number) })
}

// refusedLeast are these, but one of two where either would have been enough.
func (d *Document) refusedLeast() []Denied {
	return slices.DeleteFunc(d.notAdded(), func(c Denied) bool { return d.lesserOf(c) != "" })
}

// harmful are those of them whose refusal may have done harm.
func (d *Document) harmful() []Denied {
	return slices.DeleteFunc(d.refusedLeast(),
		func(c Denied) bool { return c.assessed() != audit.AssessPermissionFailure })
}

// assessed is the assessment, and that a call failed for want of permission where the kernel has another code
// for that than EPERM and EACCES.
func (c Denied) assessed() audit.Assessment {
	if slices.ContainsFunc(c.Outcomes, c.forWant) {
		return audit.AssessPermissionFailure
	}
	return c.Assessment
}

func (c Denied) forWant(o Outcome) bool { return audit.ForWant(c.Number, o.Syscall, o.RawReturn) }

// lacked are those of the harmful ones that a grant can mend.
func (d *Document) lacked() []Denied { return slices.DeleteFunc(d.harmful(), d.gaveUp) }

// gaveUp: it began with the capability, so that it has taken that from itself, as whoever
// becomes another user does.
func (d *Document) gaveUp(c Denied) bool {
	return c.Number < 64 && d.held&(1<<c.Number) != 0 && c.LSMRefused == 0
}

// despite is what helps where it has given these up, as far as that is known.
func (d *Document) despite(gone []Denied) string {
	var ways, parts []string
	for _, c := range gone {
		ways = append(ways, d.around[c.Number]...)
	}
	if d.becomes != "" && d.RunAs == nil {
		start := "start it as " + d.becomes
		if d.Subject.Kind == audit.SubjectCommand {
			start += " (--as " + d.becomes + ")"
		}
		parts = append(parts, start+", which may keep what it is granted")
	}
	known := !slices.ContainsFunc(gone, func(c Denied) bool { return len(d.around[c.Number]) == 0 })
	if known {
		slices.Sort(ways)
		parts = append(parts, together(slices.Compact(ways)))
	}
	switch files := func(c Denied) bool { return slices.Contains(aboutFiles, c.Number) }; {
	case known:
	case slices.ContainsFunc(gone, files):
		parts = append(parts, "see whose its files are, and its settings")
	default:
		parts = append(parts, "see its settings")
	}
	return strings.Join(parts, "; or ")
}

// aboutFiles are asked for where files are others'.
var aboutFiles = []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER,
	unix.CAP_FSETID}

func namesOf(list []Denied) []string {
	return each(list, func(c Denied) string { return c.Name })
}

// refusals are those, each with the system call that failed; the one first that it
// ended after.
func (d *Document) refusals() []string {
	list := d.harmful()
	if end := d.RefusedEnd; end != nil {
		last := func(c Denied) bool { return slices.Contains(end.Capabilities, c.Name) }
		list = append(slices.DeleteFunc(slices.Clone(list), func(c Denied) bool { return !last(c) }),
			slices.DeleteFunc(list, last)...)
	}
	return each(list, func(c Denied) string {
		for _, o := range c.Outcomes {
			if c.forWant(o) {
				return fmt.Sprintf("%s (%s %s)", c.Name, printable(o.Syscall), how(o))
			}
		}
		return c.Name
	})
}

// lesserOf is one that does less and was refused, too, wherever this one was, "" for
// none. The kernel asks for a second one only where the first does not decide, so
// either would have been enough. It may be granted for what it did elsewhere.
func (d *Document) lesserOf(greater Denied) string {
	lessers := audit.Alternatives(greater.Number)
	for _, c := range d.Denied {
		if slices.Contains(lessers, c.Number) && coveredBy(greater.CallSites, c.CallSites) {
			return c.Name
		}
	}
	for _, c := range d.Required {
		if slices.Contains(lessers, c.Number) && c.Checks.Denied >= greater.NotGrantedChecks &&
			samePlaces(greater.CallSites, c.CallSites) {
			return c.Name
		}
	}
	return ""
}

// samePlaces: where greater was asked, lesser was.
func samePlaces(greater, lesser []CallSite) bool {
	return everywhere(greater, lesser, func(_, _ CallSite) bool { return true })
}

// coveredBy: where greater was asked, lesser was as often.
func coveredBy(greater, lesser []CallSite) bool {
	return everywhere(greater, lesser, func(g, l CallSite) bool {
		return !g.Sampled && !l.Sampled && l.Checks >= g.Checks
	})
}

// everywhere: each place where greater was asked is one of lesser's that is like it.
func everywhere(greater, lesser []CallSite, like func(g, l CallSite) bool) bool {
	return len(greater) > 0 && !slices.ContainsFunc(greater, func(g CallSite) bool {
		return !slices.ContainsFunc(lesser, func(l CallSite) bool {
			return l.Function == g.Function && l.syscall() == g.syscall() && like(g, l)
		})
	})
}

func names(numbers []int) []string { return each(numbers, capng.Name) }
