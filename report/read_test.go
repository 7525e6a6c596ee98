package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cap-audit/cap-audit/audit"
)

// What was written can be read, and written again as it was.
func TestReadWhatWasWritten(t *testing.T) {
	for name, f := range examples {
		for form, write := range map[string]func(io.Writer, *Document) error{"json": WriteJSON,
			"yaml": WriteYAML} {
			t.Run(name+"."+form, func(t *testing.T) {
				d := NewDocument(f)
				var b bytes.Buffer
				if err := write(&b, d); err != nil {
					t.Fatal(err)
				}
				got, err := Read(&b)
				if err != nil {
					t.Fatal(err)
				}
				again := NewDocument(got)
				// what repetitions showed is of one run and on one machine
				d.Proof, d.Verified = nil, nil
				// a unit's settings are judged with the run that they were in force in
				d.UnitFile = nil
				// how it ended, and when it did what, is of one run
				d.RefusedEnd, d.Lasted, d.Serving = nil, nil, nil
				if diff := cmp.Diff(d, again, cmpopts.IgnoreUnexported(Document{}, SystemContext{},
					Capability{}), cmpopts.IgnoreTypes(Times{}), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("- written, + read and written again:\n%s", diff)
				}
			})
		}
	}
}

// fromC is a document as the C cap-audit's users have it: with its progress
// before it, nothing after denied_capabilities, and lists that are null in YAML.
const fromC = `[*] Capability auditor started
[*] Tracing application: /usr/bin/ping (PID 77)
PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.
[*] Analyzing results...

application:
  pid: 77
  comm: /usr/bin/ping
system_context:
  kernel_version: 6.1.0-42-amd64
  yama_ptrace_scope: 0
  kptr_restrict: -1
capability_drop_observed: false
successful_capset_calls: 1
required_capabilities:
  - number: 13
    name: net_raw
    checks:
      total: 2
      granted: 2
      denied: 0
    reason: "Used by socket"
capset_only_capabilities:
  - number: 12
    name: net_admin
    requested_sets: [permitted]
denied_capabilities:
`

func TestReadOfTheCOriginal(t *testing.T) {
	f, err := Read(strings.NewReader(fromC))
	if err != nil {
		t.Fatal(err)
	}
	d := NewDocument(f)
	if !f.Untold || d.Complete {
		t.Errorf("untold %t, complete %t: that document cannot say that it is complete", f.Untold, d.Complete)
	}
	if diff := cmp.Diff([]string{"net_admin", "net_raw"}, d.Recommended); diff != "" {
		t.Errorf("recommended (-want +got):\n%s", diff)
	}
	if len(d.Required) != 1 || d.Required[0].Reason != "Used by socket" || d.TotalChecks != 2 {
		t.Errorf("%+v, %d checks", d.Required, d.TotalChecks)
	}
	if got := f.System.Sysctls["dmesg_restrict"]; got != -1 {
		t.Errorf("a setting that is not there is %d", got)
	}
}

// A start that was cut short has no key of its own: the document says only that
// it is not complete, and no union of it is.
func TestReadOfAStartThatWasCutShort(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, NewDocument(&audit.Findings{
		Application: app("/usr/sbin/daemon"),
		Subject:     audit.Subject{Kind: audit.SubjectUnit, CutShort: "it was killed"},
	})); err != nil {
		t.Fatal(err)
	}
	read, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	u := audit.NewUnion()
	u.Add("cut-short.json", read)
	if again, union := NewDocument(read), NewDocument(u.Findings()); again.Complete || union.Complete {
		t.Errorf("complete: %t once read, %t in a union", again.Complete, union.Complete)
	}
}

