package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// Who asks without audit and decides all the same counts as a need.
func TestDecisions(t *testing.T) {
	for _, d := range decisions {
		if d.reason == "" || len(d.functions) == 0 {
			t.Errorf("%+v: no reason or no function", d)
		}
		for _, function := range d.functions {
			t.Run(function, func(t *testing.T) {
				if isPlumbing(function) || trimVariant(function) != function {
					t.Error("it can never be the asker")
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
}

// Where the kernel asks without audit and nobody has judged it, it may be a probe.
func TestMaybeProbe(t *testing.T) {
	const other = 1 << 2 // CAP_OPT_INSETID
	for name, c := range map[string]struct {
		function string
		options  uint8
		want     bool
	}{
		"not known":          {"new_function", noAudit, true},
		"and another option": {"new_function", noAudit | other, true},
		"audited":            {"new_function", other, false},
		"a need":             {"seccomp_prepare_filter", noAudit, false},
		"a probe":            {"simple_xattr_list", noAudit, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, verdict := range []Verdict{Granted, Refused} {
				r := row(unix.CAP_SYS_ADMIN, verdict, sysMount, 1, asked(c.function, 1))
				r.Options = c.options
				sites := callSites([]Checks{r}, none)
				if len(sites) != 1 || sites[0].MaybeProbe != c.want {
					t.Errorf("%+v", sites)
				}
			}
		})
	}
}

// One function can ask in both ways.
func TestMaybeProbeApart(t *testing.T) {
	audited := row(unix.CAP_SYS_ADMIN, Granted, sysMount, 1, asked("new_function", 1))
	unaudited := audited
	unaudited.Options = noAudit
	want := []CallSite{
		{Function: "new_function", Syscall: sysMount, Checks: 1},
		{Function: "new_function", Syscall: sysMount, Checks: 1, MaybeProbe: true},
	}
	f := Analyze(observe(unaudited, audited))
	if diff := cmp.Diff(want, f.Required[0].CallSites); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want, union(f, &Findings{Application: ended()}).Required[0].CallSites); diff != "" {
		t.Errorf("union, -want +got:\n%s", diff)
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
