package main

import (
	"errors"
)

// spent is how many figures the program of that name prints: nanoseconds, those of
// processor time, and KiB of memory.
const spent = 3

// The programs whose start is compared.
const (
	alone    = "`true`"
	capAudit = "`cap-audit -- true`"
	original = "the C original"
)

// startUp measures whole runs of programs that watch one that does nothing.
func (b *bench) startUp() row {
	run := func(name string, line []string) way {
		return runs(b.program("spent", line...), spent, surroundings{name, natively})[0]
	}
	ways := []way{
		run(alone, []string{"/bin/true"}),
		run(capAudit, b.capAudit("--", "/bin/true")),
		run(original, []string{b.original, "--", "/bin/true"}),
	}
	if b.original == "" {
		ways[2].measure = func() (figures, error) {
			return nil, errors.New("CAP_AUDIT_ORIGINAL does not name it")
		}
	}
	for _, c := range counters[b.backend] {
		ways = append(ways, run(c.name, b.countBy(c, "/bin/true")))
	}
	return b.measured("start-up", ways...)
}
