package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// A snippet names what else is possible where that says anything.
func TestSnippetsNamePossible(t *testing.T) {
	for name, want := range map[string]bool{
		"not-exercised": true, "nothing-ruled-out": false, "granted": false,
	} {
		for _, kind := range []string{"systemd", "kubernetes", "setcap", "docker"} {
			var b bytes.Buffer
			if err := WriteSnippet(&b, NewDocument(examples[name]), kind); err != nil {
				t.Fatal(err)
			}
			if has := strings.Contains(b.String(), "you exercise: "); has != (want && kind != "docker") {
				t.Errorf("%s, %s:\n%s", name, kind, b.String())
			}
		}
	}
	many := *examples["not-exercised"]
	can := map[int][]reach.Operation{}
	for n := range mostPossible + 2 {
		can[n] = []reach.Operation{{Call: "ioctl"}}
	}
	many.Bounds = &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: code("/bin/x", can)}}}
	if list := NewDocument(&many).advice.Possible; list != nil {
		t.Errorf("a snippet is to name %v, which says nothing", list)
	}
	d := NewDocument(examples["service"])
	d.advice.Possible = []int{18}
	var b bytes.Buffer
	if err := WriteSnippet(&b, d, "systemd"); err != nil {
		t.Fatal(err)
	}
	if want := "\n" + snippets.Possible("systemd", d.advice) + "\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("a unit file's block does not end with %q:\n%s", want, b.String())
	}
}

// The last line has the number where that leaves it a line.
func TestAnswerCountsPossible(t *testing.T) {
	f := *examples["not-exercised"]
	if answer := NewDocument(&f).answer(); !strings.HasSuffix(answer, "; 6 more possible") {
		t.Error(answer)
	}
	f.Required = every()[:30]
	if answer := NewDocument(&f).answer(); strings.Contains(answer, "possible") {
		t.Error(answer)
	}
}

func TestDifferenceOfCode(t *testing.T) {
	older, newer := *examples["not-exercised"], *examples["not-exercised"]
	older.Bounds = &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: code("/bin/x", nil)}}}
	for _, c := range []struct {
		old, new *audit.Findings
		want     string
	}{
		{&older, &newer, "  possible now, ruled out before: kill, setuid, net_bind_service, sys_chroot, " +
			"audit_write, syslog\n"},
		{&newer, &older, "  ruled out now, possible before: kill, setuid, net_bind_service, sys_chroot, " +
			"audit_write, syslog\n"},
		{&newer, &newer, "  no difference\n"},
	} {
		var b bytes.Buffer
		if err := NewDifference("old", c.old, "new", c.new).WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), c.want) {
			t.Errorf("want %q in\n%s", c.want, b.String())
		}
	}
}

// What was not looked at is said with the reason.
func TestMissingOfProgram(t *testing.T) {
	for missing, want := range map[string]string{
		"liba.so.1: is gone": "/bin/x needs liba.so.1, which was not looked at (is gone).",
		"liba.so.1":          "/bin/x needs liba.so.1, which was not looked at.",
	} {
		p := CoveredProgram{Path: "/bin/x", Missing: []string{missing}}
		d := &Document{Coverage: &Coverage{Programs: []CoveredProgram{p}}}
		if got := d.unbounded(); got != want {
			t.Errorf("%s: %s", missing, got)
		}
	}
}

// How to exercise more is said of what the program itself asks for; and of a library that is an
// interpreter, that what it can do is not what it does.
func TestExercise(t *testing.T) {
	of := func(object string) *Document {
		kill := PossibleOperation{Operation: Operation{Call: "kill", Object: object}, Program: "/bin/x"}
		return &Document{Possible: []Possible{{5, "kill", []PossibleOperation{kill}, 0}}}
	}
	if got := of("/bin/x").exercise(); got != "a signal to a process of another user (kill)" {
		t.Error(got)
	}
	if got := of("/lib/liby.so").exercise(); got != "" {
		t.Errorf("nobody can bring a library to that: %s", got)
	}
	for _, name := range []string{"python3.11", "sh", "libpython3.11.so.1.0", "libperl.so.5.36",
		"libruby-3.1.so.3.1"} {
		if !interpreters().MatchString(name) {
			t.Errorf("%s is an interpreter", name)
		}
	}
	for _, name := range []string{"sshd", "libpythonic.so.1", "libperlx.so", "libc.so.6"} {
		if interpreters().MatchString(name) {
			t.Errorf("%s is no interpreter", name)
		}
	}
}
