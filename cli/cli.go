// Package cli reads a command line: its options, what goes with what, and the
// usage text.
package cli

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/earlier"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/probe"
	"github.com/cap-audit/cap-audit/session"
	"github.com/cap-audit/cap-audit/static"
)

// seeHelp is what to try after a command line that cannot be read.
const seeHelp = "see cap-audit --help"

// Run carries out a command line, the program's name first.
func Run(arguments []string, version string) error {
	app := newApp(arguments)
	app.Action = func(c *cli.Context) error { return act(c, version) }
	return app.Run(arguments)
}

// newApp has the flags, and no action yet. The words are those that it is to read.
func newApp(words []string) *cli.App {
	cli.HelpFlag = nil // ours is prose, and takes no topic
	return &cli.App{
		Name:                   "cap-audit",
		HideVersion:            true, // its -v is our --verbose
		HideHelpCommand:        true, // a program called help can be audited
		UseShortOptionHandling: true,
		Flags:                  flags(),
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return hint.Add(misread(err, words), seeHelp)
		},
		// main decides about exits
		ExitErrHandler: func(*cli.Context, error) {},
	}
}

func act(c *cli.Context, version string) error {
	if c.Bool("help") {
		_, err := io.WriteString(c.App.Writer, usage)
		return err
	}
	if c.Bool("version") {
		_, err := fmt.Fprintf(c.App.Writer, "cap-audit %s\n", version)
		return err
	}
	l, err := parse(c)
	if err != nil {
		return err
	}
	l.Output.Version = version
	switch l.job {
	case probing:
		return probe.Run(l.Backends, l.Output.Format)
	case merging:
		return earlier.Merge(l.Command, l.Output)
	case comparing:
		return earlier.Diff(l.Command[0], l.Command[1], l.Output)
	case bounding:
		return static.Run(l.Command[0], l.Command[1:], l.Output)
	case reverting:
		return session.RevertDropin(&l.Options)
	}
	return session.Run(l.Options)
}
