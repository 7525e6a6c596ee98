package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
)

// judged are documents with a verdict, and unions.
func judged() map[string]*Document {
	union := audit.NewUnion()
	for _, name := range []string{"denied", "dropped", "granted", "incomplete"} {
		union.Add(name+".json", examples[name])
	}
	merged := union.Findings()
	differs := &audit.Findings{
		Application: app("/usr/sbin/daemon"), System: host, Backend: "fentry", TotalChecks: 3, Tasks: 2,
		Required: []audit.Capability{{Number: 0, Tally: granted(1), Syscall: sysChown,
			CallSites: []audit.CallSite{site("chown_common", sysChown, 1)}}},
		Denied: []audit.Denied{{
			Number: 13, Checks: 2, Syscalls: []audit.Syscall{sysSocket},
			Assessment: audit.AssessPermissionFailure,
			CallSites:  []audit.CallSite{site("inet_create", sysSocket, 2)},
			Outcomes:   []audit.SyscallOutcome{failed(sysSocket, audit.PermissionFailure, -1, 2)},
		}},
		Programs: []audit.ProgramUse{
			{Index: 1, Path: "/usr/sbin/daemon", StandsFor: 1, Processes: 1, Refused: []int{13}},
			{Index: 2, Path: "/usr/lib/daemon/helper", StandsFor: 1, Parent: 1, Processes: 1,
				Needs: []int{0}},
		},
	}
	document := func(f *audit.Findings, allowed uint64, unused bool) *Document {
		d := NewDocument(f)
		d.Tool.Version = "1.2.3"
		d.Judge("the.policy", f.Fit(allowed), unused)
		return d
	}
	whole := NewDocument(merged)
	whole.Tool.Version = "1.2.3"
	return map[string]*Document{
		"policy-met":      document(examples["granted"], examples["granted"].Recommended(), true),
		"policy-failed":   document(differs, 1<<13|1<<25, true),
		"policy-possible": document(examples["not-exercised"], 1<<6|1<<7|1<<25, true),
		"policy-unsure":   document(examples["incomplete"], 1<<41-1, false),
		"policy-merged":   document(merged, 1<<25, false),
		"merged":          whole,
	}
}

// All forms of documents with a verdict and of unions.
func TestGoldensOfJudgedDocuments(t *testing.T) {
	needNames(t)
	for name, d := range judged() {
		for form, write := range map[string]func(io.Writer, *Document) error{
			"txt":  func(w io.Writer, d *Document) error { return WriteText(w, d, Page{Width: 80}) },
			"json": WriteJSON,
			"xml":  WriteJUnit, "prom": WritePrometheus, "md": WriteMarkdown,
		} {
			if (form == "txt" || form == "json") && name != "merged" && name != "policy-failed" {
				continue // as above, with other numbers
			}
			golden(t, name+"."+form, func(w io.Writer) error { return write(w, d) })
		}
	}
}

func TestSchemaDescribesJudgedDocuments(t *testing.T) {
	s := schema(t)
	for name, d := range judged() {
		t.Run(name, func(t *testing.T) { validate(t, s, d) })
	}
}

// A test report is what its readers take: counts that add up, one test for each
// name, at most one of failure, error and skipped in it.
func TestJUnit(t *testing.T) {
	documents := judged()
	for name, f := range examples {
		documents[name] = NewDocument(f)
	}
	documents["hostile"] = NewDocument(hostile("\x00\x1b[31m]]>&<\"\xff\ufffe\u2028"))
	for name, d := range documents {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteJUnit(&b, d); err != nil {
				t.Fatal(err)
			}
			readJUnit(t, b.Bytes())
		})
	}
	if got := readJUnit(t, SkippedJUnit("/usr/bin/x\x1b", "no <privileges>")); got.Suites[0].Skipped != 1 ||
		got.Tests != 1 {
		t.Errorf("%+v", got)
	}
}

func readJUnit(t *testing.T, text []byte) junitSuites {
	t.Helper()
	var got junitSuites
	dec := xml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	tests, failures, errors, skipped := 0, 0, 0, 0
	names := map[string]bool{}
	for _, c := range got.Suites[0].Cases {
		tests++
		outcomes := 0
		for counter, there := range map[*int]bool{&failures: c.Failure != nil, &errors: c.Error != nil,
			&skipped: c.Skipped != nil} {
			if there {
				*counter++
				outcomes++
			}
		}
		if names[c.Name] || c.Name == "" || c.Class == "" || outcomes > 1 {
			t.Errorf("%+v", c)
		}
		names[c.Name] = true
	}
	s := got.Suites[0]
	if diff := cmp.Diff([]int{tests, failures, errors, skipped},
		[]int{s.Tests, s.Failures, s.Errors, s.Skipped}); diff != "" || got.Tests != tests ||
		got.Failures != failures || got.Errors != errors {
		t.Errorf("tests, failures, errors, skipped, -counted +said:\n%s", diff)
	}
	cmd := exec.Command(machine.Program(t, "xmllint"), "--noout", "-")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v: %s", err, out)
	}
	return got
}

// What the policy does not allow fails the test of that name.
func TestJUnitOfAPolicy(t *testing.T) {
	d := judged()["policy-failed"]
	var b bytes.Buffer
	if err := WriteJUnit(&b, d); err != nil {
		t.Fatal(err)
	}
	failed := []string{}
	for _, c := range readJUnit(t, b.Bytes()).Suites[0].Cases {
		if c.Failure != nil {
			failed = append(failed, c.Name)
		}
	}
	want := []string{}
	for _, v := range d.Violations() {
		want = append(want, v.Capability)
	}
	if diff := cmp.Diff(want, failed); diff != "" || len(want) == 0 {
		t.Errorf("-violations +failures:\n%s", diff)
	}
}

// Prometheus itself takes the metrics, and has nothing to say about their names.
func TestPrometheus(t *testing.T) {
	promtool := machine.Program(t, "promtool")
	documents := judged()
	for name, f := range examples {
		documents[name] = NewDocument(f)
	}
	documents["hostile"] = NewDocument(hostile("\x00\x1b]]>\\&<\"\n\xff\ufffe"))
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WritePrometheus(&b, documents[name]); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if !strings.Contains(text, "\ncap_audit_complete{") || !utf8.ValidString(text) {
				t.Errorf("%s", text)
			}
			cmd := exec.Command(promtool, "check", "metrics")
			cmd.Stdin = &b
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("promtool: %v: %s\n%s", err, out, text)
			}
		})
	}
}

// Metrics tell what one is about from the next: node exporters refuse to have the same twice.
func TestLabels(t *testing.T) {
	for name, want := range map[string]string{
		"container": `application="web",container="web"`,
		"container-of-a-pod": `application="app",namespace="default",pod="web-0",container="app",` +
			`cgroup="/kubepods/pod0-1/0123456789ab"`,
		"pod":      `application="default/web-0",namespace="default",pod="web-0"`,
		"verified": `application="/usr/bin/chown"`,
	} {
		var b strings.Builder
		if err := WritePrometheus(&b, NewDocument(examples[name])); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "cap_audit_complete{"+want+"} ") {
			t.Errorf("%s: no {%s} in\n%s", name, want, b.String())
		}
	}
}

func TestWriteErrorsOfOtherFormats(t *testing.T) {
	d := judged()["policy-failed"]
	for name, write := range map[string]func(io.Writer, *Document) error{"junit": WriteJUnit,
		"prometheus": WritePrometheus, "markdown": WriteMarkdown, "html": WriteHTML} {
		if err := write(full{}, d); err != errFull {
			t.Errorf("%s to a full disk: %v", name, err)
		}
	}
}
