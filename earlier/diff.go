package earlier

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/report"
)

// Diff compares two reports; where something came, that is the answer.
func Diff(before, after string, options output.Options) error {
	out, err := output.Open(options)
	if err != nil {
		return err
	}
	var sides [2]*audit.Findings
	for i, name := range []string{before, after} {
		if sides[i], err = readReport(name); err != nil {
			return fmt.Errorf("--diff: %s: %w", console.Printable(name), err)
		}
	}
	diff := report.NewDifference(before, sides[0], after, sides[1])
	diff.Tool.Version = options.Version
	var text bytes.Buffer
	switch options.Format {
	case output.JSON:
		err = diff.WriteJSON(&text)
	case output.YAML:
		err = diff.WriteYAML(&text)
	default:
		err = diff.WriteText(&text)
	}
	if err == nil {
		err = out.WriteText(text.Bytes())
	}
	switch {
	case err != nil:
		return err
	case len(diff.Came) > 0:
		names := make([]string, len(diff.Came))
		for i, c := range diff.Came {
			names[i] = c.Name
		}
		return &output.Answer{Status: output.Differs, Text: fmt.Sprintf("%s shows what %s does not: %s",
			console.Printable(after), console.Printable(before), strings.Join(names, ", "))}
	case diff.New.Unsure != nil:
		return fmt.Errorf("cannot say whether something came: %s: %s", console.Printable(after),
			*diff.New.Unsure)
	}
	return nil
}
