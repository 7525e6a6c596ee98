package report

import (
	"fmt"
	"io"

	"github.com/cap-audit/cap-audit/report/snippets"
)

// WriteSnippet writes how to grant the recommended set, as one of
// snippets.Kinds has it, and nothing else. What speaks against trusting it is
// in Doubts.
func WriteSnippet(w io.Writer, d *Document, kind string) error {
	text := snippets.Emit(kind, d.advice)
	if kind == "systemd" && d.UnitFile != nil {
		text = d.UnitFile.Block
	}
	if more := snippets.Possible(kind, d.advice); more != "" {
		text += "\n" + more
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
