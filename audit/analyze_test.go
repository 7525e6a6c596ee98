package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

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
		"code":          {Losses{Code: 1}, false},
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
		Programs: []ProgramUse{{Index: 1, Path: "/usr/bin/target", StandsFor: 1, Processes: 1}}}
	if diff := cmp.Diff(want, Analyze(o)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// Where two system calls needed a capability as often, the first one made is the reason.
func TestReasonOfATie(t *testing.T) {
	first, second := Syscall{Number: 260, Name: "fchownat"}, Syscall{Number: 92, Name: "chown"}
	for name, c := range map[string]struct {
		rows []Checks
		want Syscall
	}{
		"tie": {[]Checks{{Syscall: second, Count: 2, Order: 7}, {Syscall: first, Count: 1, Order: 9},
			{Syscall: first, Count: 1, Order: 3}}, first},
		"more":    {[]Checks{{Syscall: first, Count: 1}, {Syscall: second, Count: 2, Order: 5}}, second},
		"unknown": {[]Checks{{Syscall: Syscall{Number: -1}, Count: 9}, {Syscall: second, Count: 1}}, second},
		"refused": {[]Checks{{Syscall: first, Verdict: Refused}}, Syscall{Number: -1, Name: "unknown"}},
	} {
		for i := range c.rows {
			if c.rows[i].Verdict != Refused {
				c.rows[i].Verdict = Granted
			}
		}
		if got := mainSyscall(c.rows); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
