package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

func TestMain(m *testing.M) {
	machine.Supervise()
	os.Exit(m.Run())
}

// All of it, so short that the figures say nothing. What this package does not bring
// along may be missing.
func TestWhole(t *testing.T) {
	b := bench{
		cap:      machine.Setting("CAP_AUDIT", "../../cap-audit"),
		programs: machine.Setting("CAP_AUDIT_PROGRAMS", "../../build/programs"),
		bpftrace: filepath.Join(t.TempDir(), "none"),
		forced:   os.Getenv("CAP_AUDIT_BACKEND"),
		rounds:   1,
		share:    0.001,
	}
	cost, spent := b.program("cost")[0], b.program("spent")[0]
	if reason := machine.CannotTrace(b.cap, b.capAudit()[1:], cost, spent); reason != "" {
		machine.Lacks(t, "%s", reason)
	}
	page := scratch.Write(t, filepath.Join(t.TempDir(), "page"), firstLine("host")+lastLine)
	var err error
	scratch.Captured(t, &os.Stdout, func() { err = b.all(page, "host") })
	if err != nil {
		t.Fatal(err)
	}
	text := scratch.Contents(t, page)
	_, reasons, _ := strings.Cut(text, "Not measured:\n\n")
	reasons = strings.TrimSuffix(reasons, lastLine)
	for line := range strings.Lines(reasons) {
		if !slices.ContainsFunc([]string{"bpftrace's", "wanted nginx", "wanted wrk"},
			func(other string) bool { return strings.Contains(line, other) }) {
			t.Errorf("not measured: %s", line)
		}
	}
	// four kinds of check, and the start
	if !strings.Contains(text, "| a build |") || strings.Count(reasons, "bpftrace's") < 5 {
		t.Errorf("the page has %s", text)
	}

	b.run, b.skip = regexp.MustCompile("made|build"), regexp.MustCompile("a build")
	shown := scratch.Captured(t, &os.Stdout, func() { err = b.all("", "") })
	if err != nil || strings.Count(shown, "\n|") != 3 || !strings.Contains(shown, "\n| a process made") {
		t.Errorf("%v, shown is %s", err, shown)
	}
	b.run = regexp.MustCompile("no such thing")
	if err := b.all("", ""); err == nil {
		t.Error("no error for a pattern that chooses nothing")
	}
}
