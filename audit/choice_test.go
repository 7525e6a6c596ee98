package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestLessers(t *testing.T) {
	site := func(function string, checks uint64) CallSite {
		return CallSite{Function: function, Checks: checks}
	}
	for name, c := range map[string]struct {
		number  int
		checks  uint64
		sites   []CallSite
		capsets uint64
		want    bool
	}{
		"only there": {number: unix.CAP_SYS_ADMIN, checks: 2, sites: []CallSite{site("ioprio_check_cap", 2)},
			want: true},
		"inlined, too": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 1), site("__do_sys_ioprio_set", 1)}, want: true},
		"elsewhere, too": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 1), site("path_mount", 1)}},
		"elsewhere": {number: unix.CAP_SYS_ADMIN, checks: 2, sites: []CallSite{site("path_mount", 2)}},
		"one of unknown origin": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 1)}},
		"nothing known": {number: unix.CAP_SYS_ADMIN, checks: 2},
		"a sample": {number: unix.CAP_SYS_ADMIN, checks: 2, sites: []CallSite{{Function: "ioprio_check_cap",
			Checks: 2, Sampled: true}}},
		"another capability": {number: unix.CAP_CHOWN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 2)}},
		"asked for by a capset": {number: unix.CAP_SYS_ADMIN, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 2)}, capsets: 1},
		"the lesser one, by 5.15": {number: unix.CAP_SYS_NICE, checks: 2,
			sites: []CallSite{site("ioprio_check_cap", 2)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Findings{CapsetCalls: c.capsets, Required: []Capability{{Number: c.number,
				Tally: Tally{Granted: c.checks}, CallSites: c.sites}}}
			var want []Lesser
			recommended := uint64(1) << c.number
			if c.want {
				want, recommended = []Lesser{{unix.CAP_SYS_ADMIN, unix.CAP_SYS_NICE}}, 1<<unix.CAP_SYS_NICE
			}
			if diff := cmp.Diff(want, f.Lessers()); diff != "" {
				t.Error(diff)
			}
			if got := f.Recommended(); got != recommended {
				t.Errorf("recommended %#x, want %#x", got, recommended)
			}
		})
	}
}

// Of what is asked for at a choice each check's site must be known.
func TestChoicesAreWalked(t *testing.T) {
	for _, c := range choices {
		if ProbeMask()>>c.asked&1 == 0 {
			t.Errorf("capability %d is only sampled", c.asked)
		}
	}
}
