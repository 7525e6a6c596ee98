// Package static answers --static: what the code of a program can need, without a run.
package static

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report"
)

// Run looks at a program's file, and at the objects that it loads while it runs.
func Run(program string, objects []string, options output.Options) error {
	out, err := output.Open(options)
	if err != nil {
		return err
	}
	result, err := reach.Analyze(program, reach.Options{Extra: objects})
	if file := (*reach.FileError)(nil); errors.As(err, &file) {
		return fmt.Errorf("--static: %s: %w", console.Printable(file.Path), file.Err)
	}
	if err != nil {
		return err
	}
	document := report.NewReach(result)
	document.Tool.Version = options.Version
	var text bytes.Buffer
	switch options.Format {
	case output.JSON:
		err = document.WriteJSON(&text)
	case output.YAML:
		err = document.WriteYAML(&text)
	default:
		err = document.WriteText(&text, report.PageOf(os.Stdout, os.Getenv("COLUMNS")))
	}
	if err != nil {
		return err
	}
	return out.WriteText(text.Bytes())
}
