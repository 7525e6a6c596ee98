package main

import "os"

// calls measures what an audit costs whom it audits and all others: system calls,
// processes, and programs that do real work.
func (b *bench) calls() []row {
	all := []surroundings{
		{native, natively},
		{traced, b.audited},
		{whileRuns, b.adopted},
		{byCommand, b.besideCommand},
		{byProcess, b.besideProcess},
	}
	return []row{
		b.measured("a system call without a check", runs(b.cost("getppid", 2000000), 1, all...)...),
		b.measured("one with a check", runs(b.cost("setgid", 300000), 1, all...)...),
		b.measured("a process made and ended", runs(b.cost("fork", 2000), 1, all...)...),
		b.inDirectory("a build", b.build, all),
		b.inDirectory("a request to nginx", b.requests, all),
	}
}

// inDirectory measures what wants a directory with files made for it.
func (b *bench) inDirectory(name string, ways func(string, []surroundings) ([]way, error),
	list []surroundings) row {
	dir, err := os.MkdirTemp("", "bench")
	if err == nil {
		defer os.RemoveAll(dir)
		var prepared []way
		if prepared, err = ways(dir, list); err == nil {
			return b.measured(name, prepared...)
		}
	}
	return row{name: name, missing: []missing{{"", err}}}
}
