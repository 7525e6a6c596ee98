// Bench measures what an audit costs, shows the figures, and writes them into a page:
//
//	bench [-rounds N] [-share F] [-run PATTERN] [-skip PATTERN] [-part NAME] [PAGE]
//
// A page has several parts, one for each kernel and backend. The patterns choose what is
// measured by its name in the tables.
//
// Each figure is a median over rounds, and in each round all that are compared
// take their turn. Nothing fails by a figure: what could not be measured says why.
//
//	CAP_AUDIT           the binary, by default ./cap-audit
//	CAP_AUDIT_PROGRAMS  the C programs, by default in ./build/programs
//	CAP_AUDIT_BACKEND   the backend to force; empty lets cap-audit choose
//	CAP_AUDIT_ORIGINAL  the C original, to be compared with
//	BPFTRACE            bpftrace, by default that in PATH
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/cap-audit/cap-audit/test/machine"
)

// bench is what is measured, with what, and how long.
type bench struct {
	cap, programs, original, bpftrace string
	forced, backend                   string // the latter is the one in use
	rounds                            int
	share                             float64        // of the full lengths
	run, skip                         *regexp.Regexp // what is measured, by its name; nil for all, for none
}

func main() {
	machine.Supervise()
	b := bench{
		cap:      machine.Setting("CAP_AUDIT", "cap-audit"),
		programs: machine.Setting("CAP_AUDIT_PROGRAMS", "build/programs"),
		original: os.Getenv("CAP_AUDIT_ORIGINAL"),
		bpftrace: cmp.Or(os.Getenv("BPFTRACE"), "bpftrace"),
		forced:   os.Getenv("CAP_AUDIT_BACKEND"),
	}
	flag.IntVar(&b.rounds, "rounds", 5, "how often each is measured")
	flag.Float64Var(&b.share, "share", 1, "how long, as a share of what gives steady figures")
	flag.Func("run", "measure only what is called like this", patternInto(&b.run))
	flag.Func("skip", "measure nothing that is called like this", patternInto(&b.skip))
	part := flag.String("part", "host", "the part of the page")
	flag.Parse()
	if flag.NArg() > 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := b.all(flag.Arg(0), *part); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// patternInto takes the value of a flag.
func patternInto(pattern **regexp.Regexp) func(string) error {
	return func(text string) (err error) {
		*pattern, err = regexp.Compile(text)
		return err
	}
}

// all measures, shows the figures, and writes them into the page, if there is one.
func (b *bench) all(page, part string) error {
	var text []byte
	if page != "" {
		var err error
		if text, err = os.ReadFile(page); err != nil {
			return err
		}
	}
	r, err := b.results()
	if err != nil {
		return err
	}
	fmt.Print(r)
	if page == "" {
		return nil
	}
	if text, err = replaceFigures(text, part, r.String()); err != nil {
		return err
	}
	return os.WriteFile(page, text, 0o644)
}

// results are what is to be measured, measured.
func (b *bench) results() (*results, error) {
	r := &results{date: time.Now().Format(time.DateOnly), machine: thisMachine(), rounds: b.rounds}
	var err error
	if b.backend, err = b.backendInUse(); err != nil {
		return nil, err
	}
	r.backend, r.others = b.backend, b.others()
	if err := mountTracefs(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: without tracefs, which bpftrace may want:", err)
	}
	r.checks, r.calls = b.measured(b.checks()), b.measured(b.calls())
	r.groups, r.wholes = b.measured(b.groups()), b.measured(b.wholes())
	if r.empty() {
		return nil, errors.New("nothing is called like that")
	}
	return r, nil
}

// others are the names of what audits are compared with.
func (b *bench) others() []string {
	var names []string
	for _, c := range counters[b.backend] {
		names = append(names, c.name)
	}
	if b.original != "" {
		names = append(names, original)
	}
	return names
}

// scaled is a share of a full length, and at least one.
func (b *bench) scaled(n int) int { return max(1, int(float64(n)*b.share)) }

func (b *bench) program(name string, arguments ...string) []string {
	return append([]string{filepath.Join(b.programs, name)}, arguments...)
}

// patience bounds each run; it only decides how soon a failure is seen.
const patience = 5 * time.Minute

func bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}
