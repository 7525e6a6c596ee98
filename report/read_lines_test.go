package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
)

// lineOf is a document as --format ndjson writes it.
func lineOf(t testing.TB, d *Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteNDJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A document is one line, whatever is in it, and the same tree as in JSON.
func TestNDJSON(t *testing.T) {
	documents := judged()
	documents["hostile"] = NewDocument(hostile("\x00\r\n\u2028\xff"))
	for name, f := range examples {
		documents[name] = NewDocument(f)
	}
	for name, d := range documents {
		line := lineOf(t, d)
		if strings.IndexAny(line, "\r\n\u2028") != len(line)-1 {
			t.Errorf("%s: more than a line: %.200q", name, line)
		}
		var whole bytes.Buffer
		if err := WriteJSON(&whole, d); err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(whole.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -json +ndjson:\n%s", name, diff)
		}
	}
}

// What reads a log line by line reads a document in each.
func TestLinesForJQ(t *testing.T) {
	cmd := exec.Command(machine.Program(t, "jq"), "--raw-input", "--compact-output",
		"fromjson | .recommended_capabilities")
	var lines, want strings.Builder
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		d := NewDocument(examples[name])
		lines.WriteString(lineOf(t, d))
		recommended, err := json.Marshal(d.Recommended)
		if err != nil {
			t.Fatal(err)
		}
		want.Write(append(recommended, '\n'))
	}
	cmd.Stdin = strings.NewReader(lines.String())
	if diff := cmp.Diff(want.String(), machine.Output(t, cmd)); diff != "" {
		t.Errorf("-recommended +jq:\n%s", diff)
	}
}

// One report in any format, or one a line, of which a damaged one costs no other.
func TestReadEach(t *testing.T) {
	line := strings.TrimSuffix(lineOf(t, NewDocument(examples["granted"])), "\n")
	var whole bytes.Buffer
	if err := WriteJSON(&whole, NewDocument(examples["granted"])); err != nil {
		t.Fatal(err)
	}
	var yaml bytes.Buffer
	if err := WriteYAML(&yaml, NewDocument(examples["granted"])); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text string
		want string
	}{
		"JSON":                   {whole.String(), "0 "},
		"YAML":                   {yaml.String(), "0 "},
		"a line":                 {line + "\n", "1 "},
		"a line without its end": {line, "1 "},
		"lines":                  {line + "\n\n \r\n" + line + "\r\n" + line, "1 4 5 "},
		"a damaged one":          {line + "\n" + line[:99] + "\n" + line + "\n", "1 !2 3 "},
		"another thing between":  {line + "\nI0101 started\n" + line, "1 !2 3 "},
		"a log": {"[*] Capability auditor started\n\n" + line + "\n[*] Analyzing results...\n" + line + "\n",
			"3 5 "},
		"a log of others":      {"started\n[*] x\n" + line + "\n[*] x\n" + line + "\n", "!0 "},
		"progress alone":       {"[*] x\n[*] y\n", "!0 "},
		"the first is damaged": {"{}\n" + line, "!1 2 "},
		"two JSON documents":   {whole.String() + whole.String(), "!0 "},
		"nothing":              {"", "!0 "},
		"too long":             {line + "\n" + strings.Repeat(" ", maxDocument+1), "1 !2 "},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			ReadEach(strings.NewReader(test.text), func(line int, f *audit.Findings, err error) {
				if (f == nil) == (err == nil) {
					t.Errorf("%v and %v", f, err)
				}
				if err != nil {
					got += "!"
				}
				got += fmt.Sprint(line, " ")
			})
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// What cannot be read further ends it.
func TestReadEachOfABrokenFile(t *testing.T) {
	line := lineOf(t, NewDocument(examples["granted"]))
	last := 0
	ReadEach(io.MultiReader(strings.NewReader(line), broken{}), func(line int, f *audit.Findings, err error) {
		if last = line; line == 2 && err != errFull {
			t.Errorf("%v, %v", f, err)
		}
	})
	if last != 2 {
		t.Errorf("the last was %d", last)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errFull }
