package policy

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/hint"
)

// Version is that of the file's format. It grows when an older reader would
// take a file for something else than it says.
const Version = 1

// The keys of the file.
const (
	keyVersion      = "cap_audit_policy"
	keyCapabilities = "capabilities"
)

// Schema is the JSON Schema (draft 2020-12) of a policy file.
//
//go:embed schema.json
var Schema []byte

// parseFile reads a file of ours. Every key is known and there once, since
// what a reader overlooks in a policy is a hole in it.
func parseFile(text string) (*Policy, error) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	var root yaml.Node
	if err := dec.Decode(&root); err == io.EOF {
		return nil, hint.Add(errors.New("is empty"), "to allow nothing, say so: --check none")
	} else if err != nil {
		return nil, fmt.Errorf("is neither a unit file nor a policy in YAML or JSON: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("has more than one document; a policy has one")
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("is neither a unit file nor a policy: a policy has the keys %s and %s",
			keyVersion, keyCapabilities)
	}
	keys, values := map[string]*yaml.Node{}, map[string]*yaml.Node{}
	for i := 0; i < len(top.Content); i += 2 {
		key := top.Content[i].Value
		if values[key] != nil {
			return nil, at(top.Content[i], "the key %s is there twice", escape(key))
		}
		keys[key], values[key] = top.Content[i], top.Content[i+1]
	}
	switch {
	case values[keyVersion] == nil && values["required_capabilities"] != nil:
		return nil, hint.Add(errors.New("is a report, not a policy"),
			"cap-audit --merge FILE --policy-out POLICY makes one of it")
	case values[keyVersion] == nil:
		return nil, fmt.Errorf("is no policy: it has no key %s", keyVersion)
	}
	var version int
	if err := values[keyVersion].Decode(&version); err != nil || version < 1 {
		return nil, at(values[keyVersion], "%s is %s, not a number from 1 on", keyVersion,
			escape(values[keyVersion].Value))
	}
	if version > Version {
		return nil, at(values[keyVersion], "is a policy of version %d; this cap-audit knows up to %d",
			version, Version)
	}
	for key, value := range values {
		if key != keyVersion && key != keyCapabilities {
			return nil, at(value, "the key %s is not known", escape(key))
		}
	}
	p, err := parseList(values[keyCapabilities])
	if err == nil {
		p.Line = keys[keyCapabilities].Line
	}
	return p, err
}

// allowNothing is the hint where there is no list.
const allowNothing = "to allow nothing, write " + keyCapabilities + ": []"

func parseList(list *yaml.Node) (*Policy, error) {
	if list == nil {
		return nil, hint.Add(fmt.Errorf("has no key %s", keyCapabilities), allowNothing)
	}
	if list.Kind != yaml.SequenceNode {
		return nil, hint.Add(at(list, "%s is not a list", keyCapabilities), allowNothing)
	}
	p := &Policy{Lines: map[int]int{}}
	for _, item := range list.Content {
		n, ok := capng.Number(item.Value)
		if item.Kind != yaml.ScalarNode || !ok {
			return nil, at(item, "%s is no capability", escape(item.Value))
		}
		p.Allowed |= 1 << n
		p.Lines[n] = item.Line
	}
	return p, nil
}

// at is an error with its place in the file.
func at(node *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", node.Line, fmt.Sprintf(format, args...))
}
