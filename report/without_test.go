package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

// Ways that are among those of the capability before or after are not shown twice.
func TestWithoutTogether(t *testing.T) {
	d := NewDocument(examples["without"])
	user, group := "User=a in its unit", "Group=b in its unit"
	for _, ways := range [][2][]string{{{user, group}, {user}}, {{user}, {user, group}}} {
		d.Without = []Without{{6, "setgid", ways[0]}, {7, "setuid", ways[1]}, {8, "setpcap", []string{"c"}}}
		var b bytes.Buffer
		if err := WriteText(&b, d, Page{Width: 80}); err != nil {
			t.Fatal(err)
		}
		want := "\n  setgid, setuid: User=a in its unit; and Group=b in its unit\n  setpcap: c\n"
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
	}
}

// What opens sessions can have had one, and wait for the next.
func TestSessionsAreNoStart(t *testing.T) {
	f := *examples["serving"]
	if len(NewDocument(&f).early()) == 0 {
		t.Fatal("nothing was used before it began to serve")
	}
	f.Gains = []audit.Gain{audit.GainSessions}
	if early := NewDocument(&f).early(); len(early) != 0 {
		t.Errorf("it can give up %v, which each session takes", early)
	}
}
