package main

// spent is how many figures the program of that name prints: nanoseconds, those of
// processor time, and KiB of memory.
const spent = 3

// The programs whose start is compared.
const (
	alone    = "`true`"
	capAudit = "`cap-audit -- true`"
	original = "the C original"
)

// starts are whole runs of programs that watch one that does nothing.
func (b *bench) starts() []thing {
	const nothing = "/bin/true"
	run := func(name string, line []string) way {
		return runs(b.program("spent", line...), spent, surroundings{name, natively})[0]
	}
	ways := []way{run(alone, []string{nothing}), run(capAudit, b.capAudit("--", nothing))}
	for _, c := range counters[b.backend] {
		ways = append(ways, run(c.name, b.countBy(c, nothing)))
	}
	if b.original != "" {
		ways = append(ways, run(original, []string{b.original, "--", nothing}))
	}
	return []thing{{"start-up", always(func() []way { return ways })}}
}