func TestReadRefuses(t *testing.T) {
	with := func(rest string) string {
		return `{"application":{"pid":1,"comm":"x"},"required_capabilities":[]` + rest + `}`
	}
	code := func(operations, ruledOut string) string {
		return `,"coverage":{},"file_capabilities":[],"ruled_out_capabilities":` + ruledOut +
			`,"possible_capabilities":[{"number":5,"name":"kill","operations":` + operations + `}]`
	}
	for name, test := range map[string]struct{ text, says string }{
		"nothing":     {"", "empty"},
		"blanks":      {" \n\n", "empty"},
		"half of one": {with("")[:40], "in the middle"},
		"two":         {with("") + with(""), "follows"},
		"two in YAML": {"application: {}\n---\nx: y\n", "follows"},
		"a list":      {"[1]", "no keys"},
		"a word":      {"hello", "no keys"},
		"text":        {"==========\nCAPABILITY ANALYSIS FOR: x (PID 1)\n=====\n", "YAML"},
		"other JSON":  {`{"a":1}`, "not a report"},
		"not UTF-8":   {with("")[:1] + "\xff", "UTF-8"},
		"a key twice": {with(`,"tasks":1,"tasks":2`), `"tasks" is there twice`},
		"a key twice in YAML": {"application: {}\napplication: {}\n",
			`line 2: the key "application" is there twice`},
		"a contradiction": {`{"application":{"pid":1,"comm":"x"},"recommended_capabilities":[],` +
			`"required_capabilities":[{"number":0,"name":"chown"}]}`, "chown is required and not recommended"},
		"two classes":       {with(code(`[]`, `["kill"]`)), "kill is of two classes"},
		"an answer":         {with(code(`[{"made":"maybe"}]`, `[]`)), "maybe"},
		"wrong type":        {with(`,"tasks":"1"`), "tasks"},
		"wrong type below":  {with(`,"denied_capabilities":[{"number":"x"}]`), "denied_capabilities.number"},
		"object for a list": {with(`,"denied_capabilities":{}`), "denied_capabilities"},
		"negative count":    {with(`,"total_checks":-1`), "total_checks"},
		"negative tasks":    {with(`,"still_running":-1`), "still_running"},
		"count too high":    {with(`,"total_checks":18446744073709551616`), "total_checks"},
		"fraction":          {with(`,"total_checks":1.5`), "total_checks"},
		"NaN":               {with(`,"total_checks":NaN`), "JSON"},
		"NaN in YAML":       {"application: {pid: .nan}\n", "no number"},
		"infinity in YAML":  {"application: {pid: .inf}\n", "no number"},
		"capability 64":     {with(`,"denied_capabilities":[{"number":64,"name":"x"}]`), "64"},
		"capability -1":     {with(`,"denied_capabilities":[{"number":-1,"name":"x"}]`), "-1"},
		"name and number":   {with(`,"denied_capabilities":[{"number":21,"name":"chown"}]`), "chown"},
		"unknown name":      {with(`,"recommended_capabilities":["nonsense"]`), "nonsense"},
		"return above 0":    {with(`,"denied_capabilities":[{"number":1,"name":"dac_override","syscall_outcomes":[{"raw_return":5}]}]`), "return"},
		"unknown ABI":       {with(`,"denied_capabilities":[{"number":1,"name":"dac_override","call_sites":[{"abi":"vax"}]}]`), "vax"},
		"no system call":    {with(`,"programs":[{"index":1,"path":"/bin/sh","syscalls":["read\n"]}]`), "no system call"},
		"deep":              {strings.Repeat(`{"a":`, 100_000), "deep"},
		"deep list":         {with(`,"x":` + strings.Repeat("[", 100_000)), "deep"},
		"deep YAML":         {"a: " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000), "deep"},
		"many":              {with(`,"denied_capabilities":[` + strings.Repeat("{},", 300_000) + `{}]`), "values"},
		"many system calls": {with(`,"programs":[{"syscalls":[` + strings.Repeat(`"a",`, maxInside) + `"a"]}]`),
			"values"},
		"many programs": {with(`,"programs":[` + strings.Repeat("{},", 300_000) + `{}]`), "values"},
		"many in YAML":  {"a: [" + strings.Repeat("x,", 300_000) + "]", "values"},
		"large":         {strings.Repeat(" ", maxDocument+1), "larger"},
		"large YAML":    {"a: " + strings.Repeat("x", maxYAML), "larger"},
		"long path": {`{"application":{"pid":1,"comm":"` + strings.Repeat("x", 20_000) +
			`"},"required_capabilities":[]}`, "path"},
		"alias":      {"a: &a [x]\nb: *a\n", "aliases"},
		"alias bomb": {bomb(), "aliases"},
		"binary":     {"\x7fELF\x02\x01\x01\x00", "YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Read(strings.NewReader(test.text))
			if err == nil {
				t.Fatalf("read as %+v", f)
			}
			if !strings.Contains(err.Error(), test.says) || len(err.Error()) > 300 ||
				strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("the error is %q, wanted %q in it", err, test.says)
			}
		})
	}
}

