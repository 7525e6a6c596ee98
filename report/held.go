package report

import (
	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// Held is what the processes of what ran before the audit hold, all of them together.
type Held struct {
	Permitted []string `json:"permitted"`
	Bounding  []string `json:"bounding"`
	// Unused are those of either that are not recommended, Removal those of them that are
	// ruled out.
	Unused  []string `json:"unused"`
	Removal []string `json:"removal_candidates"`
}

func held(f *audit.Findings) *Held {
	if f.Held == nil {
		return nil
	}
	unused, candidates := f.HeldUnused()
	return &Held{capng.Names(f.Held.Permitted), capng.Names(f.Held.Bounding), capng.Names(unused),
		capng.Names(candidates)}
}

func (r *reader) held(h *Held) *audit.Held {
	if h == nil {
		return nil
	}
	return &audit.Held{Permitted: *r.set(&h.Permitted), Bounding: *r.set(&h.Bounding)}
}

// neverUsed shows what of that was not needed.
func (t *text) neverUsed() {
	h := t.d.Held
	if h == nil || len(h.Unused) == 0 {
		return
	}
	t.heading("HELD, NEVER USED:")
	t.labelled("  ", "Permitted:", t.boundingText(h.Permitted))
	t.labelled("  ", "Bounding set:", t.boundingText(h.Bounding))
	rest := minus(h.Unused, h.Removal)
	const unused = "Held, but not used in this run:"
	switch {
	case len(h.Removal) == 0:
		t.labelled("  ", unused, t.boundingText(rest)+". Remove what no other run uses.")
	case len(rest) > 0:
		t.weightiest(unused, rest)
		fallthrough
	default:
		t.weightiest("Held, and ruled out, so remove them:", h.Removal)
	}
}
