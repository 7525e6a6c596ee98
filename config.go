package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/tracer"
)

// job is what a command line asks for.
type job int

const (
	jobAudit job = iota
	jobProbe
	jobMerge
	jobDiff
	jobRevert
)

// format of the report.
type format string

const (
	formatText       format = "text"
	formatJSON       format = "json"
	formatYAML       format = "yaml"
	formatJUnit      format = "junit"
	formatPrometheus format = "prometheus"
	// formatSnippet is --emit: one snippet and nothing else.
	formatSnippet format = "snippet"
)

var formats = []format{formatText, formatJSON, formatYAML, formatJUnit, formatPrometheus}

// extension of a file that holds the format.
func (f format) extension() string {
	switch f {
	case formatJSON, formatYAML:
		return string(f)
	case formatJUnit:
		return "xml"
	case formatPrometheus:
		return "prom"
	}
	return "txt"
}

// config is a validated command line.
type config struct {
	job job
	// command with its arguments; the files of --merge and --diff.
	command []string

	// What is audited in the place of a command, "" and 0 if not asked for.
	// A service can have a command besides, and a cgroup, too.
	service, unit, cgroup, container string
	pid                              int
	restart                          bool

	follow     bool
	as         string // account to run as, "" for the caller's
	ifPossible bool

	duration, untilIdle time.Duration // 0: no limit
	test                string        // shell command, "" for none

	verify, minimize bool
	check            string // policy, "" for none
	checkUnused      bool

	format      format
	emit        string // kind of snippet, with formatSnippet
	output      string // "" for standard output
	policyOut   string // "" for none
	writeDropin bool
	propagate   bool
	verbose     bool
	backends    []tracer.Backend
}

func parseConfig(c *cli.Context) (*config, error) {
	cfg := &config{
		command: c.Args().Slice(),

		service:   c.String("service"),
		unit:      c.String("unit"),
		cgroup:    c.String("cgroup"),
		container: c.String("container"),
		restart:   c.Bool("restart"),

		follow:     c.Bool("follow"),
		as:         c.String("as"),
		ifPossible: c.Bool("if-possible"),
		test:       c.String("test"),

		verify:      c.Bool("verify"),
		minimize:    c.Bool("minimize"),
		check:       c.String("check"),
		checkUnused: c.Bool("check-unused"),

		emit:        c.String("emit"),
		output:      c.String("output"),
		policyOut:   c.String("policy-out"),
		writeDropin: c.Bool("write-dropin"),
		propagate:   c.Bool("propagate"),
		verbose:     c.Bool("verbose"),
	}
	for _, flag := range c.App.Flags {
		if name := flag.Names()[0]; c.IsSet(name) && c.String(name) == "" && isString(flag) {
			return nil, fmt.Errorf("--%s: the argument is empty", name)
		}
	}
	var err error
	if cfg.backends, err = tracer.ParseBackend(c.String("backend")); err != nil {
		return nil, fmt.Errorf("--backend: %w", err)
	}
	if cfg.pid, err = parsePID(c.String("pid")); err != nil {
		return nil, err
	}
	if cfg.duration, err = parseTime("duration", c.String("duration")); err != nil {
		return nil, err
	}
	if cfg.untilIdle, err = parseTime("until-idle", c.String("until-idle")); err != nil {
		return nil, err
	}
	if cfg.format, err = parseFormat(c); err != nil {
		return nil, err
	}
	for name, asked := range map[string]job{"probe": jobProbe, "merge": jobMerge, "diff": jobDiff,
		"revert-dropin": jobRevert} {
		if !c.Bool(name) {
			continue
		}
		if cfg.job != jobAudit {
			return nil, errors.New("--probe, --merge, --diff and --revert-dropin exclude each other")
		}
		cfg.job = asked
	}
	return cfg, cfg.validate(c)
}

func isString(flag cli.Flag) bool { _, ok := flag.(*cli.StringFlag); return ok }