// bomb is a YAML document of a few lines that stands for 10^9 words.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1,
			strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return b.String()
}

// A document of a later version, with keys that nobody knows today.
func TestReadOfALaterVersion(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, NewDocument(examples["granted"])); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(b.String(), `"schema_version": 1`,
		`"schema_version": 2, "future": {"a": [1, {"b": null}]}`, 1)
	f, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Required) != len(examples["granted"].Required) {
		t.Errorf("%+v", f.Required)
	}
}

// Whatever is read: no panic, and what can be read can be joined, does not differ from
// itself, and is written as a document that the schema describes and as text that
// harms no terminal.
func FuzzRead(f *testing.F) {
	goldens, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(goldens) == 0 {
		f.Fatal(err)
	}
	for _, golden := range goldens {
		raw, err := os.ReadFile(golden)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(fromC))
	f.Add([]byte(bomb()))
	s := schema(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		u := audit.NewUnion()
		u.Add("a", found)
		u.Add("b", found)
		d := NewDocument(u.Findings())
		validate(t, s, d)
		diff := NewDifference("a", found, "b", found)
		if len(diff.Came)+len(diff.Went) > 0 {
			t.Errorf("it differs from itself: %+v", diff)
		}
		var text bytes.Buffer
		if err := errors.Join(WriteText(&text, d, Page{Width: 80}), diff.WriteText(&text)); err != nil {
			t.Error(err)
		}
		for _, r := range text.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("a raw %U in\n%s", r, &text)
			}
		}
	})
}

// A key counts as it is spelt, as it does for jq and for every parser of YAML.
func TestKeysInAnotherCase(t *testing.T) {
	for name, text := range map[string]string{
		"before": `"Complete":true,"LOSSES":{"checks":0},"Tasks":7,"complete":false,` +
			`"losses":{"checks":5},"tasks":3`,
		"after":  `"complete":false,"losses":{"checks":5},"tasks":3,"Complete":true,"Losses":{"checks":0},"taskS":7`,
		"within": `"complete":false,"losses":{"checks":5,"Checks":0},"tasks":3`,
		"escaped": `"complete":false,"losses":{"checks":5},"tasks":3,"\u0043omplete":true,"lo\u0053ses":{},` +
			`"ta\u017fks":7`,
		"folded": `"complete":false,"losses":{"checks":5},"tasks":3,"ta\u017fks":7,"loſſes":{},"tasKs":7`,
	} {
		text = `{"application":{"pid":1,"comm":"x"},"required_capabilities":[],` + text + `}`
		for format, text := range map[string]string{"JSON": text, "YAML": "# YAML\n" + text} {
			f, err := Read(strings.NewReader(text))
			if err != nil {
				t.Errorf("%s, %s: %v", name, format, err)
				continue
			}
			if d := NewDocument(f); d.Complete || d.Losses.Checks != 5 || d.Tasks != 3 {
				t.Errorf("%s, %s: complete %t, losses %+v, tasks %d", name, format, d.Complete,
					d.Losses, d.Tasks)
			}
		}
	}
}
