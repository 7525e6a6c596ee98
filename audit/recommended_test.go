package audit

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestRecommended(t *testing.T) {
	needs := func(numbers ...int) (list []Capability) {
		for _, n := range numbers {
			list = append(list, Capability{Number: n})
		}
		return list
	}
	const (
		chown   = 1 << unix.CAP_CHOWN
		kill    = 1 << unix.CAP_KILL
		setpcap = 1 << unix.CAP_SETPCAP
		netRaw  = 1 << unix.CAP_NET_RAW
	)
	for name, c := range map[string]struct {
		findings          Findings
		filePermitted     uint64
		all, afterOwnDrop uint64
	}{
		"nothing": {},
		"the required ones": {
			findings: Findings{Required: needs(unix.CAP_CHOWN, unix.CAP_NET_RAW)},
			all:      chown | netRaw, afterOwnDrop: chown | netRaw,
		},
		"the required and the capset-only ones": {
			findings: Findings{Required: needs(unix.CAP_CHOWN),
				CapsetOnly: []CapsetOnly{{Number: unix.CAP_KILL}}},
			all: chown | kill, afterOwnDrop: chown | kill,
		},
		"number 63": {
			findings: Findings{Required: needs(63)},
			all:      1 << 63, afterOwnDrop: 1 << 63,
		},
		"never the denied, the advisory, the nested": {
			findings: Findings{Denied: []Denied{{Number: unix.CAP_CHOWN}},
				Advisory: []Advisory{{Number: unix.CAP_KILL}},
				Nested:   []Nested{{Number: unix.CAP_NET_RAW}}},
		},
		"after a drop, a program keeps the operational ones": {
			findings: Findings{Dropped: true, Required: needs(unix.CAP_CHOWN, unix.CAP_NET_RAW),
				Init: needs(unix.CAP_NET_RAW), Operational: needs(unix.CAP_CHOWN),
				CapsetOnly: []CapsetOnly{{Number: unix.CAP_KILL}}},
			all: chown | netRaw | kill, afterOwnDrop: chown,
		},
		"nothing after a drop": {
			findings: Findings{Dropped: true, Required: needs(unix.CAP_CHOWN), Init: needs(unix.CAP_CHOWN)},
			all:      chown,
		},
		"what a file insists on, though its program keeps less": {
			findings: Findings{Required: needs(unix.CAP_CHOWN), Programs: []ProgramUse{
				{Index: 2, FileCaps: []int{unix.CAP_CHOWN, unix.CAP_KILL}},
				{Index: 3, FileCaps: []int{unix.CAP_KILL}}}},
			all: chown | kill, afterOwnDrop: chown,
		},
		"what a file insists on, after a drop": {
			findings: Findings{Dropped: true, Required: needs(unix.CAP_CHOWN), Init: needs(unix.CAP_CHOWN),
				Programs: []ProgramUse{{Index: 2, FileCaps: []int{unix.CAP_KILL}}}},
			all: chown | kill,
		},
		"SETPCAP of a file without capabilities": {
			findings: Findings{Required: needs(unix.CAP_SETPCAP)},
			all:      setpcap, afterOwnDrop: setpcap,
		},
		"SETPCAP of a file that holds it": {
			findings: Findings{Required: needs(unix.CAP_SETPCAP)}, filePermitted: setpcap | chown,
			all: setpcap, afterOwnDrop: setpcap,
		},
		"not SETPCAP of a file that lacks it": {
			findings: Findings{Required: needs(unix.CAP_SETPCAP, unix.CAP_CHOWN)}, filePermitted: chown,
			all: chown, afterOwnDrop: chown,
		},
		"not SETPCAP of a file that lacks it, requested or operational": {
			findings: Findings{Dropped: true, CapsetOnly: []CapsetOnly{{Number: unix.CAP_SETPCAP}},
				Operational: needs(unix.CAP_SETPCAP, unix.CAP_CHOWN), Required: needs(unix.CAP_CHOWN)},
			filePermitted: netRaw, all: chown, afterOwnDrop: chown,
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
