package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/hint"
)

// maxYAML is what of a document in YAML is read: its parser takes a hundred
// times the memory of the text.
const maxYAML = 1 << 20

// jsonFromYAML is the document as JSON. Reports have no anchors, so that
// aliases, which can stand for more than any memory holds, are refused.
func jsonFromYAML(raw []byte) ([]byte, error) {
	if len(raw) > maxYAML {
		return nil, hint.Add(fmt.Errorf("larger than the %d bytes that are read of YAML", maxYAML),
			"reports in JSON can be larger")
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var root yaml.Node
	if err := dec.Decode(&root); err != nil {
		return nil, fmt.Errorf("neither JSON nor YAML: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("something follows the document")
	}
	if root.Kind != yaml.DocumentNode || root.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a report: there are no keys")
	}
	var b bytes.Buffer
	c := yamlConverter{out: &b}
	if err := c.value(root.Content[0], 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type yamlConverter struct {
	out    *bytes.Buffer
	values int
}

func (c *yamlConverter) value(n *yaml.Node, depth int) error {
	if c.values++; c.values > maxValues {
		return fmt.Errorf("more than %d values, which no report has", maxValues)
	}
	if depth > maxDepth {
		return fmt.Errorf("more than %d levels deep, which no report is", maxDepth)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return c.mapping(n, depth)
	case yaml.SequenceNode:
		c.out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				c.out.WriteByte(',')
			}
			if err := c.value(item, depth+1); err != nil {
				return err
			}
		}
		c.out.WriteByte(']')
		return nil
	case yaml.ScalarNode:
		return c.scalar(n)
	}
	return fmt.Errorf("line %d: reports have no aliases", n.Line)
}

func (c *yamlConverter) mapping(n *yaml.Node, depth int) error {
	keys := make(map[string]bool, len(n.Content)/2)
	c.out.WriteByte('{')
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: the key is not a word", key.Line)
		}
		if keys[key.Value] {
			return fmt.Errorf("line %d: the key %s is there twice", key.Line, quoted(key.Value))
		}
		keys[key.Value] = true
		if i > 0 {
			c.out.WriteByte(',')
		}
		if name := []byte(key.Value); anotherKey(key.Value) {
			blot(name)
			c.json(string(name))
		} else {
			c.json(key.Value)
		}
		c.out.WriteByte(':')
		if err := c.value(n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	c.out.WriteByte('}')
	return nil
}

func (c *yamlConverter) scalar(n *yaml.Node) error {
	var value any
	switch n.ShortTag() {
	case "!!null":
	case "!!bool", "!!int":
		if err := n.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
	case "!!float":
		var f float64
		if err := n.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("line %d: %s is no number", n.Line, quoted(n.Value))
		}
		value = f
	default:
		value = n.Value
	}
	c.json(value)
	return nil
}

// json writes a scalar, which cannot fail.
func (c *yamlConverter) json(value any) {
	text, _ := json.Marshal(value)
	c.out.Write(text)
}
