package report

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
)

// Callers look for the word before the colon, and earlier reports are joined by
// the whole.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		spot audit.BlindSpot
		want string
	}{
		{audit.BlindSpot{Kind: audit.BlindOptions},
			"options: this backend is not shown the CAP_OPT flags of a check"},
		{audit.BlindSpot{Kind: audit.BlindInlined},
			"inlined: where the compiler has inlined cap_capable, as some kernels before 6.14 do for " +
				"capset and memory overcommit, this backend does not see the check"},
		{audit.BlindSpot{Kind: audit.BlindLSM},
			"lsm: a capability that AppArmor or SELinux refused is counted as granted"},
		{audit.BlindSpot{Kind: audit.BlindSkipped},
			"skipped: this kernel is preemptible, or may be, and before 6.7 it can then skip a check now " +
				"and again without counting it; booted with preempt=voluntary, it does not"},
		{audit.BlindSpot{Kind: audit.BlindMoved, Count: 2},
			"moved: of 2 processes with several threads that were moved into the control group, the " +
				"other threads were watched only up to 0.2 seconds later"},
	} {
		if got := limit(c.spot); got != c.want {
			t.Errorf("%+v is %q, want %q", c.spot, got, c.want)
		}
	}
}

// Whatever earlier reports say, in the words of any version: it is in the union
// as it was, in order, each once.
func TestLimitsOfEarlierReports(t *testing.T) {
	limits := []string{
		"", "later: a kind that nobody knows yet", "lsm", "lsm:", "lsm: other words for it",
		"lsm: words: with a colon", "moved: of 7 processes, something", "no colon",
	}
	u := audit.NewUnion()
	for range 2 {
		d := NewDocument(&audit.Findings{})
		d.Limits = slices.Clone(limits)
		slices.Reverse(d.Limits)
		var b bytes.Buffer
		if err := WriteJSON(&b, d); err != nil {
			t.Fatal(err)
		}
		f, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.Limits, NewDocument(f).Limits); diff != "" {
			t.Errorf("- written, + read and written again:\n%s", diff)
		}
		u.Add("earlier.json", f)
	}
	if diff := cmp.Diff(limits, NewDocument(u.Findings()).Limits); diff != "" {
		t.Errorf("- reports, + union:\n%s", diff)
	}
}

// The text report puts what an earlier one says into sentences, if it says
// anything.
func TestGapsOfEarlierReports(t *testing.T) {
	d := NewDocument(&audit.Findings{
		Application: app("/usr/bin/true"),
		BlindSpots:  told("moved", "moved: ", "skipped: ", "skipped: some", "moved: été"),
	})
	if diff := cmp.Diff([]string{"Some.", "Été."}, d.gaps()); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}
