package report

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cap-audit/cap-audit/capng"
)

// located are documents with a verdict that know where the policy stands, among them one whose every
// string is hostile.
func located(t *testing.T) map[string]*Document {
	t.Helper()
	needNames(t)
	documents := judged()
	f := hostile("%,:\r\n::error::x [a](http://b) {0} }\x1b\xff\ufffe\u2028")
	evil := NewDocument(f)
	evil.Judge(steering, f.Fit(1<<13), true)
	documents["hostile"] = evil
	for name, d := range documents {
		if d.Policy == nil {
			delete(documents, name)
			continue
		}
		lines := map[string]int{}
		for i, name := range d.Policy.Allowed {
			lines[name] = i + 3
		}
		d.Locate(Place{"a dir/100%, all: é.yaml", 2, lines})
	}
	return documents
}

// line is where a capability stands in the policies of located.
func line(d *Document, name string) int {
	if i := slices.Index(d.Policy.Allowed, name); i >= 0 {
		return i + 3
	}
	return 2
}

// Each violation is a remark at its line, and what nobody knows is an error as well.
func TestRemarks(t *testing.T) {
	for name, d := range located(t) {
		var want, got []string
		for _, v := range d.Violations() {
			want = append(want, v.Capability+" "+strconv.Itoa(line(d, v.Capability)))
		}
		if d.Policy.Unsure != nil {
			want = append(want, " 2")
		}
		seen := map[string]bool{}
		for _, r := range d.remarks() {
			if r.level == levelError {
				got = append(got, r.capability+" "+strconv.Itoa(r.line))
			}
			if seen[d.fingerprint(r)] {
				t.Errorf("%s: the fingerprint of %q is there twice", name, r.title)
			}
			seen[d.fingerprint(r)] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, -violations +errors:\n%s", name, diff)
		}
	}
}

func TestGoldensOfRemarks(t *testing.T) {
	d := located(t)["policy-failed"]
	for form, write := range map[string]func(io.Writer, *Document) error{"sarif": WriteSARIF,
		"github": WriteGitHub, "gitlab": WriteGitLab} {
		golden(t, "policy-failed."+form, func(w io.Writer) error { return write(w, d) })
		if err := write(full{}, d); err != errFull {
			t.Errorf("%s to a full disk: %v", form, err)
		}
	}
}

// A policy that says too much, or too little, is noted, and is no error.
func TestNotes(t *testing.T) {
	needNames(t)
	f := examples["not-exercised"]
	d := NewDocument(f)
	d.Judge("p", f.Fit(f.Recommended()|1<<25), false)
	d.Locate(Place{"p", 1, map[string]int{"sys_time": 9}})
	var got []string
	for _, r := range d.remarks() {
		got = append(got, r.id+" "+strconv.Itoa(r.line))
		if r.level != levelNote {
			t.Errorf("%+v", r)
		}
	}
	if diff := cmp.Diff([]string{"ruled-out 9", "possible 1"}, got); diff != "" || !d.Policy.Met {
		t.Error(diff)
	}
}

// The log is as the standard has it, and the results are the remarks.
func TestSARIF(t *testing.T) {
	s := sarifSchemaOf(t)
	for name, d := range located(t) {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteSARIF(&b, d); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Error(err)
			}
			var log sarifLog
			if err := json.Unmarshal(b.Bytes(), &log); err != nil {
				t.Fatal(err)
			}
			run := log.Runs[0]
			if len(run.Results) != len(d.remarks()) || run.Invocations[0].Successful != d.Policy.Sure {
				t.Errorf("%d results of %d remarks, %+v", len(run.Results), len(d.remarks()), run.Invocations)
			}
			for i, r := range d.remarks() {
				result := run.Results[i]
				place := result.Locations[0].Physical
				uri, err := url.Parse(place.Artifact.URI)
				if err != nil || uri.Path != d.Policy.place.File || uri.IsAbs() {
					t.Errorf("%q, %v", place.Artifact.URI, err)
				}
				if run.Tool.Driver.Rules[result.RuleIndex].ID != r.id || result.RuleID != r.id ||
					place.Region.StartLine != r.line {
					t.Errorf("%+v of %+v", result, r)
				}
				if regexp.MustCompile(`\]\(|(^|[^{]){\d`).MatchString(result.Message.Text) {
					t.Errorf("a link or a placeholder: %q", result.Message.Text)
				}
			}
		})
	}
}

