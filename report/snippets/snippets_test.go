package snippets

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/capng"
)

// known are the capabilities that snippets can have on this machine.
func known() []int {
	var list []int
	for n := range capng.Last() + 1 {
		if capng.Known(n) {
			list = append(list, n)
		}
	}
	return list
}

// A capability of a kernel newer than libcap-ng is in no snippet.
func TestUnknownCapabilitiesStayOut(t *testing.T) {
	a := Advice{Path: "/bin/true", Grant: []int{13, 63}, Keep: []int{13, 63}}
	for _, s := range All(a) {
		if strings.Contains(s.Text, "63") {
			t.Errorf("%s\n%s", s.Heading, s.Text)
		}
	}
	if diff := cmp.Diff([]int{63}, Unknown(a.Grant)); diff != "" {
		t.Error(diff)
	}
}

// The path comes from outside. Only filecap's command has it.
func TestPathIsOnlyInFilecap(t *testing.T) {
	const path = "/tmp/evil*/ '\n\"$(id)`id`;"
	for _, s := range All(Advice{Path: path, Grant: known(), Keep: known()}) {
		if strings.Contains(s.Text, "evil") != strings.Contains(s.Heading, "filecap") {
			t.Errorf("%s\n%s", s.Heading, s.Text)
		}
	}
}

func TestRelativePathIsNotUsed(t *testing.T) {
	if got := Filecap(Advice{Path: "", Grant: []int{13}}); got != "filecap /path/to/program net_raw" {
		t.Error(got)
	}
}

// Nothing but tabs and line breaks of ours may steer a terminal.
func TestSnippetsArePrintable(t *testing.T) {
	for _, s := range All(Advice{Path: "/\x1b]0;x\a\xff\u202e\u009b", Grant: known(), Keep: known()}) {
		for _, r := range s.Text {
			if r != '\n' && (r < ' ' || r > '~') {
				t.Errorf("%s has a %U", s.Heading, r)
			}
		}
	}
}

func TestFill(t *testing.T) {
	words := strings.Split(strings.Repeat("four ", 40)+"end", " ")
	for line := range strings.Lines(fill("head: ", words, " ", " \\\n    ")) {
		if len(strings.TrimRight(line, "\\\n ")) > columns {
			t.Errorf("%q is wider than %d", line, columns)
		}
	}
}

// bash splits a command into the words that were meant.
func FuzzShellQuote(f *testing.F) {
	for _, seed := range []string{
		"", "/usr/bin/ping", "a b", "'", `\`, `'\''`, "\n", "\x1b[0m", "\xff", "\xff1", "\xffa'b\\", "$(id)", "`id`", "!x", "~", "*", "été",
		"\u202e", "-n", "#", "a=b", "{a,b}", "\x011",
	} {
		f.Add(seed)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		f.Skip("want bash:", err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			t.Skip("no path has a zero byte")
		}
		quoted := shellQuote(s)
		out, err := exec.Command(bash, "-c", `printf '%s|' x `+quoted+" y").Output()
		if err != nil {
			t.Fatalf("%q: %v", quoted, err)
		}
		if want := "x|" + s + "|y|"; string(out) != want {
			t.Errorf("%q is %q to bash, want %q", quoted, out, want)
		}
	})
}
