package session

import (
	"os"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/tracer"
)

// runUntraced becomes the command, for --if-possible. What was to be written is
// not: a report of nothing would look like one of a program that needs nothing.
// Only JUnit has a word for a test that did not take place.
func runUntraced(o *Options, reason string) error {
	path, err := tracer.Resolve(o.Command[0])
	if err != nil {
		return err
	}
	out, err := output.Open(o.Output)
	if err != nil {
		return err
	}
	consequence := ""
	if o.Output.Check != "" {
		consequence = "; whether it fits the policy " + console.Printable(o.Output.Check) + " is not known"
	}
	console.Warningf("the command runs untraced: %s%s", reason, consequence)
	if never := neverAsked(path, out.Allowed()); never != 0 {
		console.Warningf("--check %s: it allows what no code that the command is linked from asks for: %s",
			console.Printable(o.Output.Check), strings.Join(capng.Names(never), ", "))
	}
	for _, file := range []string{o.Output.File, o.Output.PolicyOut} {
		if _, err := os.Stat(file); file != "" && err == nil &&
			!(file == o.Output.File && o.Output.Format == output.JUnit) {
			console.Warningf("%s is of an earlier run and stays as it is", console.Printable(file))
		}
	}
	if o.Output.Format == output.JUnit {
		if err := out.WriteText(report.SkippedJUnit(path, "the command ran untraced: "+reason)); err != nil {
			return err
		}
	}
	target := tracer.Target{Path: path, Argv: o.Command, Shell: true}
	if o.Output.Machine() {
		target.Stdout = os.Stderr
	}
	return tracer.Exec(target)
}

// neverAsked is what of a set the code of a program cannot ask for, as far as that is known
// without a run: of what executes other programs it is not.
func neverAsked(path string, set uint64) uint64 {
	if set == 0 {
		return 0
	}
	r, err := reach.Analyze(path, reach.Options{})
	if err != nil || r.Executes { // such as a script
		return 0
	}
	for n, verdict := range r.Capabilities {
		if verdict.Class != reach.RuledOut {
			set &^= 1 << n
		}
	}
	return set
}
