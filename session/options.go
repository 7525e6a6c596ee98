// Package session is one audit from its beginning to its end: it finds what is
// to be audited, runs it or watches it, proves the set and reports.
package session

import (
	"time"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/tracer"
)

// Options are what a command line says of an audit.
type Options struct {
	// Option is the one that names the subject, such as "unit", and Name what it
	// names; both are "" where there is only a command.
	Option, Name string
	// Command with its arguments. A unit file and a control group can have one
	// besides.
	Command []string

	// EachDepth, if not 0, is how many levels below a control group each has a report of its own.
	EachDepth int

	Restart bool // a unit, under the audit
	Follow  bool // wait for the last descendant
	As      string
	// CallersEnvironment stays, and the caller's directory, with As.
	CallersEnvironment bool
	IfPossible         bool

	Duration, UntilIdle time.Duration // 0: no limit
	Test                string        // shell command, "" for none

	Verify, Minimize bool
	// Untraced: repetitions alone tell.
	Untraced    bool
	WriteDropin bool
	// Verbose shows each check, Quiet not even how the audit goes on.
	Verbose, Quiet bool
	Backends       []tracer.Backend
	Outcomes       Outcomes
	NoObjects      bool
	// NoStatic: the programs' code is not looked at.
	NoStatic bool

	Output output.Options
}

// lines are for what tells how the audit goes on.
func (o *Options) lines() *console.Lines {
	if o.Quiet {
		return console.NoLines()
	}
	return console.NewLines(o.Output.Humans())
}

// endless: only the last descendant ends the run.
func (o *Options) endless() bool {
	return o.Follow && o.Test == "" && o.Duration == 0 && o.UntilIdle == 0
}

// Launches: what is audited is started for that.
func (o *Options) Launches() bool { return len(o.Command) > 0 || KindOf(o.Option).Launched }

// proves: the run is repeated.
func (o *Options) proves() bool { return o.Verify || o.Minimize }
