package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cap-audit/cap-audit/cgroup"
)

// The ways to watch control groups.
const (
	asOne    = "`--cgroup`"
	eachOne  = "`--each`, 1 group"
	eachMany = "`--each`, 500 groups"
)

// groups are what it costs to tell control groups apart.
func (b *bench) groups() []thing {
	all := []surroundings{
		{native, natively},
		{asOne, b.inGroups(1)},
		{eachOne, b.inGroups(1, "--each")},
		{eachMany, b.inGroups(b.scaled(500), "--each")},
	}
	loop := func(name string, n int) func(string) ([]way, error) {
		return always(func() []way { return runs(b.cost(name, n), 1, all...) })
	}
	return []thing{
		{"a check in a control group", loop("setgid", 300000)},
		{"a fork in a control group", loop("fork", 2000)},
	}
}

// In as many groups as the first argument says, below the second, something asks for a capability; then what
// is measured runs in the last. When that has ended the groups are removed, and the audit is ended.
const (
	inLast = `for i in $(seq $1); do
		mkdir $2/$i && sh -c 'echo 0 >'$2/$i'/cgroup.procs && exec "$0" setgid 1' $3
		done; echo 0 >$2/$1/cgroup.procs && shift 3 && exec "$@"`
	ending = `cat; until find $0 -mindepth 1 -type d -exec rmdir {} +; rmdir $0
		do sleep 0.01; done 2>/dev/null; kill -INT $1`
)

// inGroups is in one of some control groups below one that is watched.
func (b *bench) inGroups(n int, options ...string) func(context.Context, []string) (*running, error) {
	return func(ctx context.Context, line []string) (*running, error) {
		if cgroup.Root() == "" {
			return nil, cgroup.ErrNone
		}
		path, err := os.MkdirTemp(cgroup.Root(), "bench-")
		if err != nil {
			return nil, fmt.Errorf("wanted to make a control group: %w", err)
		}
		// its progress is on standard error then
		options := append([]string{"--cgroup", path, "--format", "ndjson"}, options...)
		audit, err := start(ctx, append([]string{"sh", "-c", `exec "$0" "$@" 2>&1 >/dev/null`},
			b.capAudit(options...)...)...)
		if err == nil {
			err = audit.await(watching)
		}
		if err != nil {
			return nil, err
		}
		end, err := start(ctx, "sh", "-c", ending, path, fmt.Sprint(audit.cmd.Process.Pid))
		if err != nil {
			return nil, err
		}
		inside := []string{"sh", "-c", inLast, "sh", fmt.Sprint(n), path, b.program("cost")[0]}
		p, err := start(ctx, append(inside, line...)...)
		return &running{p, []*process{end, audit}}, err
	}
}
