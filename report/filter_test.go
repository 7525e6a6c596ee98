package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
)

func ran(path string, calls ...string) audit.ProgramUse {
	return audit.ProgramUse{Path: path, StandsFor: 1, Processes: 1, Syscalls: calls}
}

func boundsOf(results ...*reach.Result) *audit.Bounds {
	b := &audit.Bounds{}
	for i, r := range results {
		b.Programs = append(b.Programs, audit.ProgramBounds{Index: i, Result: r})
	}
	return b
}

func TestFilter(t *testing.T) {
	a := ran("/bin/a", "i386:stat64", "mount", "open", "x32:548")
	b := ran("/bin/b", "newfstatat", "mount", "swapon")
	a.RefusedSyscalls, b.RefusedSyscalls = []string{"mount"}, []string{"swapon"}
	b.Namespaces = true
	got := filter(&audit.Findings{Programs: []audit.ProgramUse{a, b},
		Bounds: boundsOf(&reach.Result{SystemCalls: []string{"read", "open"}}, nil)})
	want := got
	want.Made, want.Refused = []string{"mount", "newfstatat", "open", "stat64", "swapon"}, []string{"swapon"}
	want.Reachable, want.Bounded = []string{"open", "read"}, true
	want.ABIs, want.Namespaces = []string{"i386"}, true
	want.Unsure = []string{
		"Not all that the code of others can call is known: what it did not exercise may be missing.",
		"Made and missing, since they have no name here: x32:548."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A filter says what it may lack, and there is none with which nothing would run.
func TestFilterIsSure(t *testing.T) {
	whole := &reach.Result{SystemCalls: []string{"read"}}
	early := audit.Subject{Kind: audit.SubjectPID}
	for name, c := range map[string]struct {
		findings     audit.Findings
		none, unsure string
	}{
		"what was made": {audit.Findings{}, "", "What was not exercised is missing"},
		"the code":      {audit.Findings{Bounds: boundsOf(whole)}, "", ""},
		"what it executes": {audit.Findings{Bounds: boundsOf(&reach.Result{Executes: true})}, "",
			"programs that a can execute and did not"},
		"what it loads": {audit.Findings{Bounds: boundsOf(&reach.Result{Loads: true})}, "",
			"plugins that a can load and did not"},
		"a part of it": {audit.Findings{Bounds: boundsOf(whole, nil)}, "", "the code of others"},
		"two others": {audit.Findings{Bounds: boundsOf(nil, &reach.Result{AnySystemCall: true},
			&reach.Result{Missing: []string{"x"}})}, "", "the code of /bin/a and 2 more"},
		"a sample":              {audit.Findings{Sampled: true}, "only a sample", "What was not"},
		"the code for a sample": {audit.Findings{Sampled: true, Bounds: boundsOf(whole)}, "", ""},
		"what ran already":      {audit.Findings{Subject: early}, "had started before", "What was not"},
		"a part of its code": {audit.Findings{Subject: early, Bounds: boundsOf(nil)}, "had started before",
			"/bin/a"},
		"its code": {audit.Findings{Subject: early, Bounds: boundsOf(whole)}, "", "What started it"},
		"its start": {audit.Findings{Subject: audit.Subject{Kind: audit.SubjectUnit, FromStart: true}}, "",
			"What was not"},
		"reports": {audit.Findings{Merged: &audit.Merged{},
			Subject: audit.Subject{Kind: audit.SubjectMerged}}, "", "Of what ran already"},
		"reports on what ran already": {audit.Findings{Merged: &audit.Merged{}, Subject: early},
			"had started before", "What was not"},
		"lost programs": {audit.Findings{Bounds: boundsOf(whole), Losses: audit.Losses{Programs: 1},
			Sampled: true}, "only a sample", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.findings.Programs = []audit.ProgramUse{ran("/bin/a", "read")}
			d := NewDocument(&c.findings)
			for _, kind := range []string{"seccomp", "systemcallfilter", "hardening"} {
				err := d.Unfilterable(kind)
				if (err != nil) != (c.none != "") || err != nil && !strings.Contains(err.Error(), c.none) {
					t.Errorf("%s: %v, want %q", kind, err, c.none)
				}
			}
			if err := d.Unfilterable("docker"); err != nil {
				t.Errorf("docker: %v", err)
			}
			text := strings.Join(d.advice.Filter.Unsure, " ")
			if !strings.Contains(text, c.unsure) || c.unsure == "" && text != "" {
				t.Errorf("unsure: %q, want %q", text, c.unsure)
			}
			for _, s := range d.advice.Filter.Unsure {
				if !slices.Contains(d.DoubtsOf("seccomp"), s) {
					t.Errorf("seccomp does not warn: %s", s)
				}
			}
		})
	}
	plugins := &reach.Result{Loads: true, Objects: []string{"/usr/bin/vim"}}
	twice := NewDocument(&audit.Findings{Bounds: boundsOf(plugins, plugins)}).codeLimits()
	want := []string{"Not looked at: plugins that vim can load and did not."}
	if diff := cmp.Diff(want, twice); diff != "" {
		t.Errorf("two processes of a program:\n%s", diff)
	}
	if err := NewDocument(&audit.Findings{}).Unfilterable("seccomp"); err == nil ||
		!strings.Contains(err.Error(), "no system call was recorded") {
		t.Errorf("without any call: %v", err)
	}
}
