package report

import (
	"fmt"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// Merged says which reports a document was made of.
type Merged struct {
	Reports uint64 `json:"reports"`
	// Incomplete reports may lack needs, Untold ones do not say whether they do.
	Incomplete Reports `json:"incomplete"`
	Untold     Reports `json:"untold"`
	// Failed are of runs that ended badly, or what was to exercise them did.
	Failed       Reports      `json:"failed"`
	Applications []Share      `json:"applications"`
	Kernels      []Share      `json:"kernels"`
	Capabilities []Provenance `json:"capabilities"`
	// LeftOut is how many details did not fit.
	LeftOut uint64 `json:"left_out"`
	// AtLeast reports say themselves that more may be needed. Late are of what had started
	// before the audit.
	AtLeast Reports `json:"at_least"`
	Late    Reports `json:"started_before"`
}

// Reports is a number of reports with the names of the first ones.
type Reports struct {
	Count uint64   `json:"count"`
	Names []string `json:"names"`
}

// Share is how many reports say the same. Name is null for the rest where
// there was too much to tell apart.
type Share struct {
	Name    *string `json:"name"`
	Reports uint64  `json:"reports"`
}

// Provenance says which reports showed what of a capability.
type Provenance struct {
	Number     int     `json:"number"`
	Name       string  `json:"name"`
	Required   Reports `json:"required"`
	CapsetOnly Reports `json:"capset_only"`
	Denied     Reports `json:"denied"`
}

func merged(m *audit.Merged) *Merged {
	if m == nil {
		return nil
	}
	return &Merged{
		Reports:      m.Reports,
		Incomplete:   reports(m.Incomplete),
		Untold:       reports(m.Untold),
		Failed:       reports(m.Failed),
		AtLeast:      reports(m.AtLeast),
		Late:         reports(m.Late),
		Applications: each(m.Applications, share),
		Kernels:      each(m.Kernels, share),
		Capabilities: each(m.Capabilities, func(p audit.Provenance) Provenance {
			return Provenance{p.Number, capng.Name(p.Number), reports(p.Required), reports(p.CapsetOnly),
				reports(p.Denied)}
		}),
		LeftOut: m.LeftOut,
	}
}

func reports(r audit.Reports) Reports { return Reports{r.Count, each(r.Names, valid)} }

func share(s audit.Share) Share { return Share{optional(s.Name), s.Reports} }

// merged shows where the report comes from, if that is from other reports.
func (t *text) merged() {
	m := t.d.Merged
	if m == nil {
		return
	}
	t.heading("REPORTS:")
	t.line("  Reports joined: %d", m.Reports)
	t.shares("Programs:", m.Applications)
	t.shares("Kernels:", m.Kernels)
	t.reports("  ", "Of runs that failed:", m.Failed)
	t.reports("  ", "Say that more may be needed:", m.AtLeast)
	t.reports("  ", "Of what had started before:", m.Late)
	t.reports("  ", "Not complete:", m.Incomplete)
	t.reports("  ", "Do not say whether they are complete:", m.Untold)
	for _, p := range m.Capabilities {
		t.capability(p.Name, p.Number)
		t.reports("    ", "Required in:", p.Required)
		t.reports("    ", "Asked for by capset in:", p.CapsetOnly)
		t.reports("    ", "Refused in:", p.Denied)
	}
}

func (t *text) shares(label string, list []Share) {
	var words []string
	for _, s := range list {
		name := "others"
		if s.Name != nil {
			name = printable(*s.Name)
		}
		words = append(words, fmt.Sprintf("%s (%s)", name, count(s.Reports, "report", "reports")))
	}
	if len(words) > 0 {
		t.labelled("  ", label, strings.Join(words, ", "))
	}
}

func (t *text) reports(indent, label string, r Reports) {
	if r.Count == 0 {
		return
	}
	t.labelled(indent, label, count(r.Count, "report", "reports")+inParens(named(r)))
}

// named are the names of reports, and how many have none here.
func named(r Reports) []string {
	list := each(r.Names, printable)
	if more := r.Count - uint64(len(list)); more > 0 && len(list) > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return list
}
