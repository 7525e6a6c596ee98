package snippets

import (
	"os/exec"
	"strings"
	"testing"
)

// What is possible is a comment of the consumer's, in its spelling, and nothing else.
func TestPossibleIsComment(t *testing.T) {
	for _, kind := range Kinds {
		a := Advice{Path: "/bin/true", Grant: []int{13}, Keep: []int{13}, Unbegun: true,
			Possible: append(known(), 63)}
		text := Possible(kind, a)
		if Possible(kind, Advice{Path: "/bin/true", Possible: []int{63}}) != "" {
			t.Errorf("%s has a comment on nothing", kind)
		}
		c := find(kind).comments
		if (c.spelling != nil) != (text != "") {
			t.Errorf("%s: %q", kind, text)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			inside, ends := strings.CutSuffix(line, c.end)
			inside, begins := strings.CutPrefix(inside, c.open)
			if !begins || !ends || len(line) > columns+len(c.end)+1 || strings.ContainsAny(inside, "*/#\\") {
				t.Errorf("%s: %q", kind, line)
			}
		}
		if strings.Contains(text, "63") || text != "" && !strings.Contains(text, " "+c.spelling(18)) {
			t.Errorf("%s: %s", kind, text)
		}
		if text != "" && !strings.HasPrefix(text, c.open+"Its start was not seen: ") {
			t.Errorf("%s does not tell that more is needed to start: %s", kind, text)
		}
	}
}

// What is not to have capabilities in its file is told to add none.
func TestPossibleInNoInterpreter(t *testing.T) {
	shell, script := Advice{Path: "/bin/sh"}, Advice{Path: "/srv/x", Script: true}
	for _, a := range []Advice{shell, script} {
		a.Possible = []int{6}
		for _, kind := range Kinds {
			text := Possible(kind, a)
			if c := find(kind); c.comments.spelling != nil && (text == "") != c.inFile {
				t.Errorf("%s of %s: %q", kind, a.Path, text)
			}
		}
	}
}

// Whoever reads a snippet finds in it what was there without the comment.
func TestPossibleChangesNothing(t *testing.T) {
	a := Advice{Path: "/bin/true", Unbegun: true, Possible: []int{5, 18}}
	for _, c := range []struct {
		kind    string
		command []string
	}{
		{"setcap", []string{"sh", "-c"}}, {"filecap", []string{"sh", "-c"}},
		{"setpriv", []string{"sh", "-c"}},
		{"python", []string{"python3", "-c"}},
	} {
		if _, err := exec.LookPath(c.command[0]); err != nil {
			t.Logf("want %s: %v", c.command[0], err)
			continue
		}
		out, err := exec.Command(c.command[0], append(c.command[1:], Possible(c.kind, a))...).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v: %s", c.kind, err, out)
		}
	}
}
