package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/report/snippets"
)

func (t *text) recommendations() {
	t.heading("RECOMMENDATIONS:")
	t.verdict(t.d.grant())
	if !t.d.unknown() {
		t.snippets()
	}
}

// verdict is what to grant and how far to trust that. A failure comes before it.
func (t *text) verdict(grant string) {
	if failure := t.d.failure(); failure != "" {
		t.prose("  ", failure)
	}
	t.prose("  ", grant)
	for _, caveat := range t.d.caveats() {
		t.item(caveat)
	}
	if dangers := t.d.dangers("%s %s"); len(dangers) > 0 {
		t.item("Nearly as good as root, once taken over: " + strings.Join(dangers, "; ") + "." +
			t.d.tryWithout())
	}
}

// tryWithout is for what can be repeated and was not.
func (d *Document) tryWithout() string {
	if d.Proof != nil || d.Merged != nil || d.untraced || d.Subject.Kind.Adopted() || d.failure() != "" {
		return ""
	}
	return " --minimize tells what it can do without."
}

// snippets are the lines for those who grant the set.
func (t *text) snippets() {
	list := snippets.All(t.d.advice)
	if t.terminal {
		list = snippets.Fitting(t.d.advice)
	}
	for _, s := range list {
		t.line("")
		t.line("  %s", s.Heading)
		for line := range strings.Lines(s.Text) {
			t.line("%s", strings.TrimRight("    "+line, " \n"))
		}
	}
	t.exposure()
	if t.terminal {
		t.line("")
		t.line("  More, with notes, by --emit KIND: --help has the kinds.")
	}
}

// grant says what the lines below it grant.
func (d *Document) grant() string {
	switch {
	case d.idle():
		return "Grant: not known yet. Nothing that it did while it was watched needed a capability, and " +
			"its start was not seen."
	case d.unknown():
		return "Grant: not known yet."
	case d.AtLeast && len(d.Recommended) > 0:
		return fmt.Sprintf("Grant at least: %s.", strings.Join(d.Recommended, ", "))
	case d.noSession():
		return "Grant: " + orNone(d.Recommended) + ", as far as it was used."
	case len(d.Recommended) == 0 && (d.wentWrong("") != "" || len(d.harmful()) > 0):
		return "Grant: none for what it got done."
	case len(d.Recommended) == 0:
		return "Grant: none. Nothing in this run needed a capability."
	case d.Dropped && len(d.advice.Keep) == 0:
		return fmt.Sprintf("Grant: %s. Once started, the program needs none of them.",
			strings.Join(d.Recommended, ", "))
	case d.Dropped:
		return fmt.Sprintf("Grant: %s. Once started, the program needs to keep: %s.",
			strings.Join(d.Recommended, ", "), orNone(names(d.advice.Keep)))
	}
	return fmt.Sprintf("Grant: %s.", strings.Join(d.Recommended, ", "))
}

// answer is all of the report in a line.
func (d *Document) answer() string {
	parts := []string{"Grant: " + orNone(d.Recommended)}
	switch wrong := d.wentWrong("it"); {
	case d.idle():
		parts = []string{"Grant: not known yet", "none while it was watched"}
	case d.unknown() && wrong == "":
		parts = []string{"Grant: not known yet"}
	case d.unknown():
		parts = []string{"Grant: not known yet", wrong}
	case d.AtLeast && len(d.Recommended) > 0:
		parts = []string{"Grant at least: " + strings.Join(d.Recommended, ", ")}
		if wrong != "" {
			parts = append(parts, wrong)
		}
	case wrong != "":
		parts = append(parts, "but "+wrong)
		if lacked := d.refusedInPart(); len(lacked) > 0 {
			parts = append(parts, "refused to a part of it: "+strings.Join(lacked, ", "))
		}
	}
	if p := d.Proof; p != nil && p.Verification != nil && p.Verification.tried() {
		switch kept := d.kept(); {
		case !p.Verification.Behaved:
			parts = append(parts, "not enough in a repetition")
		case len(kept) > 0:
			parts = append(parts, "proven but for "+firstOf(kept, 3))
		default:
			parts = append(parts, "proven")
		}
	}
	if d.partly() {
		parts = append(parts, fmt.Sprintf("%d of %d reports may need more", d.Merged.AtLeast.Count,
			d.Merged.Reports))
	}
	if !d.fromStart {
		parts = append(parts, "its start was not seen")
	}
	if !d.recorded {
		parts = append(parts, "the record is not complete")
	}
	if d.noSession() {
		parts = append(parts, "but no session was opened")
	}
	if refused := len(d.refusedLeast()); d.blocked() {
		parts = append(parts, "refused: "+strings.Join(namesOf(d.harmful()), ", "))
	} else if refused > 0 {
		more := ""
		if len(d.Recommended) > 0 {
			more = "more "
		}
		parts = append(parts, count(refused, more+"was refused", more+"were refused"))
	}
	answer := strings.Join(parts, "; ")
	if more := fmt.Sprintf("; %d more possible", len(d.Possible)); len(d.Possible) > 0 && !d.everything &&
		utf8.RuneCountInString(answer+more) <= 80 {
		answer += more
	}
	return answer
}

