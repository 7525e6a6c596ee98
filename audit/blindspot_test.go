package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBlindSpots(t *testing.T) {
	for name, c := range map[string]struct {
		options, inlined, lsm, skips bool
		moved                        uint64
		want                         []BlindSpot
	}{
		"sees everything":      {true, true, true, false, 0, nil},
		"not what is inlined":  {true, false, true, false, 0, blind(BlindInlined)},
		"only what is inlined": {false, true, false, false, 0, blind(BlindOptions, BlindLSM)},
		"only options":         {true, false, false, false, 0, blind(BlindInlined, BlindLSM)},
		"sees nothing":         {false, false, false, false, 0, blind(BlindOptions, BlindInlined, BlindLSM)},
		"may not see all":      {true, true, true, true, 0, blind(BlindSkipped)},
		"came late":            {true, true, true, false, 2, []BlindSpot{{Kind: BlindMoved, Count: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe()
			o.OptionsKnown, o.InlinedKnown, o.LSMKnown = c.options, c.inlined, c.lsm
			o.SkipsUntold, o.MovedIn = c.skips, c.moved
			if diff := cmp.Diff(c.want, Analyze(o).BlindSpots); diff != "" {
				t.Errorf("blind spots (-want +got):\n%s", diff)
			}
		})
	}
}

// A sample shows nothing of calls without a check; some backends see more elsewhere.
func TestBlindSpotsOfASample(t *testing.T) {
	o := observe()
	for unseen, want := range map[bool][]BlindSpot{
		false: blind(BlindCalls), true: blind(BlindUnasked, BlindCalls),
	} {
		o.Sampled, o.UnaskedUnseen = true, unseen
		if diff := cmp.Diff(want, Analyze(o).BlindSpots); diff != "" {
			t.Errorf("blind spots (-want +got):\n%s", diff)
		}
	}
}

func blind(kinds ...BlindSpotKind) []BlindSpot {
	var list []BlindSpot
	for _, kind := range kinds {
		list = append(list, BlindSpot{Kind: kind})
	}
	return list
}
