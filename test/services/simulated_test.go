package services

import (
	"slices"
	"strings"
	"testing"
)

// What the unit file says and what the running system does come to the same
// set: the simulation of a service needs what the service itself needs.
func TestSimulated(t *testing.T) {
	for _, s := range services {
		t.Run(strings.TrimSuffix(s.unit, ".service"), func(t *testing.T) {
			if s.prepare != nil {
				s.prepare(t)
			}
			s.forget()
			live, _ := audit(t, "--unit", s.unit, "--restart", "--test", s.use)
			systemctl(t, "stop", s.unit)
			s.forget()
			simulated, r := audit(t, "--service", systemctl(t, "show", "-P", "FragmentPath", s.unit),
				"--test", s.use)
			t.Logf("live %v, simulated %v\n%s%s", live.Recommended, simulated.Recommended, r.stdout, r.stderr)
			for _, name := range s.needs {
				if !slices.Contains(simulated.Recommended, name) {
					t.Errorf("%s is not found to need %s in the simulation", s.unit, name)
				}
			}
			// the rest of the unit's commands and what the manager does with the old
			// processes can add to the live one
			for _, name := range simulated.Recommended {
				if !slices.Contains(live.Recommended, name) {
					t.Errorf("only the simulation needs %s", name)
				}
			}
			if simulated.Target.Kind != "service" || simulated.Target.Name != s.unit {
				t.Errorf("the report is about %+v", simulated.Target)
			}
			s.restart(t)
		})
	}
}