// parsePID reads --pid; 0 if it was not given.
func parsePID(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	pid, err := strconv.ParseInt(text, 10, 32)
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("--pid %s: is no process ID; give a positive number", printable(text))
	}
	return int(pid), nil
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
		return 0, fmt.Errorf("--%s %s: is no time; give seconds, or a number with its unit as in 90s, 15m, "+
			"2h", option, printable(text))
	}
	return d, nil
}

func parseFormat(c *cli.Context) (format, error) {
	var asked []string
	chosen := formatText
	for _, f := range []struct {
		option string
		format format
	}{{"json", formatJSON}, {"yaml", formatYAML}, {"emit", formatSnippet},
		{"format", format(c.String("format"))}} {
		if c.IsSet(f.option) && (c.String(f.option) != "false") {
			asked = append(asked, "--"+f.option)
			chosen = f.format
		}
	}
	if len(asked) > 1 {
		return "", fmt.Errorf("%s and %s exclude each other: choose one", asked[0], asked[1])
	}
	if c.IsSet("format") && !slices.Contains(formats, chosen) {
		return "", fmt.Errorf("--format %s: there are %s", printable(string(chosen)), joined(formats))
	}
	if kind := c.String("emit"); kind != "" && !slices.Contains(snippets.Kinds, kind) {
		return "", fmt.Errorf("--emit %s: there are %s", printable(kind), joined(snippets.Kinds))
	}
	return chosen, nil
}

func joined[S ~string](list []S) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// validate refuses what does not go together.
func (cfg *config) validate(c *cli.Context) error {
	given := func(names ...string) string {
		for _, name := range names {
			if c.IsSet(name) {
				return name
			}
		}
		return ""
	}
	subjects := []string{"service", "unit", "pid", "cgroup", "container"}
	running := []string{"unit", "pid", "container"}
	how := []string{"follow", "as", "if-possible", "verify", "minimize", "propagate", "restart"}
	when := []string{"duration", "until-idle", "test", "verbose"}

	switch cfg.job {
	case jobProbe:
		if name := given(slices.Concat(subjects, how, when,
			[]string{"check", "output", "policy-out", "write-dropin", "emit"})...); name != "" ||
			len(cfg.command) > 0 {
			return errors.New("--probe runs nothing: give it no command, and no option but --json, --yaml " +
				"and --backend")
		}
		if cfg.format != formatText && cfg.format != formatJSON && cfg.format != formatYAML {
			return fmt.Errorf("--probe reports as text, json or yaml, not as %s", cfg.format)
		}
		return nil
	case jobMerge, jobDiff:
		option := map[job]string{jobMerge: "merge", jobDiff: "diff"}[cfg.job]
		if name := given(slices.Concat(subjects, how, when,
			[]string{"backend", "write-dropin"})...); name != "" {
			return fmt.Errorf("--%s runs nothing, so --%s has no meaning with it", option, name)
		}
		switch {
		case cfg.job == jobMerge && len(cfg.command) == 0:
			return errors.New("--merge: name the reports to join, or - to read their names from standard " +
				"input, one a line")
		case cfg.job == jobDiff && len(cfg.command) != 2:
			return fmt.Errorf("--diff: name two reports, the old one and the new one; there are %d",
				len(cfg.command))
		case cfg.job == jobDiff && !slices.Contains([]format{formatText, formatJSON, formatYAML},
			cfg.format) && cfg.format != formatSnippet:
			return fmt.Errorf("--diff reports as text, json or yaml, not as %s", cfg.format)
		case cfg.job == jobDiff && given("check", "check-unused", "policy-out", "emit") != "":
			return fmt.Errorf("--%s has no meaning with --diff",
				given("check", "check-unused", "policy-out", "emit"))
		}
		return cfg.validatePolicy()
	case jobRevert:
		if cfg.unit == "" {
			return errors.New("--revert-dropin: name the unit with --unit")
		}
		if len(cfg.command) > 0 || cfg.writeDropin || cfg.restart {
			return errors.New("--revert-dropin takes the drop-in away and does nothing else: give it --unit " +
				"" +
				"" +
				"" +
				"alone")
		}
		return nil
	}

	var subject string
	for _, name := range subjects {
		if !c.IsSet(name) {
			continue
		}
		if subject != "" {
			return fmt.Errorf("--%s and --%s exclude each other: audit one at a time", subject, name)
		}
		subject = name
	}
	attached := slices.Contains(running, subject) || subject == "cgroup" && len(cfg.command) == 0
	switch {
	case subject == "" && len(cfg.command) == 0:
		return errors.New("no command given: cap-audit [options] -- command [args...]; see cap-audit --help")
	case slices.Contains(running, subject) && len(cfg.command) > 0:
		return fmt.Errorf("--%s watches what runs already: give it no command; --cgroup takes one", subject)
	case attached && given("follow", "as", "if-possible", "verify", "minimize", "propagate") != "":
		return fmt.Errorf("--%s is for a command that cap-audit starts, not for --%s",
			given("follow", "as", "if-possible", "verify", "minimize", "propagate"), subject)
	case cfg.as != "" && cfg.service != "":
		return errors.New("--as and --service exclude each other: the unit says who runs it, with User=")
	case cfg.unit == "" && (cfg.restart || cfg.writeDropin):
		return fmt.Errorf("--%s is for a service of the running system: name it with --unit",
			given("restart", "write-dropin"))
	case cfg.emit != "" && !slices.Contains(snippets.KindsFor(audit.SubjectKind(subject)), cfg.emit):
		return fmt.Errorf("--emit %s: has no hold on what runs in a container; there are %s", cfg.emit,
			joined(snippets.KindsFor(audit.SubjectKind(subject))))
	case cfg.writeDropin && !cfg.restart:
		return errors.New("--write-dropin needs --restart: a drop-in without what the service's start needs " +
			"" +
			"" +
			"" +
			"would keep it from starting")
	// untraced, the command is executed in our place: nobody could end it or
	// change who it is
	case cfg.ifPossible && given("service", "cgroup", "as", "test", "duration", "until-idle") != "":
		return fmt.Errorf("--if-possible and --%s exclude each other: an untraced command is only run",
			given("service", "cgroup", "as", "test", "duration", "until-idle"))
	}
	return cfg.validatePolicy()
}

