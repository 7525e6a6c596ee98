package report

import (
	"bytes"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// WriteYAML writes the document as one YAML document: the tree that WriteJSON
// writes. Its error is w's.
func WriteYAML(w io.Writer, d *Document) error {
	var root yaml.Node
	if err := root.Encode(d); err != nil {
		return err
	}
	quote(&root)
	// by way of a buffer: the encoder hides w's error behind its own
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// quote puts every unusual string between double quotes. Left to itself the
// encoder writes some as block scalars, in which spaces and line breaks at the
// edges depend on the reader.
func quote(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && strings.ContainsFunc(n.Value, unusual) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		quote(child)
	}
}

func unusual(r rune) bool { return r < ' ' || r > '~' }
