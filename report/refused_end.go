package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// RefusedEnd is an end with a failure, and the last system call before it that was
// refused. The call can be a child's that ended in the same way.
type RefusedEnd struct {
	PID           int      `json:"pid"`
	Status        int      `json:"status"`
	Signal        int      `json:"signal"`
	SyscallNumber int      `json:"syscall_number"`
	Syscall       string   `json:"syscall"`
	ABI           string   `json:"abi"`
	RawReturn     int      `json:"raw_return"`
	Capabilities  []string `json:"capabilities"`
}

// blame keeps a refusal for an end that was a failure.
func (d *Document) blame(e *audit.RefusedEnd) {
	if e == nil || d.ending(e.Status, e.Signal) == "" {
		return
	}
	s := syscallOf(e.Syscall)
	d.RefusedEnd = &RefusedEnd{e.PID, e.Status, e.Signal, s.Number, s.Name, s.ABI, min(e.Return, 0),
		each(e.Capabilities, capng.Name)}
}

// ending tells how it ended that was refused something last, "" where that was no
// failure. Of what ran before the audit the kernel half alone knows how it ended.
func (d *Document) ending(status, signal int) string {
	if d.Subject.Kind.Adopted() {
		return endedBadly(status, signal)
	}
	return d.endedBadly()
}

// refusedEnd is what the reader wants to know first: why it failed, and what to do.
func (t *text) refusedEnd() {
	e := t.d.RefusedEnd
	if e == nil {
		return
	}
	who := "It"
	if t.d.Subject.Kind.Adopted() {
		who = fmt.Sprintf("Its process %d", e.PID)
	}
	said := fmt.Sprintf("%s %s after %s was refused (%s).", who, t.d.ending(e.Status, e.Signal),
		printable(e.Syscall), strings.Join(each(e.Capabilities, printable), ", "))
	switch lines := t.d.grantLines(e.Capabilities); {
	case len(lines) > 0:
		t.prose("", said+" To grant it:")
		for _, line := range lines {
			t.line("  %s", line)
		}
	case t.d.Subject.Kind.Adopted(): // who knows what it began with
		t.prose("", said)
	case !slices.ContainsFunc(t.d.Denied, func(c Denied) bool {
		return slices.Contains(e.Capabilities, c.Name) && !t.d.gaveUp(c)
	}):
		t.prose("", said+" It had given that up by itself.")
	default: // it, or what started this audit
		t.prose("", said+" Whatever took that away, before it began or since, has to leave it.")
	}
}

// spelling writes names of capabilities in one of the ways.
func spelling(names []string, prefix, separator string, spell func(int) string) string {
	return strings.Join(each(names, func(name string) string {
		n, _ := capng.Number(name)
		return prefix + spell(n)
	}), separator)
}

// grantLines give what is refused to what was audited; none where it had begun with all
// that there were, or it is not known what starts it.
func (d *Document) grantLines(names []string) []string {
	kind := d.Subject.Kind
	switch {
	case kind.Contained() && d.advice.Kubernetes():
		return []string{"add: [" + spelling(names, "", ", ", capng.Upper) + "]"}
	case kind.Contained():
		return []string{spelling(names, "--cap-add=", " ", capng.Upper)}
	case kind.Service():
		return d.settings(names)
	case kind.Adopted() || !d.advice.Unprivileged || d.RunAs != nil:
		return nil
	}
	set := spelling(names, "+", ",", capng.Name)
	return []string{
		fmt.Sprintf("# setpriv --reuid=%d --regid=\"$(id -g %d)\" --init-groups \\", d.uid, d.uid),
		fmt.Sprintf("    --inh-caps=%s --ambient-caps=%s \\", set, set),
		"    " + snippets.CommandLine(d.commandLine),
	}
}

// settings are lines of a unit, which add to those that it has. One that has no
// CapabilityBoundingSet= must not get one by that.
func (d *Document) settings(names []string) (lines []string) {
	set := spelling(names, "", " ", capng.Constant)
	if d.advice.Unprivileged || d.UnitFile != nil && d.UnitFile.UID != 0 {
		lines = append(lines, "AmbientCapabilities="+set)
	}
	lacks := func(name string) bool { return !slices.Contains(d.UnitFile.Bounding, name) }
	if d.UnitFile != nil && d.UnitFile.setsBounding && slices.ContainsFunc(names, lacks) ||
		d.UnitFile == nil && !d.advice.Unprivileged {
		lines = append(lines, "CapabilityBoundingSet="+set)
	}
	return lines
}
