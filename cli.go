package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/tracer"
)

// version is set by the Makefile.
var version = "unreleased"

const usage = `Usage: cap-audit [options] -- command [args...]

Runs a command, records every capability check that the kernel makes for it
and its descendants, and says which capabilities the command needs.

Options:
  -f, --follow          wait for the last descendant, not only for the command
                        itself: for daemons that fork into the background
      --as USER[:GROUP] run the command as that user with every capability, so
                        that what a service's account lacks is seen
      --verify          run the command again with exactly the recommended set,
                        and say whether it behaves the same
      --minimize        and again without each capability of the set, one by one
      --test COMMAND    exercise the command with a shell command while it runs,
                        then end it; its exit status decides "the same"
  -o, --output FILE     write the report to FILE
  -j, --json            report as JSON
  -y, --yaml            report as YAML
  -v, --verbose         print each capability check as it happens
      --backend NAME    how to watch the kernel: auto (default), fentry,
                        tracepoint or kprobe
      --probe           say what this kernel and these privileges allow, and
                        run nothing
  -h, --help            show this help
  -V, --version         show the version
      --                end of options: the command follows

With -j or -y and no -o, standard output carries the report and nothing else;
what the command prints there goes to standard error.

Exit status: 0 the audit ran, however the command ended; 1 it could not;
126 the command could not be executed; 127 it was not found.

Needs root, or cap-audit with the file capabilities cap_bpf, cap_perfmon and
cap_sys_ptrace. See cap-audit(8).
`

// format of the report.
type format int

const (
	formatText format = iota
	formatJSON
	formatYAML
)

func (f format) extension() string { return [...]string{"txt", "json", "yaml"}[f] }

// config is a validated command line.
type config struct {
	command  []string
	format   format
	output   string // "" for standard output
	verbose  bool
	follow   bool
	as       string // account to run as, "" for the caller's
	verify   bool
	minimize bool
	test     string // shell command, "" for none
	backends []tracer.Backend
}

func newApp() *cli.App {
	cli.HelpFlag = nil // ours is prose, and takes no topic
	return &cli.App{
		Name:                   "cap-audit",
		HideVersion:            true, // its -v is our --verbose
		HideHelpCommand:        true, // a program called help can be audited
		UseShortOptionHandling: true,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}},
			&cli.StringFlag{Name: "as"},
			&cli.BoolFlag{Name: "verify"},
			&cli.BoolFlag{Name: "minimize"},
			&cli.StringFlag{Name: "test"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}},
			&cli.BoolFlag{Name: "json", Aliases: []string{"j"}},
			&cli.BoolFlag{Name: "yaml", Aliases: []string{"y"}},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}},
			&cli.StringFlag{Name: "backend"},
			&cli.BoolFlag{Name: "probe"},
			&cli.BoolFlag{Name: "help", Aliases: []string{"h"}},
			&cli.BoolFlag{Name: "version", Aliases: []string{"V"}},
		},
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return fmt.Errorf("%w; see cap-audit --help", err)
		},
		// main decides about exits
		ExitErrHandler: func(*cli.Context, error) {},
		Action:         action,
	}
}

func action(c *cli.Context) error {
	if c.Bool("help") {
		_, err := io.WriteString(c.App.Writer, usage)
		return err
	}
	if c.Bool("version") {
		_, err := fmt.Fprintf(c.App.Writer, "cap-audit %s\n", version)
		return err
	}
	cfg, err := parseConfig(c)
	if err != nil {
		return err
	}
	if c.Bool("probe") {
		return probe(cfg)
	}
	return runAudit(cfg)
}

func parseConfig(c *cli.Context) (*config, error) {
	cfg := &config{
		command: c.Args().Slice(),
		output:  c.String("output"),
		verbose: c.Bool("verbose"),
		follow:  c.Bool("follow"),

		as:       c.String("as"),
		verify:   c.Bool("verify"),
		minimize: c.Bool("minimize"),
		test:     c.String("test"),
	}
	var err error
	if cfg.backends, err = tracer.ParseBackend(c.String("backend")); err != nil {
		return nil, fmt.Errorf("--backend: %w", err)
	}
	switch {
	case c.Bool("json") && c.Bool("yaml"):
		return nil, errors.New("--json and --yaml exclude each other: choose one")
	case c.Bool("json"):
		cfg.format = formatJSON
	case c.Bool("yaml"):
		cfg.format = formatYAML
	}
	for _, name := range []string{"output", "as", "test"} {
		if c.IsSet(name) && c.String(name) == "" {
			return nil, fmt.Errorf("--%s: the argument is empty", name)
		}
	}
	if c.Bool("probe") {
		if len(cfg.command) > 0 || cfg.verbose || cfg.follow || cfg.as != "" || cfg.proves() || cfg.test != "" || cfg.output != "" {
			return nil, errors.New("--probe runs nothing: give it no command, and no option but --json, --yaml and --backend")
		}
		return cfg, nil
	}
	if len(cfg.command) == 0 {
		return nil, errors.New("no command given: cap-audit [options] -- command [args...]; see cap-audit --help")
	}
	return cfg, nil
}

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
