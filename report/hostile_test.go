package report

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// steering does whatever a terminal can be made to do.
const steering = "x\x1b[2J\x1b]0;t\a\r\b\x7f\u009b\u202ey\nz"

// Whatever string of a report somebody wrote, nothing that comes of it steers a
// terminal.
func TestHostileReports(t *testing.T) {
	documents := judged()
	for name, f := range examples {
		documents[name] = NewDocument(f)
	}
	accepted := 0
	for name, d := range documents {
		var b bytes.Buffer
		if err := WriteJSON(&b, d); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			raw, path := replaceString(t, b.Bytes(), i)
			if path == "" {
				break
			}
			f, err := Read(bytes.NewReader(raw))
			if err != nil {
				continue // it has to be the name of a capability, say
			}
			accepted++
			for what, text := range renderings(t, f) {
				safe(t, name+path, what, text)
			}
			union := audit.NewUnion()
			union.Add(steering, f)
			for what, text := range renderings(t, union.Findings()) {
				safe(t, name+path+", merged", what, text)
			}
		}
	}
	if accepted < 200 {
		t.Errorf("only %d strings were looked at", accepted)
	}
}

// renderings are all that people read of findings.
func renderings(t *testing.T, f *audit.Findings) map[string]string {
	t.Helper()
	d := NewDocument(f)
	d.Judge(steering, f.Fit(1<<25), true)
	diff := NewDifference(steering, &audit.Findings{}, steering, f)
	back := NewDifference(steering, f, steering, &audit.Findings{})
	ours := NewDifference(steering, examples["objects"], steering, f)
	written := map[string]string{}
	for what, write := range map[string]func(io.Writer) error{
		"text":       func(w io.Writer) error { return WriteText(w, d, Page{Width: 80}) },
		"junit":      func(w io.Writer) error { return WriteJUnit(w, d) },
		"prometheus": func(w io.Writer) error { return WritePrometheus(w, d) },
		"markdown":   func(w io.Writer) error { return WriteMarkdown(w, d) },
		"html":       func(w io.Writer) error { return WriteHTML(w, d) },
		"sarif":      func(w io.Writer) error { return WriteSARIF(w, d) },
		"github":     func(w io.Writer) error { return WriteGitHub(w, d) },
		"gitlab":     func(w io.Writer) error { return WriteGitLab(w, d) },
		"came":       diff.WriteText,
		"went":       back.WriteText,
		"objects":    ours.WriteText,
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		written[what] = b.String()
	}
	for _, kind := range snippets.Kinds {
		var b strings.Builder
		if err := WriteSnippet(&b, d, kind); err != nil {
			t.Fatal(err)
		}
		written[kind] = strings.ReplaceAll(b.String(), "\t", "") // code in Go is indented with them
	}
	lines := append(d.Doubts(), d.Policy.Summary())
	for _, v := range d.Violations() {
		lines = append(lines, v.String())
	}
	written["lines on standard error"] = strings.Join(lines, "\n")
	return written
}

func safe(t *testing.T, where, what, text string) {
	t.Helper()
	if strings.Contains(text, "y\nz") {
		t.Errorf("%s: %s has a line of the report's", where, what)
	}
	for _, r := range text {
		if r != '\n' && !strconv.IsPrint(r) {
			t.Errorf("%s: %s has a %U", where, what, r)
			return
		}
	}
}

// replaceString puts steering in the place of the string number n of a document,
// and says where that was, "" if there are fewer. "Used by x" stays a reason.
func replaceString(t *testing.T, raw []byte, n int) ([]byte, string) {
	t.Helper()
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	found := ""
	var walk func(node any, path string) any
	walk = func(node any, path string) any {
		switch node := node.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(node)) {
				node[key] = walk(node[key], path+"."+key)
			}
		case []any:
			for i, child := range node {
				node[i] = walk(child, path+"."+strconv.Itoa(i))
			}
		case string:
			n--
			if n == -1 {
				found = path
				if strings.HasPrefix(node, "Used by ") {
					return "Used by " + steering
				}
				return steering
			}
		}
		return node
	}
	tree = walk(tree, "")
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return raw, found
}
