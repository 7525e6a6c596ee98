package main

import (
	"strconv"
	"strings"
)

// spent is how many figures the program of that name prints: nanoseconds, those of
// processor time, and KiB of memory.
const spent = 3

// The programs whose whole runs are compared.
const (
	capAudit = "cap-audit"
	original = "the C original"
)

// many is how often the longer one of the commands does what is checked.
const many = 200_000

// wholes are whole runs of programs that watch a command: one that does nothing, which leaves the start and
// the report, and one that makes many checks.
func (b *bench) wholes() []thing {
	return []thing{
		{"`true`", always(func() []way { return b.whole("/bin/true") })},
		{"`setgid`, by setgid(2), 200,000 times", always(func() []way {
			return b.whole(b.program("cost", "setgid", strconv.Itoa(many))...)
		})},
	}
}

// whole are the ways to run a command and to watch it.
func (b *bench) whole(command ...string) []way {
	run := func(name string, line []string) way {
		return runs(b.program("spent", line...), spent, surroundings{name, natively})[0]
	}
	ways := []way{run(native, command), run(capAudit, b.capAudit(append([]string{"--"}, command...)...))}
	for _, c := range counters[b.backend] {
		ways = append(ways, run(c.name, b.countBy(c, strings.Join(command, " "))))
	}
	if b.original != "" {
		ways = append(ways, run(original, append([]string{b.original, "--"}, command...)))
	}
	return ways
}
