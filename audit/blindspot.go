package audit

import (
	"cmp"
	"slices"
	"strings"
)

// BlindSpot is something that an audit could not see.
type BlindSpot struct {
	Kind BlindSpotKind
	// Count is how many processes a move concerns, 0 for the other kinds.
	Count uint64
	// Told is how an earlier report words it, "" for one of this audit. Other
	// versions have other words, and kinds that this one does not know.
	Told string
}

// BlindSpotKind says what could not be seen, in a word of the report.
type BlindSpotKind string

// The kinds that this version knows.
const (
	BlindOptions BlindSpotKind = "options" // the CAP_OPT_* flags of checks
	BlindInlined BlindSpotKind = "inlined" // checks where cap_capable has been inlined
	BlindLSM     BlindSpotKind = "lsm"     // refusals of other security modules
	BlindUnasked BlindSpotKind = "unasked" // what is granted without a check
	BlindCalls   BlindSpotKind = "calls"   // system calls without a check
	BlindSkipped BlindSpotKind = "skipped" // checks that the kernel kept away and did not count
	BlindMoved   BlindSpotKind = "moved"   // threads, at first, of processes moved into the control group
	// all checks: the set rests on repetitions alone
	BlindUntraced BlindSpotKind = "untraced"
)

func (k BlindSpotKind) known() bool {
	return slices.Contains([]BlindSpotKind{BlindOptions, BlindInlined, BlindLSM, BlindUnasked, BlindCalls,
		BlindSkipped, BlindMoved, BlindUntraced}, k)
}

// blindSpots are those of the backend, of the kernel and of the way in which
// processes came under the audit.
func blindSpots(o *Observation) []BlindSpot {
	if o.Untraced {
		return []BlindSpot{{Kind: BlindUntraced}}
	}
	var list []BlindSpot
	for _, spot := range []struct {
		kind  BlindSpotKind
		blind bool
	}{
		{BlindOptions, !o.OptionsKnown},
		{BlindInlined, !o.InlinedKnown},
		{BlindLSM, !o.LSMKnown},
		{BlindUnasked, o.UnaskedUnseen},
		{BlindCalls, o.Sampled},
		{BlindSkipped, o.SkipsUntold},
	} {
		if spot.blind {
			list = append(list, BlindSpot{Kind: spot.kind})
		}
	}
	if o.MovedIn > 0 {
		list = append(list, BlindSpot{Kind: BlindMoved, Count: o.MovedIn})
	}
	return list
}

// Untraced: nothing was watched, in one run of a union at least.
func (f *Findings) Untraced() bool { return f.isBlind(BlindUntraced) }

func (f *Findings) isBlind(kind BlindSpotKind) bool {
	return slices.ContainsFunc(f.BlindSpots, func(b BlindSpot) bool { return b.Kind == kind })
}

func compareBlindSpots(a, b BlindSpot) int {
	return cmp.Or(strings.Compare(a.Told, b.Told), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Count, b.Count))
}
