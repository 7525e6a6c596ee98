package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// metric is one family of metrics. All are gauges: each report stands for
// itself, and the next one does not go on counting.
type metric struct {
	name, help string
	samples    []string
}

// metrics are about one application.
type metrics struct {
	application string // the labels
	families    []*metric
}

// WritePrometheus writes the document in the text format of Prometheus, for
// the textfile collector of its node exporter. Every sample says which
// application it is about. Its error is w's.
func WritePrometheus(w io.Writer, d *Document) error {
	m := metrics{application: strings.Join(d.labels(), ",")}
	m.run(d)
	m.capabilities(d)
	if d.Policy != nil {
		m.policy(d.Policy)
	}
	var b strings.Builder
	for _, f := range m.families {
		if len(f.samples) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s", f.name, f.help, f.name,
			strings.Join(f.samples, ""))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// labels name what the metrics are about: in Kubernetes as its own metrics do, and with the
// control group of what no other name tells from the next, such as a container that took
// another's place in its pod.
func (d *Document) labels() []string {
	list, s := []string{label("application", d.subject())}, d.Subject
	if s.Pod != nil {
		list = append(list, label("namespace", orEmpty(s.Namespace)), label("pod", orEmpty(s.Pod)))
	}
	if s.Name != nil && s.ContainerID != nil {
		list = append(list, label("container", *s.Name))
	}
	if s.Cgroup != nil && (s.Name == nil || s.ContainerID != nil) {
		list = append(list, label("cgroup", *s.Cgroup))
	}
	return list
}

func (m *metrics) run(d *Document) {
	m.family("info", "What was audited, how and by which version; always 1.").add(1, m.application,
		label("backend", d.Backend), label("kernel", d.SystemContext.KernelVersion),
		label("version", d.Tool.Version))
	m.one("complete", "Whether all that the program did was recorded.", truth(d.Complete))
	if d.Exit.Status != nil && d.Merged == nil { // several runs have several
		m.one("exit_status", "Status that the program exited with, 128 and the signal if one ended it.",
			d.Exit.code())
	}
	m.one("checks", "Capability checks of all kinds.", d.TotalChecks)
	if d.Merged != nil {
		m.one("reports", "Reports that were joined.", d.Merged.Reports)
		m.one("reports_failed", "Reports of runs that ended with a signal or another status than 0.",
			d.Merged.Failed.Count)
		m.one("reports_incomplete", "Reports that may lack something.",
			d.Merged.Incomplete.Count+d.Merged.Untold.Count)
	}
}

func (m *metrics) capabilities(d *Document) {
	needed := m.family("capability_needed", "Capabilities that the program needs; always 1.")
	for _, name := range d.Recommended {
		needed.add(1, m.application, label("capability", name))
	}
	checks := m.family("capability_checks", "Checks of a capability that count as needs, by answer.")
	refused := m.family("capability_refused",
		"Capabilities that were refused each time, and what became of the calls; always 1.")
	for _, c := range d.Required {
		if c.byRepetition {
			continue
		}
		checks.add(c.Checks.Granted, m.application, label("capability", c.Name), label("result", "granted"))
		checks.add(c.Checks.Denied, m.application, label("capability", c.Name), label("result", "denied"))
	}
	for _, c := range d.Denied {
		checks.add(c.NotGrantedChecks, m.application, label("capability", c.Name), label("result", "denied"))
		refused.add(1, m.application, label("capability", c.Name), label("assessment", string(c.Assessment)))
	}
}

func (m *metrics) policy(p *PolicyFit) {
	m.one("policy_met", "Whether the run fits the policy and is known well enough to say so.",
		truth(p.Met && p.Sure))
	violations := m.family("policy_violation",
		"Capabilities in which the run does not fit the policy; always 1.")
	for kind, list := range map[string][]string{
		"not_allowed": p.NotAllowed, "refused": p.Refused, "unused": p.Unused,
	} {
		for _, name := range list {
			if kind != "unused" || p.CheckUnused {
				violations.add(1, m.application, label("capability", name), label("kind", kind))
			}
		}
	}
	slices.Sort(violations.samples)
}

func (m *metrics) family(name, help string) *metric {
	family := &metric{name: "cap_audit_" + name, help: help}
	m.families = append(m.families, family)
	return family
}

// one is a family of a single sample.
func (m *metrics) one(name, help string, value any) { m.family(name, help).add(value, m.application) }

func (m *metric) add(value any, labels ...string) {
	m.samples = append(m.samples, fmt.Sprintf("%s{%s} %d\n", m.name, strings.Join(labels, ","), value))
}

// Line breaks are for printable to escape.
var escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func label(name, value string) string {
	return name + `="` + escapeLabel.Replace(printable(value)) + `"`
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// code is what a shell has of an end that is known.
func (e Exit) code() int {
	if *e.Signal != 0 {
		return 128 + *e.Signal
	}
	return *e.Status
}
