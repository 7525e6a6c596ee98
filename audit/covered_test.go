package audit

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What one capability does for another is not granted, unless some process may have
// held the other alone.
func TestCovered(t *testing.T) {
	const (
		read  = 1 << unix.CAP_DAC_READ_SEARCH
		write = 1 << unix.CAP_DAC_OVERRIDE
	)
	asked := func(number int, function string) Capability {
		return Capability{Number: number, Tally: Tally{Granted: 2},
			CallSites: []CallSite{{Function: function, Checks: 2}}}
	}
	reads := asked(unix.CAP_DAC_READ_SEARCH, "generic_permission")
	writes := asked(unix.CAP_DAC_OVERRIDE, "generic_permission")
	both := []Capability{writes, reads}
	for name, c := range map[string]struct {
		findings Findings
		want     uint64
	}{
		"both":         {Findings{Required: both}, write},
		"only to read": {Findings{Required: []Capability{reads}}, read},
		"by handle": {Findings{Required: []Capability{writes,
			asked(unix.CAP_DAC_READ_SEARCH, "may_decode_fh")}}, read | write},
		"asked for by capset":  {Findings{Required: both, Requested: read}, read | write},
		"after another capset": {Findings{Required: both, Requested: write, CapsetCalls: 1}, write},
		"from the program's file": {Findings{Required: both,
			Application: Application{FilePermitted: read}}, read | write},
		"from a file":        {Findings{Required: both, Gains: []Gain{GainFileCaps}}, read | write},
		"of what ran before": {Findings{Required: both, Subject: Subject{Kind: SubjectCgroup}}, read | write},
		"compared with another's": {Findings{Required: both,
			Unasked: []UnaskedCapability{{Number: unix.CAP_DAC_READ_SEARCH}}}, read | write},
		"with a bounding set less": {Findings{Required: append(both,
			asked(unix.CAP_SETPCAP, "cap_task_prctl"))}, read | write | 1<<unix.CAP_SETPCAP},
	} {
		if got := c.findings.Recommended(); got != c.want {
			t.Errorf("%s: recommended %#x, want %#x", name, got, c.want)
		}
	}
}
