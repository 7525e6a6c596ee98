package report

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/lazy"
)

// WriteYAML writes the document as one YAML document: the tree that WriteJSON
// writes, because it is made from that. Its error is w's.
func WriteYAML(w io.Writer, d *Document) error { return writeYAML(w, d) }

func writeYAML(w io.Writer, tree any) error {
	var b bytes.Buffer
	if err := writeJSON(&b, tree); err != nil {
		return err
	}
	dec := json.NewDecoder(&b)
	dec.UseNumber()
	root, err := yamlNode(dec)
	if err != nil {
		return err
	}
	// by way of a buffer: the encoder hides w's error behind its own
	var y bytes.Buffer
	enc := yaml.NewEncoder(&y)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err = w.Write(y.Bytes())
	return err
}

// yamlNode reads the next JSON value as a YAML node. The YAML encoder would
// take the Document itself, but it writes some strings in a form that its own
// decoder reads as other strings ("\n" as "", for one).
func yamlNode(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		return yamlCollection(dec, v)
	case string:
		return yamlString(v), nil
	case json.Number:
		return yamlNumber(v.String()), nil
	case bool:
		value := "false"
		if v {
			value = "true"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: value}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

func yamlNumber(s string) *yaml.Node {
	tag := "!!int"
	if strings.Contains(s, ".") { // the document has none with an exponent
		tag = "!!float"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s}
}

// plain are the strings that need no quotes: words of letters and what paths and
// sentences are made of, with nothing in them that YAML gives a meaning to.
var plain = lazy.Regexp(`^[A-Za-z/][A-Za-z0-9_./+@%()-]*( [A-Za-z0-9_./+@%()-]+)*$`)

// reserved are the words that readers of YAML 1.1 take for a truth value or for nothing, in whatever case.
var reserved = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// yamlString puts in quotes what is not plain: readers of YAML 1.1 and 1.2 do not
// agree which bare words are strings.
func yamlString(s string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if !plain().MatchString(s) || slices.Contains(reserved, strings.ToLower(s)) {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}

// yamlCollection reads what follows a { or [ up to its end.
func yamlCollection(dec *json.Decoder, open json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	if open == '{' {
		node.Kind = yaml.MappingNode
	}
	for dec.More() {
		child, err := yamlNode(dec)
		if err != nil {
			return nil, err
		}
		if node.Kind == yaml.MappingNode && len(node.Content)%2 == 0 {
			child.Style = 0 // a key, and those are words of ours
		}
		node.Content = append(node.Content, child)
	}
	_, err := dec.Token() // the end
	return node, err
}
