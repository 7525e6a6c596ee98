package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// checks are one of each class.
func (b *bench) checks() []thing {
	var things []thing
	for _, check := range []struct{ name, way string }{
		{"`setgid`, by setgid(2)", "setgid"},
		{"`setpcap`, by prctl(2)", "prctl"},
		{"`sys_admin`, by mmap(2)", "mmap"},
		{"`setgid`, refused", "refused"},
	} {
		things = append(things, thing{check.name,
			func(string) ([]way, error) { return b.counted(check.way) }})
	}
	return things
}

// counted are the ways to make checks that are counted by different programs.
func (b *bench) counted(check string) ([]way, error) {
	if err := b.sees(check); err != nil {
		return nil, err
	}
	all := []surroundings{{native, natively}, {traced, b.audited}, {blindly, b.withoutObjects},
		{whileRuns, b.adopted}}
	for _, c := range counters[b.backend] {
		s := surroundings{c.name, func(ctx context.Context, line []string) (*running, error) {
			return besideIdle(ctx, line, b.countBy(c, idle)...)
		}}
		all = append(all, unless(b.counts(s, check), s))
	}
	if b.original != "" {
		all = append(all, surroundings{original, b.belowOriginal})
	}
	return runs(b.cost(check, 300000), 1, all...), nil
}

// unless replaces surroundings by the reason why nothing is to be measured in them.
func unless(reason error, s surroundings) surroundings {
	if reason != nil {
		s.begin = func(context.Context, []string) (*running, error) { return nil, reason }
	}
	return s
}

// cost is the command line of the program that does something n times, in full.
func (b *bench) cost(way string, n int) []string {
	return b.program("cost", way, fmt.Sprint(b.scaled(n)))
}

// sees says what is wrong if an audit does not see each check of a way.
func (b *bench) sees(way string) error {
	const n = 1000
	d, err := b.document(b.program("cost", way, fmt.Sprint(n))...)
	if err == nil && d.Checks < n {
		err = fmt.Errorf("the backend %s has seen %d checks of %d", d.Backend, d.Checks, n)
	}
	return err
}

// document is what is read of a report.
type document struct {
	Backend string `json:"backend"`
	Checks  int    `json:"total_checks"`
}

// document is that of an audit of a command.
func (b *bench) document(command ...string) (d document, err error) {
	ctx, cancel := bounded()
	defer cancel()
	line := append(b.capAudit("-j", "--"), command...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	raw, err := cmd.Output()
	if err != nil {
		return d, fmt.Errorf("%q: %w", line, err)
	}
	return d, json.Unmarshal(raw, &d)
}

// backendInUse is the one by which audits run here.
func (b *bench) backendInUse() (string, error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("wanted root, there is user %d", os.Geteuid())
	}
	d, err := b.document("true")
	return d.Backend, err
}
