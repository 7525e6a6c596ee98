package session

import (
	"testing"
	"time"

	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/tracer"
)

// What runs already is watched by a sample where that is possible, unless a policy, a
// drop-in or a filter comes of it; what is started, never unless wanted.
func TestDefaultOutcomes(t *testing.T) {
	possible := tracer.CanSample() == nil
	for name, c := range map[string]struct {
		options Options
		want    bool
	}{
		"a command":             {Options{Command: []string{"true"}}, false},
		"a unit file":           {Options{Option: "service"}, false},
		"a command in a group":  {Options{Option: "cgroup", Command: []string{"true"}}, false},
		"a control group":       {Options{Option: "cgroup"}, possible},
		"a unit":                {Options{Option: "unit"}, possible},
		"a process":             {Options{Option: "pid"}, possible},
		"a container":           {Options{Option: "container"}, possible},
		"a unit with a drop-in": {Options{Option: "unit", WriteDropin: true}, false},
		"judged by a policy":    {Options{Option: "pid", Output: output.Options{Check: "kill"}}, false},
		"for a policy":          {Options{Option: "pid", Output: output.Options{PolicyOut: "policy"}}, false},
		"for a filter":          {Options{Option: "pid", Output: output.Options{Emit: "seccomp"}}, false},
		"all, as wanted":        {Options{Option: "pid", Outcomes: OutcomesAll}, false},
		"a sample, as wanted":   {Options{Command: []string{"true"}, Outcomes: OutcomesSampled}, true},
	} {
		if got := c.options.sampled(); got != c.want {
			t.Errorf("%s: sampled %t", name, got)
		}
	}
}

// A filter waits longer for what the code can call, of which it is made.
func TestLateness(t *testing.T) {
	for kind, want := range map[string]time.Duration{"": lateness, "docker": lateness,
		"seccomp": filterLateness, "systemcallfilter": filterLateness, "hardening": filterLateness} {
		o := Options{Output: output.Options{Emit: kind}}
		if got := o.lateness(); got != want {
			t.Errorf("%q: %v, want %v", kind, got, want)
		}
	}
}
