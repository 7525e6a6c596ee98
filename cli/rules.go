package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/session"
)

// work says of a job what it does, in the place of an audit, and what it takes.
type work struct{ does, takes string }

var works = map[job]work{
	probing:   {"runs nothing", "give it no command, and no option but --json, --yaml and --backend"},
	merging:   {"joins reports and runs nothing", "give it the reports, and say where the result goes"},
	comparing: {"compares two reports and runs nothing", "give it these, and say where the result goes"},
	bounding:  {"runs nothing", "give it a program's file, and say where the result goes"},
	reverting: {"takes the drop-in away and does nothing else", "give it --unit alone"},
}

// validate refuses what does not go together. given are the options' names.
func (l *line) validate(given []string) error {
	if err := l.chooseJob(given); err != nil {
		return err
	}
	if l.job == auditing && l.Option == "" && len(l.Command) == 0 {
		return hint.Add(errors.New("no command given: cap-audit [options] -- command [args...]"), seeHelp)
	}
	if err := exclude(given); err != nil {
		return err
	}
	check := map[job]func() error{
		auditing:  func() error { return l.checkAudit(given) },
		probing:   l.checkProbe,
		merging:   l.checkMerge,
		comparing: l.checkDiff,
		reverting: l.checkRevert,
		bounding:  l.checkStatic,
	}[l.job]
	if err := check(); err != nil {
		return err
	}
	for _, n := range needs {
		if slices.Contains(given, n.option) && !slices.Contains(given, n.other) {
			return errors.New(n.sentence)
		}
	}
	if format := l.Output.Format; format.OfPolicy() && l.Output.Check == "" {
		return fmt.Errorf("--format %s says how a run fits a policy: name that with --check", format)
	}
	return l.checkFiles()
}

// chooseJob finds the one job that is asked for, and what it does not go with.
func (l *line) chooseJob(given []string) error {
	for _, name := range given {
		if _, ok := works[job(name)]; !ok {
			continue
		}
		if l.job != auditing {
			return fmt.Errorf("--%s and --%s exclude each other: do one at a time", l.job, name)
		}
		l.job = job(name)
	}
	for _, o := range options {
		if name := o.name(); slices.Contains(given, name) && !slices.Contains(o.with, l.job) {
			return fmt.Errorf("--%s %s, so --%s has no meaning with it: %s", l.job, works[l.job].does, name,
				works[l.job].takes)
		}
	}
	return nil
}

func exclude(given []string) error {
	for _, e := range exclusions {
		one, rest := firstOf(given, e.these), given
		others := e.those
		if others == nil {
			rest, others = given[slices.Index(given, one)+1:], e.these
		}
		if other := firstOf(rest, others); one != "" && other != "" {
			return fmt.Errorf("--%s and --%s exclude each other: %s", one, other, e.because)
		}
	}
	return nil
}

// checkAudit looks at the subject, and whether the options are for such a one.
func (l *line) checkAudit(given []string) error {
	if !session.KindOf(l.Option).TakesCommand && len(l.Command) > 0 {
		err := fmt.Errorf("--%s watches what runs already: give it no command", l.Option)
		return hint.Add(err, "--cgroup takes one")
	}
	if err := l.checkScopes(given); err != nil {
		return err
	}
	proof := firstOf([]string{"verify", "minimize"}, given)
	limit := firstOf([]string{"duration", "until-idle"}, given)
	if proof != "" && limit != "" && l.Test == "" {
		err := fmt.Errorf("--%s and --%s: a run that is cut off has no end to compare with", proof, limit)
		return hint.Add(err, "--test COMMAND can say whether it works, and end it")
	}
	if proof != "" && l.Outcomes == session.OutcomesSampled {
		return fmt.Errorf("--%s and --outcomes sampled: repetitions are compared by all that calls returned",
			proof)
	}
	if err := l.checkEach(given); err != nil {
		return err
	}
	if how := l.unfilterable(); how != "" {
		return fmt.Errorf("--emit %s and --%s: it has to let through all system calls that the "+
			"program makes", l.Output.Emit, how)
	}
	kinds := snippets.KindsFor(audit.SubjectKind(l.Option)) // which bears the name of the option
	if l.Output.Emit != "" && !slices.Contains(kinds, l.Output.Emit) {
		err := fmt.Errorf("--emit %s: has no hold on what runs in a container", l.Output.Emit)
		return hint.Addf(err, "there are %s", strings.Join(kinds, ", "))
	}
	return nil
}

// checkEach refuses to write one report after the other where that makes no sense.
func (l *line) checkEach(given []string) error {
	one := []output.Format{output.Text, output.NDJSON}
	if l.EachDepth == 0 || l.Output.File != "" || slices.Contains(one, l.Output.Format) {
		return nil
	}
	each := firstOf([]string{"each-depth", "each"}, given)
	format := firstOf([]string{"json", "yaml", "format", "emit"}, given)
	return hint.Add(fmt.Errorf("--%s and --%s: many reports like that do not make a file", each, format),
		"name a directory with --output; text and ndjson go to standard output, too")
}

