package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"

	"golang.org/x/sys/unix"
)

// counter is a way to count checks by capability with bpftrace, and no more.
type counter struct{ name, probe string }

// counters are attached where the backend of that name is. At a tracepoint, the kernel
// makes a record of the arguments for bpftrace first (include/trace/perf.h,
// perf_trace_##call()), unless it takes it raw.
var counters = map[string][]counter{
	"tracepoint": {
		{"bpftrace's tracepoint", "tracepoint:capability:cap_capable { @[args->cap] = count(); }"},
		{"bpftrace's rawtracepoint", "rawtracepoint:cap_capable { @[arg3] = count(); }"},
	},
	"fentry": {{"bpftrace's kretfunc", "kretfunc:cap_capable { @[args->cap] = count(); }"}},
	"kprobe": {{"bpftrace's kprobe", "kprobe:cap_capable { @[arg2] = count(); }"}},
}

// countBy is the command line of bpftrace that counts while a program runs.
func (b *bench) countBy(c counter, command string) []string {
	return []string{b.bpftrace, "-e", c.probe, "-c", command}
}

// mountTracefs gives bpftrace what it looks hooks up in, in this mount namespace.
func mountTracefs() error {
	const dir = "/sys/kernel/tracing"
	if _, err := os.Stat(dir + "/events"); err == nil {
		return nil
	}
	return unix.Mount("tracefs", dir, "tracefs", 0, "")
}

// largest is the last line of what bpftrace prints of a map, which it sorts by value.
var largest = regexp.MustCompile(`^@\[\d+\]: (\d+)$`)

// counts says what is wrong if bpftrace does not count each check of a way.
func (b *bench) counts(s surroundings, way string) error {
	const n = 100000 // more than others make meanwhile
	ctx, cancel := bounded()
	defer cancel()
	r, err := s.begin(ctx, b.program("cost", way, fmt.Sprint(n)))
	if err != nil {
		return err
	}
	_, err = r.finish()
	last, failed := r.beside[0].finish()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if found := largest.FindStringSubmatch(last); found == nil || len(found[1]) < len(fmt.Sprint(n)) {
		return fmt.Errorf("wanted at least %d checks counted, bpftrace says %q", n, last)
	}
	return nil
}