// noSession: it is made to log users in, and did not while it was watched. Nobody becomes another user
// without setuid; and who executed nothing and became one account alone, as atd does when it starts, has
// seen none.
func (d *Document) noSession() bool {
	another := func(p Program) bool { return p.Parent != 0 && p.Path != d.Application.Comm }
	return !d.untraced && d.logsIn() && (!slices.Contains(d.advice.Grant, unix.CAP_SETUID) ||
		len(d.accounts()) == 1 && !slices.ContainsFunc(d.Programs, another))
}

// accounts are those but root that it asked to become.
func (d *Document) accounts() []string {
	var list []string
	for _, c := range d.Required {
		for _, s := range c.CallSites {
			for _, o := range s.Objects {
				list = append(list, objects.ValuesOf(o.Option, "user ")...)
			}
		}
	}
	return distinct(slices.DeleteFunc(list, func(user string) bool { return user == "root" }))
}

// caveats say how far to trust the verdict.
func (d *Document) caveats() []string {
	var list []string
	if !d.blocked() {
		list = append(list, "Use each feature, as the user it will run as: what it did not do is missing.")
	}
	if d.noSession() {
		takes := "setuid, setgid and more"
		if slices.Contains(d.advice.Grant, unix.CAP_SETUID) { // for an account of its own
			takes = "more"
		}
		list = append(list, fmt.Sprintf("It opens sessions of users, and opened none while it was watched: "+
			"that takes %s. Log in, or let a job run, and audit again.", takes))
	}
	if d.Subject.UserNamespace {
		list = append(list, "It runs in a user namespace of its own: the capabilities are needed within "+
			"that, and nothing has to be granted on the host.")
	}
	if within := d.userNamespace(); within != "" {
		list = append(list, within)
	}
	if early := d.giveUp(); early != "" {
		list = append(list, early)
	}
	if grown := d.grown(); grown != "" {
		list = append(list, grown)
	}
	if proven := d.proven(); proven != "" {
		list = append(list, proven)
	}
	if failing := d.failing(); failing != "" {
		list = append(list, failing)
	}
	if d.TestFailed != nil && !d.blocked() {
		list = append(list, sentence(printable(*d.TestFailed))+" What it was to exercise may be missing.")
	}
	list = append(list, d.doubts()...)
	if len(d.advice.Bounding) > 0 {
		list = append(list, fmt.Sprintf("For the bounding set alone: %s. Without these in it, the kernel "+
			"does not execute the programs whose files have them (see PROGRAMS).",
			strings.Join(names(d.advice.Bounding), ", ")))
	}
	for _, l := range d.lessers {
		list = append(list, fmt.Sprintf("%s in the place of %s: either is enough, though the kernel asks "+
			"for the latter first.", capng.Name(l.Enough), capng.Name(l.Asked)))
	}
	for _, n := range d.covered {
		list = append(list, capng.Name(n)+" is not in it: where it was asked for, dac_override does.")
	}
	return list
}

// Doubts are reasons why what is recommended may be too little: sentences for
// whoever sees nothing else of the report.
func (d *Document) Doubts() []string {
	if failure := d.failure(); failure != "" {
		return append([]string{failure}, d.doubts()...)
	}
	return d.doubts()
}

