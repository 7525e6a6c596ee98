package audit

import "testing"

// Who asks without audit and decides all the same counts as a need.
func TestDecisions(t *testing.T) {
	for function, reason := range decisions {
		t.Run(function, func(t *testing.T) {
			if reason == "" || isPlumbing(function) || trimVariant(function) != function {
				t.Errorf("no reason %q, or it can never be the asker", reason)
			}
			for n := range 64 {
				r := row(n, Granted, sysOpenat, 1, through("ns_capable_noaudit", function, 1))
				r.Idle = true
				wantPlaces(t, observe(r), places{Required: []int{n}})
			}
			if !Judged(function) {
				t.Error("not judged")
			}
		})
	}
}

func TestJudged(t *testing.T) {
	for function, want := range map[string]bool{
		"simple_xattr_list":        true, // a probe
		"seccomp_prepare_filter":   true, // a decision
		"capable_noaudit":          true, // whose caller asks
		"cap_bprm_creds_from_file": true, // execve
		"new_function":             false,
		"":                         false,
	} {
		if Judged(function) != want {
			t.Errorf("Judged(%q) = %v", function, !want)
		}
	}
	for _, p := range probes {
		for _, function := range p.functions {
			if !Judged(function) {
				t.Errorf("%s asks for capability %d, and is not judged", function, p.capability)
			}
		}
	}
}
