package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// event is a line of --events; the last one has Lines and Lost alone.
type event struct {
	Time                                             time.Time
	PID                                              int
	Program, Comm, Capability, Verdict, Syscall, ABI string
	CallSite                                         *string `json:"call_site"`
	Object                                           *string
	Lines, Lost                                      *uint64
}

func eventsIn(t *testing.T, file string) (checks []event, lines, lost uint64) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		checks = append(checks, e)
	}
	last := checks[len(checks)-1]
	if last.Lines == nil || last.Lost == nil {
		t.Fatalf("the last line is %+v", last)
	}
	return checks[:len(checks)-1], *last.Lines, *last.Lost
}

// Each check is a line with what the report has of it, or is counted as lost.
func TestEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target  []string
		verdict string
	}{
		"one after another": {[]string{built("tree"), "fork", "300"}, "granted"},
		"threads":           {[]string{built("tree"), "threads", "4", "1000"}, "granted"},
		"as fast as can be": {[]string{built("tree"), "loop", "300000"}, "granted"},
		"refused":           {asNobody(t, built("tree"), "loop", "20"), "denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, began := filepath.Join(t.TempDir(), "events"), time.Now()
			d := documentOf(t, capAudit(t, append([]string{"-j", "--events", file, "--"}, c.target...)...))
			checks, lines, lost := eventsIn(t, file)
			if uint64(len(checks)) != lines || lines+lost != d.TotalChecks {
				t.Errorf("%d lines, which it says are %d, and %d lost, of %d checks", len(checks), lines,
					lost, d.TotalChecks)
			}
			chroots, named := 0, 0
			for _, e := range checks {
				// the clocks of two CPUs can differ a little
				if e.Time.Before(began.Add(-time.Second)) || e.Time.After(time.Now().Add(time.Second)) {
					t.Fatalf("%+v: not while it ran", e)
				}
				if e.Capability != "sys_chroot" {
					continue
				}
				chroots++
				if e.Object != nil && strings.HasPrefix(*e.Object, "/") {
					named++
				}
				if e.Syscall != "chroot" || e.ABI != "native" || e.Verdict != c.verdict ||
					e.Comm != "tree" || filepath.Base(e.Program) != "tree" || e.CallSite == nil ||
					!strings.Contains(*e.CallSite, "chroot") {
					t.Fatalf("%+v", e)
				}
			}
			if chroots == 0 || named == 0 {
				t.Errorf("%d lines of sys_chroot, of which %d say of what", chroots, named)
			}
		})
	}
}

// The report does not depend on them: they go to a full disk, and a reader goes away.
func TestEventsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skipf("wanted /dev/full: %v", err)
	}
	r := finish(t, capAudit(t, "-j", "--events", "/dev/full", "--", built("tree"), "loop", "3000"))
	if r.status != 0 || !strings.Contains(string(r.stderr), "Warning: --events /dev/full: ") {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	if d := decode(t, r.stdout); granted(d.Required)["sys_chroot"] != [2]uint64{3000, 0} {
		t.Errorf("required: %v", d.Required)
	}
}

// What ran before is named by its path, too.
func TestEventsOfWhatRuns(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events")
	d := lookedAt(t, 0, `"$1" loop 10`, "--events", file)
	checks, lines, lost := eventsIn(t, file)
	if lines != uint64(len(checks)) || lines+lost != d.TotalChecks {
		t.Errorf("%d lines, %d lost, of %d checks", lines, lost, d.TotalChecks)
	}
	shell, err := filepath.EvalSymlinks(tool(t, "sh"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(checks, func(e event) bool { return e.Program == shell }) {
		t.Errorf("no check of %s: %+v", shell, checks)
	}
}
