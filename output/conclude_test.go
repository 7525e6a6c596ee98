package output

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/policy"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// The exit status and what standard error says, for all that can go wrong at
// once.
func TestConclude(t *testing.T) {
	const chown = 1 << 0
	needsChown := []audit.Capability{{Number: 0, Tally: audit.Tally{Granted: 1}}}
	code := func(f *audit.Findings) {
		f.StatedReach = &audit.Reach{Possible: []audit.Reachable{{Number: 5}}, RuledOut: 1 << 25}
	}
	for name, test := range map[string]struct {
		change  func(*audit.Findings)
		options Options
		allowed uint64
		status  int
		says    string
	}{
		"fits":         {nil, Options{}, chown, 0, ""},
		"does not fit": {nil, Options{}, 0, 3, "+ chown (#0): needed, not allowed"},
		"fits, and allows what is ruled out": {code, Options{}, chown | 1<<25, 0,
			"the policy p allows what no code of the programs that ran asks for: sys_time"},
		"fits, and more is possible": {code, Options{}, chown, 0,
			"the policy p does not allow what the code can ask for, though the run did not: kill"},
		"allows what is ruled out, and that counts": {code, Options{CheckUnused: true}, chown | 1<<25, 3,
			"-> no code of the programs that ran asks for it"},
		"fits, lost details": {func(f *audit.Findings) { f.Losses.Programs = 1 }, Options{}, chown, 0,
			"Warning: the run fits"},
		"fits, lost checks": {func(f *audit.Findings) { f.Losses.Checks = 1 }, Options{}, chown, 1,
			"cannot say"},
		"does not, lost checks": {func(f *audit.Findings) { f.Losses.Checks = 1 }, Options{}, 0, 3,
			"there may be more"},
		"status": {func(f *audit.Findings) { f.Application.Status = 7 }, Options{}, chown, 0, ""},
		"status passed on": {func(f *audit.Findings) { f.Application.Status = 7 }, Options{Propagate: true},
			chown, 7, ""},
		"signal passed on": {func(f *audit.Findings) { f.Application.Signal = 15 }, Options{Propagate: true},
			chown, 143, ""},
		"status, does not fit": {func(f *audit.Findings) { f.Application.Status = 7 },
			Options{Propagate: true}, 0, 3, "not allowed"},
		"no place for the policy": {nil, Options{PolicyOut: "/proc/none/x"}, chown, 1,
			"cannot write the policy"},
		"nor does it fit": {nil, Options{PolicyOut: "/proc/none/x"}, 0, 1, "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &audit.Findings{Application: audit.Application{Path: "/usr/bin/x", Ended: true},
				Required: needsChown}
			if test.change != nil {
				test.change(f)
			}
			test.options.Check, test.options.Format, test.options.File = "p", JSON, os.DevNull
			o := &Output{Options: test.options, policy: &policy.Policy{Allowed: test.allowed}}
			status := 0
			said := scratch.Captured(t, &os.Stderr, func() {
				if err := o.Conclude(report.NewDocument(f), f); err != nil {
					status = 1
					if answer, ok := err.(*Answer); ok {
						status = answer.Status
					}
					console.Errorf("%v", err)
				}
			})
			if status != test.status || !strings.Contains(said, test.says) || test.says == "" &&
				test.status == 0 && said != "" {
				t.Errorf("status %d, want %d; want %q in %q", status, test.status, test.says, said)
			}
		})
	}
}

// The policy is named as from here, so that a CI server finds it in the repository; one from elsewhere by
// its whole path.
func TestPlaceOfThePolicy(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	const text = "cap_audit_policy: 1\ncapabilities:\n  - chown\n"
	scratch.Write(t, filepath.Join(dir, "caps.yaml"), text)
	elsewhere := scratch.Write(t, filepath.Join(t.TempDir(), "caps.yaml"), text)
	for spec, want := range map[string]string{"caps.yaml": "caps.yaml", "./caps.yaml": "caps.yaml",
		dir + "/caps.yaml": "caps.yaml", elsewhere: elsewhere, "chown": ""} {
		o, err := Open(Options{Check: spec, Format: GitHub})
		if err != nil {
			t.Fatal(err)
		}
		p := o.place()
		if p.File != want || want != "" && (p.Line != 2 || p.Lines["chown"] != 3) {
			t.Errorf("%s: %+v", spec, p)
		}
	}
	for _, format := range []Format{SARIF, GitLab} {
		if _, err := Open(Options{Check: "chown", Format: format}); err == nil {
			t.Errorf("--format %s of a list, which has no lines", format)
		}
	}
}

// What is held against a policy is known at the end alone.
func TestNoInterimReportOfAPolicy(t *testing.T) {
	for _, format := range Formats {
		o := &Output{Options: Options{Format: format, File: filepath.Join(t.TempDir(), "report")}}
		if err := o.WriteInterim(document()); (err != nil) != format.OfPolicy() {
			t.Errorf("%s: %v", format, err)
		}
	}
}