// unfilterable is an option with which the calls for --emit's filter are not seen.
func (l *line) unfilterable() string {
	switch {
	case !snippets.IsFilter(l.Output.Emit):
	case l.Untraced:
		return "untraced"
	case l.Outcomes == session.OutcomesSampled:
		return "outcomes sampled"
	}
	return ""
}

// purposes are what options are for that do not go with all subjects.
var purposes = []struct {
	of   scope
	what string
}{
	{started, "a command that cap-audit starts"},
	{units, "a service of the running system"},
	{grouped, "a control group that is watched"},
}

// checkScopes refuses options that are for other subjects.
func (l *line) checkScopes(given []string) error {
	for i, one := range purposes {
		for _, other := range purposes[i+1:] {
			if a, b := firstFor(one.of, given), firstFor(other.of, given); a != "" && b != "" {
				return fmt.Errorf("--%s is for %s, --%s for %s", a, one.what, b, other.what)
			}
		}
	}
	for _, o := range options {
		name := o.name()
		switch {
		case !slices.Contains(given, name):
		case o.of == started && !l.Launches():
			return fmt.Errorf("--%s is for a command that cap-audit starts, not for --%s", name, l.Option)
		case o.of == units && l.Option == "":
			return fmt.Errorf("--%s is for a service of the running system: name it with --unit", name)
		case o.of == units && l.Option != "unit":
			return fmt.Errorf("--%s is for a service of the running system, named with --unit, not for --%s",
				name, l.Option)
		case o.of == grouped && l.Option == "":
			return fmt.Errorf("--%s is for a control group that is watched: name it with --cgroup", name)
		case o.of == grouped && l.Option != "cgroup" && l.Option != "pod":
			return fmt.Errorf("--%s is for a control group that is watched, named with --cgroup, or with "+
				"--pod, not for --%s", name, l.Option)
		case o.of == grouped && len(l.Command) > 0:
			return fmt.Errorf("--%s watches what runs in control groups already: give it no command", name)
		}
	}
	return nil
}

func (l *line) checkProbe() error {
	if len(l.Command) > 0 {
		return fmt.Errorf("--probe %s: %s", works[probing].does, works[probing].takes)
	}
	return l.checkFormat()
}

func (l *line) checkMerge() error {
	if len(l.Command) == 0 {
		return errors.New("--merge: name the reports to join, or - to read their names from " +
			"standard input, one a line")
	}
	return nil
}

func (l *line) checkDiff() error {
	if len(l.Command) != 2 {
		return fmt.Errorf("--diff: name two reports, the old one and the new one; there are %d",
			len(l.Command))
	}
	return l.checkFormat()
}

func (l *line) checkStatic() error {
	if len(l.Command) == 0 {
		return errors.New("--static: name the program's file, and after it what it loads by itself")
	}
	for _, word := range l.Command {
		if strings.HasPrefix(word, "-") {
			return fmt.Errorf("--static: %s: options come before the program; a file of that name is ./%[1]s",
				console.Printable(word))
		}
	}
	return l.checkFormat()
}

// checkFormat is for what is no report of capabilities.
func (l *line) checkFormat() error {
	if !slices.Contains([]output.Format{output.Text, output.JSON, output.YAML}, l.Output.Format) {
		return fmt.Errorf("--%s reports as text, json or yaml, not as %s", l.job, l.Output.Format)
	}
	return nil
}

func (l *line) checkRevert() error {
	switch {
	case l.Option == "":
		return errors.New("--revert-dropin: name the unit with --unit")
	case len(l.Command) > 0:
		return fmt.Errorf("--revert-dropin %s: %s", works[reverting].does, works[reverting].takes)
	}
	return nil
}

// checkFiles refuses one file for two things.
func (l *line) checkFiles() error {
	written := []struct{ option, name string }{{"output", l.Output.File}, {"policy-out", l.Output.PolicyOut},
		{"events", l.Output.Events}}
	for i, one := range written {
		if one.name == "-" {
			err := fmt.Errorf("--%s -: standard output has the report and what the command says", one.option)
			return hint.Add(err, "name a file: /dev/stdout writes it among these, ./- is a file of that name")
		}
		for _, other := range written[i+1:] {
			if files.Same(one.name, other.name) {
				return fmt.Errorf("--%s and --%s name the same file: choose another for one of them",
					one.option, other.option)
			}
		}
	}
	switch o := &l.Output; {
	case files.Same(o.Events, o.Check):
		return errors.New("--check and --events name the same file: the policy would be lost")
	case files.Same(o.PolicyOut, o.Check):
		return errors.New("--check and --policy-out name the same file: the policy would agree with " +
			"whatever the run did")
	}
	return nil
}
