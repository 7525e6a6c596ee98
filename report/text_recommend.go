package report

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report/snippets"
)

func (t *text) recommendations() {
	t.heading("RECOMMENDATIONS:")
	t.prose("  ", t.verdict())
	for _, caveat := range t.caveats() {
		t.item(caveat)
	}
	t.snippets()
}

// snippets are the lines for those who grant the set.
func (t *text) snippets() {
	for _, s := range snippets.All(t.d.advice) {
		t.line("")
		t.line("  %s", s.Heading)
		for line := range strings.Lines(s.Text) {
			t.line("%s", strings.TrimRight("    "+line, " \n"))
		}
	}
	t.line("")
	t.prose("  ", fmt.Sprintf("--emit KIND prints one of these alone, or how to grant the set by another: "+
		"%s.",
		strings.Join(snippets.Others(t.d.advice), ", ")))
}

// verdict says what the lines below it grant.
func (t *text) verdict() string {
	d := t.d
	switch {
	case len(d.Recommended) == 0:
		return "No capability is needed for what the program got done in this run. The lines below run it " +
			"without any."
	case d.Dropped:
		return fmt.Sprintf("Grant: %s. Of these the program needs to keep, once started: %s.",
			strings.Join(d.Recommended, ", "), orNone(names(d.advice.Keep)))
	}
	return fmt.Sprintf("Grant: %s.", strings.Join(d.Recommended, ", "))
}

// caveats say how far to trust the verdict.
func (t *text) caveats() []string {
	d := t.d
	list := []string{"An audit sees only what the program does while it is watched: " +
		"use every feature that you rely on, under the account it will run as, before you trust the result."}
	if d.Subject.UserNamespace {
		list = append(list, "It runs in a user namespace of its own: the capabilities are needed within "+
			"that, and nothing has to be granted on the host.")
	}
	if grown := d.grown(); grown != "" {
		list = append(list, grown)
	}
	if proven := d.proven(); proven != "" {
		list = append(list, proven)
	}
	list = append(list, d.failing()...)
	list = append(list, d.Doubts()...)
	if len(d.advice.Bounding) > 0 {
		list = append(list, fmt.Sprintf("Granted for the bounding set alone: %s. Files of programs that it "+
			"executes have these (see PROGRAMS), and where one is missing the kernel does not execute "+
			"them (EPERM).", strings.Join(names(d.advice.Bounding), ", ")))
	}
	for _, l := range d.lessers {
		list = append(list, fmt.Sprintf("%s takes the place of %s: the kernel asked for that first, where "+
			"either will do.",
			capng.Name(l.Enough), capng.Name(l.Asked)))
	}
	if broad := broadOnes(d.advice.Grant); len(broad) > 0 {
		list = append(list, fmt.Sprintf("Nearly as good as root to whoever takes the program over: %s. See "+
			"whether what needs it can be done otherwise.",
			strings.Join(broad, ", ")))
	}
	return list
}

// Doubts are reasons why what is recommended may be too little: sentences for
// whoever sees nothing else of the report.
func (d *Document) Doubts() []string {
	var list []string
	if !d.fromStart {
		list = append(list, "What was audited had started before: what it needed for that is not included. "+
			wordings[d.Subject.Kind].beforehand)
	}
	if d.TestFailed != nil {
		list = append(list, sentence(printable(*d.TestFailed))+" What it was to exercise may be missing.")
	}
	if ended := d.endedBadly(); ended != "" {
		list = append(list, ended)
	}
	if d.failedWithEverything() {
		list = append(list, "It held every capability, and none was refused: if it asks for the user ID 0 "+
			"instead of trying, as nmap does, audit it as root, without --as.",
			"If it refuses to run with ambient capabilities, as bwrap does, have setpriv run it as that "+
				"user: cap-audit -- setpriv --reuid=USER --regid=GROUP --init-groups PROGRAM")
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
		list = append(list, "The record is not complete: take the set for the least that is needed.")
	}
	if refused := worthALook(d.Denied); len(refused) > 0 {
		list = append(list, fmt.Sprintf("Not included, though the lack of it may have made a system call "+
			"fail: %s.", strings.Join(refused, ", ")))
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

// DoubtsOf are Doubts, and what speaks against a snippet of that kind.
func (d *Document) DoubtsOf(kind string) []string {
	list := d.Doubts()
	if refusals := snippets.Refusals(d.advice); kind == "docker" && len(refusals) > 0 {
		list = append(list, "Seccomp profiles of engines refuse calls that the run made, with EPERM or "+
			"ENOSYS. If the program needs them: add the capability, or bring a profile "+
			"(--security-opt=seccomp=FILE). "+strings.Join(refusals, ". ")+".")
	}
	if kind == "bwrap" && len(d.Gains) > 0 {
		list = append(list, "bwrap forbids new privileges, whatever its options: set-user-ID programs, file "+
			"capabilities and sudo count for nothing in it.")
	}
	if len(d.secureLosses) == 0 || kind != "setcap" && kind != "filecap" {
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

// broadOnes are the capabilities that lead to all others, by what
// capabilities(7) says of them.
func broadOnes(grant []int) []string {
	var list []string
	for _, n := range grant {
		switch name := capng.Name(n); name {
		case "sys_admin", "dac_override", "sys_module", "sys_rawio", "sys_ptrace", "setfcap", "bpf",
			"mac_admin":
			list = append(list, name)
		}
	}
	return list
}

func names(numbers []int) []string { return each(numbers, capng.Name) }

// endedBadly warns when the program may have ended before it was done. Signals
// that people end a service with are as good as an exit.
func (d *Document) endedBadly() string {
	exit := d.Exit
	switch {
	case !exit.Ended:
		return ""
	case exit.Signal != 0 && !slices.Contains([]unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM},
		unix.Signal(exit.Signal)):
		name := unix.SignalName(unix.Signal(exit.Signal))
		if name == "" {
			name = fmt.Sprintf("signal %d", exit.Signal)
		}
		return fmt.Sprintf("The program was ended by %s and may not have come to all that it does.", name)
	case exit.Signal == 0 && exit.Status != 0:
		lacked := ""
		if d.untraced {
			lacked = " Whether it lacked a capability is not known."
		}
		return fmt.Sprintf("The program exited with status %d. If that was a failure, it may not have come "+
			"to all that it does.%s", exit.Status, lacked)
	}
	return ""
}

// failedWithEverything: the run under --as ended with a failure, which no refusal
// explains. What else it can be does not show in checks: bubblewrap 0.8 reads its
// sets and exits (acquire_privs()), nmap 7.93 compares its user ID with 0.
func (d *Document) failedWithEverything() bool {
	return !d.untraced && d.RunAs != nil && d.advice.Unprivileged && d.Exit.Ended && d.Exit.Status != 0 &&
		len(d.Denied) == 0
}

// worthALook are the capabilities whose refusal may have done harm.
func worthALook(list []Denied) []string {
	var names []string
	for _, c := range list {
		if c.Assessment == audit.AssessPermissionFailure {
			names = append(names, c.Name)
		}
	}
	return names
}
