package audit

import "testing"

func TestRecommended(t *testing.T) {
	needs := func(numbers ...int) (list []Capability) {
		for _, n := range numbers {
			list = append(list, Capability{Number: n})
		}
		return list
	}
	const (
		chown   = 1 << capChown
		kill    = 1 << capKill
		setpcap = 1 << capSetpcap
		netRaw  = 1 << capNetRaw
	)
	for name, c := range map[string]struct {
		findings          Findings
		filePermitted     uint64
		all, afterOwnDrop uint64
	}{
		"nothing": {},
		"the required ones": {
			findings: Findings{Required: needs(capChown, capNetRaw)},
			all:      chown | netRaw, afterOwnDrop: chown | netRaw,
		},
		"the required and the capset-only ones": {
			findings: Findings{Required: needs(capChown), CapsetOnly: []CapsetOnly{{Number: capKill}}},
			all:      chown | kill, afterOwnDrop: chown | kill,
		},
		"number 63": {
			findings: Findings{Required: needs(63)},
			all:      1 << 63, afterOwnDrop: 1 << 63,
		},
		"never the denied, the advisory, the nested": {
			findings: Findings{Denied: []Denied{{Number: capChown}}, Advisory: []Advisory{{Number: capKill}},
				Nested: []Nested{{Number: capNetRaw}}},
		},
		"after a drop, a program keeps the operational ones": {
			findings: Findings{Dropped: true, Required: needs(capChown, capNetRaw), Init: needs(capNetRaw),
				Operational: needs(capChown), CapsetOnly: []CapsetOnly{{Number: capKill}}},
			all: chown | netRaw | kill, afterOwnDrop: chown,
		},
		"nothing after a drop": {
			findings: Findings{Dropped: true, Required: needs(capChown), Init: needs(capChown)},
			all:      chown,
		},
		"SETPCAP of a file without capabilities": {
			findings: Findings{Required: needs(capSetpcap)},
			all:      setpcap, afterOwnDrop: setpcap,
		},
		"SETPCAP of a file that holds it": {
			findings: Findings{Required: needs(capSetpcap)}, filePermitted: setpcap | chown,
			all: setpcap, afterOwnDrop: setpcap,
		},
		"not SETPCAP of a file that lacks it": {
			findings: Findings{Required: needs(capSetpcap, capChown)}, filePermitted: chown,
			all: chown, afterOwnDrop: chown,
		},
		"not SETPCAP of a file that lacks it, requested or operational": {
			findings: Findings{Dropped: true, CapsetOnly: []CapsetOnly{{Number: capSetpcap}},
				Operational: needs(capSetpcap, capChown), Required: needs(capChown)}, filePermitted: netRaw,
			all: chown, afterOwnDrop: chown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.findings
			f.Application.FilePermitted = c.filePermitted
			if got := f.Recommended(); got != c.all {
				t.Errorf("Recommended() = %#x, want %#x", got, c.all)
			}
			if got := f.RecommendedOperational(); got != c.afterOwnDrop {
				t.Errorf("RecommendedOperational() = %#x, want %#x", got, c.afterOwnDrop)
			}
		})
	}
}
