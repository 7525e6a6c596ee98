package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/session"
	"github.com/cap-audit/cap-audit/tracer"
)

// line is a validated command line. The files of --merge and --diff are its
// Command.
type line struct {
	job job
	session.Options
}

// parse reads the command line and refuses what does not go together.
func parse(c *cli.Context) (*line, error) {
	given := given(c)
	for _, o := range options {
		if name := o.name(); o.takesArgument() && slices.Contains(given, name) && c.String(name) == "" {
			return nil, fmt.Errorf("--%s: the argument is empty", name)
		}
	}
	l := &line{Options: session.Options{
		Command: c.Args().Slice(),

		Restart:    c.Bool("restart"),
		Follow:     c.Bool("follow"),
		As:         c.String("as"),
		IfPossible: c.Bool("if-possible"),
		Test:       c.String("test"),

		Verify:      c.Bool("verify"),
		Minimize:    c.Bool("minimize"),
		Untraced:    c.Bool("untraced"),
		WriteDropin: c.Bool("write-dropin"),
		Verbose:     c.Bool("verbose"),
		Quiet:       c.Bool("quiet"),
		NoObjects:   c.Bool("no-objects"),
		NoStatic:    c.Bool("no-static"),

		Output: output.Options{
			Emit:        c.String("emit"),
			File:        reportFile(c.String("output")),
			Check:       c.String("check"),
			CheckUnused: c.Bool("check-unused"),
			PolicyOut:   c.String("policy-out"),
			Events:      c.String("events"),
			Propagate:   c.Bool("propagate"),
		},
	}}
	if err := l.parseValues(c); err != nil {
		return nil, err
	}
	if l.Option = firstOf(given, subjects); l.Option != "" {
		l.Name = c.String(l.Option)
	}
	if err := l.validate(given); err != nil {
		return l, err
	}
	if c.Bool("json") && c.Bool("yaml") {
		console.Warningf("--json and --yaml: the report is written as JSON")
	}
	return l, nil
}

// reportFile: - is standard output, as for most programs.
func reportFile(name string) string {
	if name == "-" {
		return ""
	}
	return name
}

// parseValues reads the arguments that are more than text.
func (l *line) parseValues(c *cli.Context) (err error) {
	if l.Backends, err = tracer.ParseBackend(c.String("backend")); err != nil {
		return fmt.Errorf("--backend: %w", err)
	}
	if l.Outcomes, err = session.ParseOutcomes(c.String("outcomes")); err != nil {
		return err
	}
	if c.IsSet("pid") {
		if _, err = session.ParsePID(c.String("pid")); err != nil {
			return err
		}
	}
	if l.Duration, err = parseTime("duration", c.String("duration")); err != nil {
		return err
	}
	if l.UntilIdle, err = parseTime("until-idle", c.String("until-idle")); err != nil {
		return err
	}
	if l.CallersEnvironment, err = parseEnvironment(c.String("as-environment")); err != nil {
		return err
	}
	if l.EachDepth, err = parseEach(c); err != nil {
		return err
	}
	l.Output.Each = l.EachDepth > 0
	l.Output.Format, err = parseFormat(c)
	return err
}

// parseEach is how many levels below a control group each has a report of its own; 0 for none.
func parseEach(c *cli.Context) (depth int, err error) {
	switch {
	case !c.Bool("each"):
		return 0, nil
	case !c.IsSet("each-depth"):
		return 1, nil
	}
	text := c.String("each-depth")
	if depth, err = strconv.Atoi(text); err != nil || depth < 1 || depth > tracer.MaxEachDepth {
		return 0, fmt.Errorf("--each-depth %s: give a number from 1 to %d", console.Printable(text),
			tracer.MaxEachDepth)
	}
	return depth, nil
}

// parseEnvironment reads whose environment --as is to use. The default has a
// name, too, so that a script can say either.
func parseEnvironment(whose string) (callers bool, err error) {
	switch whose {
	case "", "service":
		return false, nil
	case "caller":
		return true, nil
	}
	return false, fmt.Errorf("--as-environment %s: there are caller, service", console.Printable(whose))
}

// parseTime reads a time as sleep(1) has it, or Go: 90, 1.5s, 2h30m.
func parseTime(option, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	spelt := text
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		spelt += "s"
	}
	d, err := time.ParseDuration(spelt)
	if err != nil || d <= 0 {
		err = fmt.Errorf("--%s %s: is no time", option, console.Printable(text))
		return 0, hint.Add(err, "give seconds, or a number with its unit as in 90s, 15m, 2h")
	}
	return d, nil
}

// parseFormat reads the format of the report, which one of four options names. Of
// --json and --yaml the first counts, as in the C cap-audit.
func parseFormat(c *cli.Context) (output.Format, error) {
	switch {
	case c.Bool("json"):
		return output.JSON, nil
	case c.Bool("yaml"):
		return output.YAML, nil
	case c.IsSet("emit"):
		if kind := c.String("emit"); !slices.Contains(snippets.Kinds, kind) {
			return "", fmt.Errorf("--emit %s: there are %s", console.Printable(kind),
				strings.Join(snippets.Kinds, ", "))
		}
		return output.Snippet, nil
	case c.IsSet("format"):
		format := output.Format(c.String("format"))
		if !slices.Contains(output.Formats, format) {
			return "", fmt.Errorf("--format %s: there are %s", console.Printable(string(format)),
				joined(output.Formats))
		}
		return format, nil
	}
	return output.Text, nil
}

func joined[S ~string](list []S) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}
