package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
)

// trees parses both forms of a document and brings them to the same types.
func trees(t testing.TB, d *Document) (fromJSON, fromYAML any) {
	t.Helper()
	var j, y bytes.Buffer
	if err := WriteJSON(&j, d); err != nil {
		t.Fatal(err)
	}
	if err := WriteYAML(&y, d); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*bytes.Buffer{"JSON": &j, "YAML": &y} {
		if !utf8.Valid(b.Bytes()) {
			t.Errorf("%s is not UTF-8", name)
		}
	}
	dec := json.NewDecoder(&j)
	dec.UseNumber()
	if err := dec.Decode(&fromJSON); err != nil {
		t.Fatalf("JSON: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Errorf("JSON has more than one document: %v", err)
	}
	ydec := yaml.NewDecoder(bytes.NewReader(y.Bytes()))
	if err := ydec.Decode(&fromYAML); err != nil {
		t.Fatalf("YAML: %v\n%s", err, y.Bytes())
	}
	if err := ydec.Decode(new(any)); err != io.EOF {
		t.Errorf("YAML has more than one document: %v", err)
	}
	return normal(fromJSON), normal(fromYAML)
}

type number string

func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = normal(value)
		}
		return v
	case []any:
		for i, value := range v {
			v[i] = normal(value)
		}
		return v
	case json.Number:
		return number(v)
	case int, int64, uint64, float64:
		return number(fmt.Sprint(v))
	}
	return v
}

func TestJSONAndYAMLCarryTheSameTree(t *testing.T) {
	for name, f := range examples {
		t.Run(name, func(t *testing.T) {
			j, y := trees(t, NewDocument(f))
			if diff := cmp.Diff(j, y); diff != "" {
				t.Errorf("- JSON, + YAML:\n%s", diff)
			}
		})
	}
}

// The order of keys is part of the contract.
func TestKeysInOrder(t *testing.T) {
	var b bytes.Buffer
	if err := WriteYAML(&b, NewDocument(examples["dropped"])); err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(b.Bytes(), &root); err != nil {
		t.Fatal(err)
	}
	var fromYAML []string
	for i := 0; i < len(root.Content[0].Content); i += 2 {
		fromYAML = append(fromYAML, root.Content[0].Content[i].Value)
	}
	want := []string{
		"application", "system_context", "capability_drop_observed", "successful_capset_calls",
		"required_capabilities", "capset_only_capabilities", "initialization_capabilities",
		"operational_capabilities", "denied_capabilities",
		"schema_version", "tool", "backend", "limits", "total_checks", "advisory_capabilities",
		"nested_capabilities", "programs", "tasks", "still_running", "missed_exits", "losses", "complete",
		"recommended_capabilities", "exit", "run_as", "verified", "proof", "target", "interim", "policy",
		"merged", "service", "test_failed", "unasked_capabilities", "new_privileges", "command",
		"outcomes", "ended_after_refusal", "watched_seconds", "serving", "without", "possible_capabilities",
		"file_capabilities", "ruled_out_capabilities", "coverage", "held", "at_least", "pod_security",
		"exposure", "logs_in",
	}
	if diff := cmp.Diff(want, fromYAML); diff != "" {
		t.Errorf("YAML: - want, + got:\n%s", diff)
	}

	b.Reset()
	if err := WriteJSON(&b, NewDocument(examples["dropped"])); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(&b)
	var fromJSON []string
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		fromJSON = append(fromJSON, key.(string))
		if err := dec.Decode(new(json.RawMessage)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, fromJSON); diff != "" {
		t.Errorf("JSON: - want, + got:\n%s", diff)
	}
}

// hostile has s wherever a string can come from outside, and as much as can
// be of everything else.
func hostile(s string) *audit.Findings {
	call := audit.Syscall{Number: 1, Name: s}
	sites := []audit.CallSite{{Function: s, Syscall: call, Advisory: s}, {Function: s, Syscall: call}}
	outcomes := []audit.SyscallOutcome{{Syscall: call, Class: audit.Success, Count: 1 << 63}}
	return &audit.Findings{
		Application: audit.Application{PID: 1, Path: s},
		System:      audit.SystemContext{KernelVersion: s},
		Backend:     s, BlindSpots: told(s, "lsm: "+s),
		Dropped:    true,
		Required:   []audit.Capability{{Number: 13, Syscall: call, CallSites: sites, FailedAnyway: outcomes}},
		CapsetOnly: []audit.CapsetOnly{{Number: 1, Effective: true}},
		Denied: []audit.Denied{{Number: 2, Syscalls: []audit.Syscall{call}, CallSites: sites,
			Outcomes: outcomes, Assessment: audit.AssessInconclusive}},
		Advisory: []audit.Advisory{{Number: 21, CallSites: sites}},
		Nested:   []audit.Nested{{Number: 22, CallSites: sites}},
		Programs: []audit.ProgramUse{{Index: 1, Path: s}, {Index: 2, Parent: 1, Path: s + s}},
		Bounds: &audit.Bounds{Programs: []audit.ProgramBounds{
			{Index: 1, Result: code(s, map[int][]reach.Operation{
				5: {{Call: s, Object: s, Function: s, Asks: s}},
				6: {{Call: s, Object: s, Function: s, Asks: s, Files: true}},
			})},
			{Index: 2, Failed: s},
		}},
	}
}

// Whatever is in the strings: valid documents, the same tree, strings that
// were UTF-8 unchanged, and nothing raw on the terminal.
func FuzzStrings(f *testing.F) {
	for _, seed := range []string{
		"", " ", "  x", "x  ", "\n", "\n x\n\n", "a\nb", "\t", "\r\n", "\xff", "a\xffb", "\u0085", "\u2028",
		"\ufeff", "\ufffe",
		"\x00", "\x1b[31m", "\u009b2J", "\u202e", "~", "null", "true", "yes", "1e3", "0x1f", "1:20",
		"2001-01-01", "<<", "=", "- a",
		"a: b", "#", "'", `"`, `\`, "{}", "[", "&a", "*a", "!!binary eA==", "%", "@", "`", "|", ">", "---",
		"...", "\U0001f600", "\U0010ffff",
		"é", "<script>&", "\x7f", "? ", ": ", "a #b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d := NewDocument(hostile(s))
		j, y := trees(t, d)
		if diff := cmp.Diff(j, y); diff != "" {
			t.Errorf("- JSON, + YAML:\n%s", diff)
		}
		if utf8.ValidString(s) {
			if got := j.(map[string]any)["backend"]; got != s {
				t.Errorf("backend = %q, want %q", got, s)
			}
		}
		var b bytes.Buffer
		if err := WriteText(&b, d, Page{Width: 80}); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && printable(string(r)) != string(r) {
				t.Errorf("the text report has a raw %U", r)
			}
		}
	})
}
