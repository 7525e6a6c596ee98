// Bench measures what an audit costs, and writes the figures into a page:
//
//	bench [-rounds N] [-share F] PAGE
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
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cap-audit/cap-audit/test/machine"
)

// bench is what is measured, with what, and how long.
type bench struct {
	cap, programs, original, bpftrace string
	forced, backend                   string // the latter is the one in use
	rounds                            int
	share                             float64 // of the full lengths
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
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: bench [-rounds N] [-share F] PAGE")
		os.Exit(2)
	}
	if err := b.run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures all, shows it, and writes it into the page.
func (b *bench) run(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	r := results{date: time.Now().Format(time.DateOnly), machine: thisMachine(), rounds: b.rounds}
	if r.backend, err = b.backendInUse(); err != nil {
		return err
	}
	b.backend = r.backend
	if err := mountTracefs(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: without tracefs, which bpftrace may want:", err)
	}
	r.checks, r.calls, r.startUp = b.checks(), b.calls(), b.startUp()
	if text, err = replaceFigures(text, r.String()); err != nil {
		return err
	}
	fmt.Print(&r)
	return os.WriteFile(page, text, 0o644)
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
