package report

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the document as one JSON object. Its error is w's.
func WriteJSON(w io.Writer, d *Document) error { return writeJSON(w, d) }

// WriteNDJSON writes it as one line, for what reads lines. Its error is w's.
func WriteNDJSON(w io.Writer, d *Document) error { return writeLine(w, d) }

func writeLine(w io.Writer, tree any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(tree)
}

func writeJSON(w io.Writer, tree any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // a path may have an & and is no web page
	return enc.Encode(tree)
}