func (cfg *config) validatePolicy() error {
	switch {
	case cfg.checkUnused && cfg.check == "":
		return errors.New("--check-unused adds to --check: name the policy with that")
	case sameFile(cfg.policyOut, cfg.output):
		return errors.New("--output and --policy-out name the same file: choose another for one of them")
	case sameFile(cfg.policyOut, cfg.check):
		return errors.New("--check and --policy-out name the same file: the policy would agree with " +
			"whatever the run did")
	}
	return nil
}

// sameFile tells whether two names that may be "", for none, are of one file
// that is there or can come to be.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if place(a) == place(b) {
		return true
	}
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	// what comes to one device does not take the place of what came before
	return err1 == nil && err2 == nil && one.Mode().IsRegular() && os.SameFile(one, two)
}

// place is where a file of that name is or would be.
func place(name string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		dir = filepath.Dir(name)
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return filepath.Join(dir, filepath.Base(name))
}

// attaches: what is audited runs already.
func (cfg *config) attaches() bool { return len(cfg.command) == 0 && cfg.service == "" }

// proves: the run is repeated.
func (cfg *config) proves() bool { return cfg.verify || cfg.minimize }

// humans is where progress and verbose lines go: standard output, unless that
// carries a document for programs.
func (cfg *config) humans() *os.File {
	if cfg.machineOutput() {
		return os.Stderr
	}
	return os.Stdout
}

// machineOutput: standard output carries the document and nothing else.
func (cfg *config) machineOutput() bool { return cfg.format != formatText && cfg.output == "" }
