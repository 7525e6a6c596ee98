package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// WriteText writes the document for people, with rules and prose as wide as the
// page. Headings and one-line entries are those of the C cap-audit in
// its order, since scripts look for them. What the program chose, such as its
// path, comes out printable. Its error is w's.
func WriteText(w io.Writer, d *Document, page Page) error {
	t := &text{d: d, width: page.Width, terminal: page.Terminal}
	t.title()
	t.context()
	t.required()
	t.capsetOnly()
	t.related()
	t.denied()
	t.summary()
	// after all that the C cap-audit has: its callers read from one heading to the next
	t.unasked()
	t.advisory()
	t.nested()
	t.programs()
	t.proof()
	t.merged()
	t.completeness()
	t.doWithout()
	if d.UnitFile != nil {
		t.serviceRecommendations()
	} else {
		t.recommendations()
	}
	t.notExercised()
	t.neverUsed()
	t.line("")
	t.line("%s", d.answer())
	_, err := w.Write(t.Bytes())
	return err
}

// text collects the report. It is written in one go, so that half a report is
// nobody's.
type text struct {
	bytes.Buffer
	d        *Document // nil for the text of Reach
	width    int
	terminal bool // see Page
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(t, format+"\n", args...)
}

// prose wraps sentences to the width, all lines indented alike.
func (t *text) prose(indent, sentences string) {
	t.WriteString(wrap(indent, indent, sentences, t.width))
}

// item wraps one of a list of remarks.
func (t *text) item(remark string) {
	t.WriteString(wrap("  - ", "    ", remark, t.width))
}

// labelled wraps what follows a label, with the next lines two columns in.
func (t *text) labelled(indent, label, sentences string) {
	t.WriteString(wrap(indent+label+" ", indent+"  ", sentences, t.width))
}

func (t *text) rule(with string) { t.line("%s", strings.Repeat(with, max(t.width, 1))) }

// heading begins a section.
func (t *text) heading(heading string) {
	t.line("")
	t.line("%s", heading)
	t.rule("-")
}

func (t *text) none() { t.line("  None") }

// noneSeen is for a section of what only tracing shows.
func (t *text) noneSeen() {
	if t.d.untraced && t.d.Merged == nil {
		t.line("  Not known: nothing was traced")
		return
	}
	t.none()
}

// capability is the line that names one.
func (t *text) capability(name string, number int) { t.line("  %s", numbered(name, number)) }

func numbered(name string, number int) string { return fmt.Sprintf("%s (#%d)", name, number) }

func (t *text) title() {
	t.rule("=")
	if m := t.d.Merged; m != nil {
		subject := printable(t.d.Application.Comm)
		if subject == "" {
			subject = count(len(m.Applications), "program", "programs")
		}
		t.line("CAPABILITY ANALYSIS FOR: %s (%s)", subject, count(m.Reports, "report", "reports"))
	} else {
		t.line("CAPABILITY ANALYSIS FOR: %s (PID %d)", printable(t.d.Application.Comm), t.d.Application.PID)
	}
	for _, about := range t.d.headings() {
		t.line("%s", about)
	}
	t.rule("=")
	if ran := t.d.ran(); ran != "" {
		t.line("%s", cut(ran, t.width))
	}
	t.refusedEnd()
}

func (t *text) context() {
	t.heading("SYSTEM CONTEXT:")
	t.line("  Kernel version: %s", printable(t.d.SystemContext.KernelVersion))
	for _, setting := range t.d.SystemContext.settings() {
		t.line("  %s: %s", setting.Name, setting.Value)
	}
}

// settings are those of the host that could be read.
func (s SystemContext) settings() []fact {
	var list []fact
	for _, k := range audit.SysctlKeys {
		value := s.byKey[k.Key]
		if value != -1 || k.Key == "perf_event_paranoid" { // which has a value of -1
			list = append(list, fact{k.Sysctl, strconv.Itoa(value)})
		}
	}
	return list
}

func (t *text) related() {
	t.heading("CAPABILITY-RELATED SYSTEM CONTEXT:")
	list := related(t.d)
	if len(list) == 0 {
		t.none()
	}
	last := -1
	for _, r := range list {
		if r.capability != last {
			t.line("  %s", capng.Constant(r.capability))
			last = r.capability
		}
		value := t.d.SystemContext.byKey[r.key]
		t.labelled("    ", fmt.Sprintf("%s = %d:", sysctl(r.key), value), r.meaning(value))
	}
}

func sysctl(key string) string {
	for _, k := range audit.SysctlKeys {
		if k.Key == key {
			return k.Sysctl
		}
	}
	return key
}

func (t *text) summary() {
	t.heading("SUMMARY:")
	t.line("  Total capability checks: %d", t.d.TotalChecks)
	t.line("  Required capabilities: %d", len(t.d.Required))
	t.line("  Capabilities with related system context: %d", relatedCapabilities(related(t.d)))
	t.line("  Successful capset calls: %d", t.d.CapsetCalls)
	t.line("  Capset-only capabilities: %d", len(t.d.CapsetOnly))
	t.line("  Capabilities with only not-granted checks: %d", len(t.d.Denied))
	if t.d.untraced && t.d.Merged == nil {
		t.line("  Found by repetitions alone, without tracing")
	}
	if n := len(t.d.Unasked); n > 0 {
		t.line("  Capabilities needed without a check: %d", n)
	}
	if t.d.Coverage != nil {
		t.labelled("  ", "Capabilities:", t.d.foreseen())
	}
}

// count writes a number with its noun.
func count[N int | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// orNone joins names, or says that there are none.
func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
