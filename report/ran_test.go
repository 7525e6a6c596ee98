package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// The heading says what ran, as whom and for how long, in words that no terminal and
// no shell takes for anything else.
func TestRan(t *testing.T) {
	command := func(name string, arguments ...string) audit.Findings {
		return audit.Findings{Took: 3249 * time.Millisecond,
			Application: audit.Application{Command: name, Arguments: arguments}}
	}
	asUser := command("./a b", "", "it's", "\x1b[2J\xff\u202e")
	asUser.RunAs, asUser.Application.UID = "daemon", 1
	caller := command("ping")
	caller.Application.UID, caller.Took = 1000, time.Nanosecond
	adopted := audit.Findings{Took: 90 * time.Second, Subject: audit.Subject{Kind: audit.SubjectPID}}
	interim := command("ping")
	interim.Took = 0
	merged := command("ping")
	merged.Merged = &audit.Merged{}
	for want, f := range map[string]audit.Findings{
		"Run as root for 3.2s: nginx -g 'daemon off;'": command("nginx", "-g", "daemon off;"),

		`Run as daemon (uid 1) for 3.2s: './a b' "" 'it'\''s' "\x1b[2J\xff\u202e"`: asUser,

		"Run as uid 1000 for 100ms: ping": caller,
		"Watched for 1m30s":               adopted,
	} {
		if got := NewDocument(&f).ran(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, f := range []audit.Findings{interim, merged} {
		if got := NewDocument(&f).ran(); got != "" {
			t.Errorf("%q of what is not known", got)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		line    string
		columns int
		want    string
	}{
		{"twenty-four columns wide", 24, "twenty-four columns wide"},
		{"twenty-four columns wide", 23, "twenty-four columns..."},
		{"ééééééééééééééééééééééééé", 24, "ééééééééééééééééééééé..."},
		{"twenty-four columns wide", 0, "twenty-four colum..."},
	} {
		if got := cut(c.line, c.columns); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.line, c.columns, got, c.want)
		}
	}
}

// Of a script that it executed, the file that runs is the interpreter's.
func TestCodeOfOthers(t *testing.T) {
	script := audit.ProgramUse{Index: 2, Parent: 1, Path: "/srv/run", Needs: []int{0}, StandsFor: 1}
	b := boundsOf(nil, nil, &reach.Result{Objects: []string{"/usr/bin/dash"}})
	programs := []audit.ProgramUse{{Index: 1, Path: "/srv/daemon"}, script}
	d := NewDocument(&audit.Findings{Programs: programs, Bounds: b})
	want := []snippets.Holder{{Path: "/srv/run", Needs: []int{0}, Code: "/usr/bin/dash"}}
	if diff := cmp.Diff(want, d.advice.Others); diff != "" {
		t.Error(diff)
	}
}
