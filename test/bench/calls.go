package main

// calls are what an audit costs whom it audits and all others: system calls, processes,
// and programs that do real work.
func (b *bench) calls() []thing {
	all := []surroundings{
		{native, natively},
		{traced, b.audited},
		{whileRuns, b.adopted},
		{byCommand, b.besideCommand},
		{byProcess, b.besideProcess},
	}
	if b.original != "" {
		all = append(all, surroundings{byOriginal, b.belowOriginal}, surroundings{besideIt, b.besideOriginal})
	}
	loop := func(name string, n int) func(string) ([]way, error) {
		return always(func() []way { return runs(b.cost(name, n), 1, all...) })
	}
	in := func(ways func(string, []surroundings) ([]way, error)) func(string) ([]way, error) {
		return func(dir string) ([]way, error) { return ways(dir, all) }
	}
	return []thing{
		{"a system call without a check", loop("getppid", 2000000)},
		{"one with a check", loop("setgid", 300000)},
		{"a process made and ended", loop("fork", 2000)},
		{"a build", in(b.build)},
		{"a request to nginx", in(b.requests)},
		{"a later request to nginx", in(b.laterRequests)},
	}
}
