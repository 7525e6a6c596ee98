package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/policy"
	"github.com/cap-audit/cap-audit/report"
)

// The exit status and what standard error says, for all that can go wrong at
// once.
func TestConclude(t *testing.T) {
	const chown = 1 << 0
	needsChown := []audit.Capability{{Number: 0, Tally: audit.Tally{Granted: 1}}}
	for name, test := range map[string]struct {
		change  func(*audit.Findings)
		config  config
		allowed uint64
		status  int
		says    string
	}{
		"fits":         {nil, config{}, chown, 0, ""},
		"does not fit": {nil, config{}, 0, 3, "+ chown (#0): needed, not allowed"},
		"fits, lost details": {func(f *audit.Findings) { f.Losses.Programs = 1 }, config{}, chown, 0,
			"Warning: the run fits"},
		"fits, lost checks": {func(f *audit.Findings) { f.Losses.Checks = 1 }, config{}, chown, 1,
			"cannot say"},
		"does not, lost checks": {func(f *audit.Findings) { f.Losses.Checks = 1 }, config{}, 0, 3,
			"there may be more"},
		"status": {func(f *audit.Findings) { f.Application.Status = 7 }, config{}, chown, 0, ""},
		"status passed on": {func(f *audit.Findings) { f.Application.Status = 7 }, config{propagate: true},
			chown, 7, ""},
		"signal passed on": {func(f *audit.Findings) { f.Application.Signal = 15 }, config{propagate: true},
			chown, 143, ""},
		"status, does not fit": {func(f *audit.Findings) { f.Application.Status = 7 },
			config{propagate: true}, 0, 3, "not allowed"},
		"no place for the policy": {nil, config{policyOut: "/proc/none/x"}, chown, 1,
			"cannot write the policy"},
		"nor does it fit": {nil, config{policyOut: "/proc/none/x"}, 0, 1, "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &audit.Findings{Application: audit.Application{Path: "/usr/bin/x", Ended: true},
				Required: needsChown}
			if test.change != nil {
				test.change(f)
			}
			test.config.check, test.config.format, test.config.output = "p", formatJSON, os.DevNull
			o := &output{cfg: &test.config, policy: &policy.Policy{Allowed: test.allowed}}
			status := 0
			said := captured(t, &os.Stderr, func() {
				if err := o.conclude(report.NewDocument(f), f); err != nil {
					status = exitStatus(err)
					errorf("%v", err)
				}
			})
			if status != test.status || !strings.Contains(said, test.says) || test.says == "" &&
				test.status == 0 && said != "" {
				t.Errorf("status %d, want %d; want %q in %q", status, test.status, test.says, said)
			}
		})
	}
}

// An answer that comes with a failure of ours is a failure.
func TestFailureBeforeVerdict(t *testing.T) {
	verdict := &statusError{statusDiffers, "x"}
	if got := exitStatus(verdict); got != 3 {
		t.Errorf("a verdict: %d", got)
	}
	if got := exitStatus(errors.Join(errors.New("disk full"), verdict)); got != 1 {
		t.Errorf("with a failure: %d", got)
	}
}
