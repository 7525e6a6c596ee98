package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		options, inlined, lsm bool
		skips                 bool
		want                  []string // the words before the colon
	}{
		"sees everything":         {true, true, true, false, nil},
		"all but what is inlined": {true, false, true, false, []string{"inlined"}},
		"only what is inlined":    {false, true, false, false, []string{"options", "lsm"}},
		"only options":            {true, false, false, false, []string{"inlined", "lsm"}},
		"sees nothing":            {false, false, false, false, []string{"options", "inlined", "lsm"}},
		"may not see all":         {true, true, true, true, []string{"skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe()
			o.OptionsKnown, o.InlinedKnown, o.LSMKnown = c.options, c.inlined, c.lsm
			o.SkipsUntold = c.skips
			var got []string
			for _, limit := range Analyze(o).Limits {
				word, explanation, _ := strings.Cut(limit, ": ")
				if explanation == "" {
					t.Errorf("%q explains nothing", limit)
				}
				got = append(got, word)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLosses(t *testing.T) {
	for name, c := range map[string]struct {
		losses Losses
		want   bool
	}{
		"none":          {Losses{}, false},
		"tasks":         {Losses{Tasks: 1}, true},
		"checks":        {Losses{Checks: 1}, true},
		"rows":          {Losses{Rows: 1}, true},
		"sites":         {Losses{Sites: 1}, true},
		"outcomes":      {Losses{Outcomes: 1}, true},
		"programs":      {Losses{Programs: 1}, true},
		"verbose lines": {Losses{Events: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.losses.Any(); got != c.want {
				t.Errorf("Any() = %t", got)
			}
		})
	}
}

// What Analyze does not judge it hands on.
func TestFactsAreHandedOn(t *testing.T) {
	o := observe()
	o.Application = Application{PID: 4242, Path: "/usr/bin/ping", FilePermitted: 1 << unix.CAP_NET_RAW,
		Ended: true, Status: 3}
	o.System = SystemContext{"7.3", map[string]int{"kptr_restrict": 1}}
	o.Backend, o.Tasks, o.StillRunning, o.CapsetCalls, o.Dropped = "fentry", 5, 2, 3, true
	want := &Findings{Application: o.Application, System: o.System, Backend: "fentry", Tasks: 5,
		StillRunning: 2, CapsetCalls: 3, Dropped: true,
		Programs: []ProgramUse{{Index: 1, Path: "/usr/bin/target", Processes: 1}}}
	if diff := cmp.Diff(want, Analyze(o)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