// doubts are those besides a failure.
func (d *Document) doubts() []string {
	var list []string
	if !d.fromStart {
		list = append(list, d.late()+" had started before: what it needed for that is not included."+
			d.beforehand())
	}
	if d.partly() {
		list = append(list, fmt.Sprintf("Of %d reports, %s that more may be needed%s.", d.Merged.Reports,
			count(d.Merged.AtLeast.Count, "says", "say"), inParens(named(d.Merged.AtLeast))))
	}
	if d.untraced {
		found := "Found"
		if d.Merged != nil {
			found = "Some reports were found"
		}
		list = append(list, found+" by repetitions alone, without tracing: what the program was refused and "+
			"went on without is not known, nor what only a first run needs.")
	}
	if !d.recorded {
		list = append(list, "The record is not complete: the program may need more.")
	}
	if !d.blocked() {
		list = append(list, d.harm()...)
	}
	if unknown := snippets.Unknown(d.advice.Grant); len(unknown) > 0 {
		list = append(list, fmt.Sprintf("Missing from the lines that grant the set, because libcap-ng on "+
			"this machine has no name for it: %s.",
			strings.Join(names(unknown), ", ")))
	}
	if len(d.fileExcess) > 0 {
		list = append(list, fmt.Sprintf("The program's file has more capabilities: %s. Where they cannot "+
			"all be given, the kernel may refuse to execute it (EPERM): take them off the file as well.",
			strings.Join(names(d.fileExcess), ", ")))
	}
	return list
}

// harm is what refusals may have done to a run that did not fail.
func (d *Document) harm() []string {
	var list []string
	if d.Merged != nil && len(d.harmful()) > 0 { // a document does not say what the program had given up
		return []string{fmt.Sprintf("Refused, and a call failed: %s. If something was missing, the reports "+
			"say what helps.", strings.Join(namesOf(d.harmful()), ", "))}
	}
	if lacked := d.lacked(); len(lacked) > 0 {
		list = append(list, fmt.Sprintf("Refused, and a call failed: %s. "+
			"To be granted if something was missing.", strings.Join(namesOf(lacked), ", ")))
	}
	if gone := slices.DeleteFunc(d.harmful(), func(c Denied) bool { return !d.gaveUp(c) }); len(gone) > 0 {
		list = append(list, fmt.Sprintf("Refused after the program gave it up, and a call failed: %s. "+
			"No grant helps. If something was missing: %s.",
			strings.Join(namesOf(gone), ", "), d.despite(gone)))
	}
	return list
}

// DoubtsOf are Doubts, and what speaks against a snippet of that kind.
func (d *Document) DoubtsOf(kind string) []string {
	list := d.Doubts()
	if notes := snippets.Notes(kind, d.advice); notes != "" {
		list = append(list, notes)
	}
	if refusals := snippets.Refusals(d.advice); kind == "docker" && len(refusals) > 0 {
		list = append(list, "Seccomp profiles of engines refuse calls that the run made, with EPERM or "+
			"ENOSYS. If the program needs them: add the capability, or bring a profile "+
			"(--security-opt=seccomp=FILE). "+strings.Join(refusals, ". ")+".")
	}
	if kind == "seccomp" { // it has no place for comments
		list = append(list, d.advice.Filter.Unsure...)
	}
	if kind == "bwrap" && len(d.Gains) > 0 {
		list = append(list, "bwrap forbids new privileges, whatever its options: set-user-ID programs, file "+
			"capabilities and sudo count for nothing in it.")
	}
	if len(d.secureLosses) == 0 || !snippets.InFile(kind) {
		return list
	}
	losses := each(d.secureLosses, func(l audit.SecureLoss) string {
		if len(l.Libraries) == 0 {
			return l.What
		}
		return fmt.Sprintf("%s (%s)", l.What, strings.Join(each(l.Libraries, printable), ", "))
	})
	return append(list, "In the secure mode that file capabilities bring (ld.so(8)) these of the run count "+
		"for nothing: "+strings.Join(losses, ", ")+". Ambient capabilities do not bring it: "+
		"AmbientCapabilities= in a unit, or setpriv --ambient-caps.")
}
