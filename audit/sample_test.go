package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of a sample it is known how large it is, and calls that succeeded are no failures.
func TestSampledOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		sampled         bool
		granted, denied *uint64
	}{
		"sampled": {true, number(70), number(64)},
		"all":     {false, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(row(0, Granted, sysChown, 5000), row(1, Refused, sysOpenat, 300))
			o.Sampled = c.sampled
			o.Outcomes = []Outcome{{0, Granted, sysChown, 0, 66, 0}, {0, Granted, sysChown, -1, 4, 0},
				{1, Refused, sysOpenat, 0, 64, 0}}
			f := Analyze(o)
			if len(f.Required) != 1 || len(f.Denied) != 1 || f.Sampled != c.sampled {
				t.Fatalf("sampled %t, required %v, denied %v", f.Sampled, f.Required, f.Denied)
			}
			if diff := cmp.Diff(c.granted, f.Required[0].LookedAt); diff != "" {
				t.Errorf("granted calls looked at (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.denied, f.Denied[0].LookedAt); diff != "" {
				t.Errorf("refused calls looked at (-want +got):\n%s", diff)
			}
			want := []SyscallOutcome{{sysChown, PermissionFailure, -1, 4}}
			if diff := cmp.Diff(want, f.Required[0].FailedAnyway); diff != "" {
				t.Errorf("failed anyway (-want +got):\n%s", diff)
			}
		})
	}
}

func number(n uint64) *uint64 { return &n }

// A union of samples is a larger one. With a report that looked at all, it is not
// known how large.
func TestUnionOfSamples(t *testing.T) {
	of := func(sampled bool, looks *uint64) *Findings {
		return &Findings{Sampled: sampled,
			Required: []Capability{{Number: 0, Tally: Tally{Granted: 1000}, LookedAt: looks}},
			Denied:   []Denied{{Number: 1, Checks: 1000, LookedAt: looks, Assessment: AssessInconclusive}}}
	}
	for name, c := range map[string]struct {
		reports []*Findings
		want    *uint64
	}{
		"one":        {[]*Findings{of(true, number(70))}, number(70)},
		"two":        {[]*Findings{of(true, number(70)), of(true, number(5))}, number(75)},
		"and all":    {[]*Findings{of(true, number(70)), of(false, nil)}, nil},
		"after all":  {[]*Findings{of(false, nil), of(true, number(70))}, nil},
		"all before": {[]*Findings{of(false, nil), of(true, number(70)), of(true, number(5))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := union(c.reports...)
			if !f.Sampled {
				t.Error("it is not said to rest on a sample")
			}
			if diff := cmp.Diff(c.want, f.Required[0].LookedAt); diff != "" {
				t.Errorf("granted calls looked at (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, f.Denied[0].LookedAt); diff != "" {
				t.Errorf("refused calls looked at (-want +got):\n%s", diff)
			}
		})
	}
}
