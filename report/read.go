package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/hint"
)

// Bounds of what Read takes, far beyond any report that an audit can write:
// files come from anywhere, and 100,000 of them are read in a row.
const (
	maxDocument = 64 << 20  // bytes
	maxValues   = 200_000   // objects, lists and what is in them, but for
	maxInside   = 2_000_000 // what is inside of programs and stacks, which are many, and long
	maxDepth    = 32
	maxCall     = 64       // bytes of a system call's name and its ABI's
	maxWord     = 512      // bytes of a function, a system call, a version
	maxPath     = 4 * 4096 // bytes of a path, each of which can be escaped
)

// progress begins the lines in which cap-audit says what it does.
const progress = "[*] "

// Read reads a report that was written before, as JSON or YAML, by this
// version, a newer or an older one, or by the C cap-audit, whose documents end
// with denied_capabilities. Keys that it does not know are passed over. The
// error says what is wrong with the document.
func Read(r io.Reader) (*audit.Findings, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxDocument {
		return nil, fmt.Errorf("larger than %d bytes, which no report is", maxDocument)
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("not UTF-8")
	}
	// The C cap-audit has its progress on the same stream as its document.
	if at := bytes.LastIndex(raw, []byte(progress)); at == 0 || at > 0 && raw[at-1] == '\n' {
		if bytes.Contains(raw[:at], []byte("\n"+`{"application":`)) {
			return nil, hint.Add(errors.New("more than one report, and other lines between"),
				"leave the reports alone in it")
		}
		_, raw, _ = bytes.Cut(raw[at:], []byte("\n"))
	}
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return nil, errors.New("empty")
	case raw[0] != '{':
		if raw, err = jsonFromYAML(raw); err != nil {
			return nil, err
		}
	default:
		if err := checkJSON(raw); err != nil {
			return nil, err
		}
	}
	d := earlier{}
	d.SystemContext = unreadSettings
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, explainJSON(err)
	}
	return d.findings()
}

// earlier is a Document as it is read: the lists that make it a report, and
// the keys that the C cap-audit does not have, are told apart from absent ones.
type earlier struct {
	Document
	Recommended *[]string     `json:"recommended_capabilities"`
	Complete    *bool         `json:"complete"`
	Exit        *Exit         `json:"exit"`
	Required    *[]Capability `json:"required_capabilities"`
	Application *Application  `json:"application"`
}

func explainJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%s is a %s where the report has %s", wrong.Field, wrong.Value, wrong.Type)
	case strings.Contains(err.Error(), "unexpected end"):
		return errors.New("it ends in the middle")
	case strings.Contains(err.Error(), "after top-level value"):
		return errors.New("something follows the document")
	}
	return fmt.Errorf("not JSON: %w", err)
}

// checkJSON refuses what encoding/json would take: keys that are there twice,
// and more or deeper than a report has; a key that only looks like one of a
// report's is blotted out. Syntax is left to that.
func checkJSON(raw []byte) error {
	var open []collection
	var n size
	for i := 0; i < len(raw); i++ {
		var top *collection
		if len(open) > 0 {
			top = &open[len(open)-1]
		}
		switch raw[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return fmt.Errorf("more than %d levels deep, which no report is", maxDepth)
			}
			n.add(top)
			open = append(open, top.within(raw[i] == '{', len(open) == 1))
		case '}', ']':
			if top != nil {
				open = open[:len(open)-1]
			}
		case ',':
			n.add(top)
			if top != nil {
				top.key = top.keys != nil
			}
		case '"':
			end := i + 1
			for end < len(raw) && raw[end] != '"' {
				if raw[end] == '\\' {
					end++
				}
				end++
			}
			if top != nil && top.key && end < len(raw) {
				var err error
				if top.last, err = checkKey(raw[i:end+1], top.keys); err != nil {
					return err
				}
				top.key = false
			}
			i = end
		}
		if n.values > maxValues || n.inside > maxInside {
			return fmt.Errorf("more than %d values, or %d in programs and stacks, which no report has",
				maxValues, maxInside)
		}
	}
	return nil
}

// collection is an object or a list that is open.
type collection struct {
	keys   map[string]bool // nil for a list
	key    bool            // a key comes next
	last   string          // the key before
	long   bool            // it is the document's list of programs, or one of stacks
	inside bool            // it is inside of that
}

// within is a collection that begins in this one, nil for none; top tells whether this
// one is the document.
func (c *collection) within(object, top bool) collection {
	begun := collection{}
	if object {
		begun.keys, begun.key = map[string]bool{}, true
	}
	if c != nil {
		begun.long = top && c.last == "programs" || c.last == "stacks"
		begun.inside = c.inside || c.long
	}
	return begun
}

// size counts what is in a document.
type size struct{ values, inside int }

func (n *size) add(to *collection) {
	if to != nil && to.inside {
		n.inside++
	} else {
		n.values++
	}
}

// checkKey looks at a key, with its quotes, of an object with those before it.
func checkKey(raw []byte, before map[string]bool) (string, error) {
	key := string(raw[1 : len(raw)-1])
	if strings.Contains(key, `\`) && json.Unmarshal(raw, &key) != nil {
		return "", errors.New("not JSON: a key has an escape that is none")
	}
	if before[key] {
		return "", fmt.Errorf("the key %s is there twice", quoted(key))
	}
	before[key] = true
	if anotherKey(key) {
		blot(raw[1 : len(raw)-1])
	}
	return key, nil
}

// blot makes a key of a document one that no reader knows.
func blot(key []byte) {
	for i := range key {
		key[i] = '-'
	}
}

// quoted is a short form of a word of the file.
func quoted(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "..."
	}
	return fmt.Sprintf("%q", s)
}