func TestFileURI(t *testing.T) {
	for file, want := range map[string]string{
		"caps.yaml": "caps.yaml", "a b/c#d?e": "a%20b/c%23d%3Fe", "a:b": "./a:b", "\xff": "%FF",
		"/etc/x y": "file:///etc/x%20y",
	} {
		if got := fileURI(file); got != want {
			t.Errorf("%q: %s, want %s", file, got, want)
		}
	}
}

// A schema that took anything would take ours.
func TestSARIFSchemaRefuses(t *testing.T) {
	s := sarifSchemaOf(t)
	for name, text := range map[string]string{
		"no tool":           `{"version": "2.1.0", "runs": [{}]}`,
		"no message":        `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{}]}]}`,
		"another version":   `{"version": "2.0.0", "runs": []}`,
		"a key of nobody's": `{"version": "2.1.0", "runs": [], "x": 1}`,
	} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("it takes %s", name)
		}
	}
}

func sarifSchemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-2.1.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The runner finds a command in each line, at the line of the policy, and no other.
func TestGitHub(t *testing.T) {
	for name, d := range located(t) {
		var b strings.Builder
		if err := WriteGitHub(&b, d); err != nil {
			t.Fatal(err)
		}
		var want []map[string]string
		for _, r := range d.remarks() {
			want = append(want, map[string]string{
				"": strings.Join(append([]string{r.title}, r.more...), "\n"), "file": d.Policy.place.File,
				"line": strconv.Itoa(r.line), "title": "cap-audit: " + d.subject(),
				"command": map[level]string{levelError: "error", levelNote: "notice"}[r.level],
			})
		}
		var got []map[string]string
		for text := range strings.Lines(b.String()) {
			got = append(got, githubCommand(t, strings.TrimSuffix(text, "\n")))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -remarks +commands:\n%s", name, diff)
		}
	}
	d := judged()["policy-failed"] // by a list on the command line
	var b strings.Builder
	if err := WriteGitHub(&b, d); err != nil || strings.Contains(b.String(), "file=") {
		t.Errorf("%v, %s", err, b.String())
	}
}

// githubCommand reads a line as the runner does (actions/runner, ActionCommand.cs, TryParseV2).
func githubCommand(t *testing.T, line string) map[string]string {
	t.Helper()
	head, message, found := strings.Cut(strings.TrimPrefix(line, "::"), "::")
	command, properties, _ := strings.Cut(head, " ")
	if !found || !strings.HasPrefix(line, "::") {
		t.Fatalf("no command: %q", line)
	}
	back := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	parts := map[string]string{"command": command, "": back.Replace(message)}
	back = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	for property := range strings.SplitSeq(properties, ",") {
		key, value, _ := strings.Cut(property, "=")
		parts[key] = back.Replace(value)
	}
	return parts
}

// GitLab wants these keys of each entry, and shows one of those with the same fingerprint.
func TestGitLab(t *testing.T) {
	for name, d := range located(t) {
		var b bytes.Buffer
		if err := WriteGitLab(&b, d); err != nil {
			t.Fatal(err)
		}
		var got []gitlabIssue
		dec := json.NewDecoder(&b)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		prints := map[string]bool{}
		for i, r := range d.remarks() {
			issue := got[i]
			prints[issue.Fingerprint] = true
			if !strings.Contains(issue.Description, r.title) || issue.CheckName != "cap-audit/"+r.id ||
				issue.Location.Path != d.Policy.place.File || issue.Location.Lines.Begin != r.line ||
				!slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, issue.Severity) {
				t.Errorf("%s: %+v of %+v", name, issue, r)
			}
		}
		if len(got) != len(d.remarks()) || len(prints) != len(got) {
			t.Errorf("%s: %d entries with %d fingerprints of %d remarks", name, len(got), len(prints),
				len(d.remarks()))
		}
	}
}

// Nothing to say is a list without entries, not null, and no line.
func TestRemarksOfNothing(t *testing.T) {
	f := examples["granted"]
	d := NewDocument(f)
	d.Judge("p", f.Fit(f.Recommended()), true)
	d.Locate(Place{"p", 1, map[string]int{capng.Name(13): 1}})
	var github, gitlab, sarif strings.Builder
	if err := WriteGitHub(&github, d); err != nil || github.Len() > 0 {
		t.Errorf("%v, %s", err, github.String())
	}
	if err := WriteGitLab(&gitlab, d); err != nil || gitlab.String() != "[]\n" {
		t.Errorf("%v, %s", err, gitlab.String())
	}
	if err := WriteSARIF(&sarif, d); err != nil || !strings.Contains(sarif.String(), `"results": []`) {
		t.Errorf("%v, %s", err, sarif.String())
	}
}
