package transcript

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = `# A title is none
Prose, with ` + "`# true`" + ` in it.

    # one \
        --option
    $ two |
          three
    first

      second
    $ cat <<'END'
    # not a command
    END

Prose.

	# four   # a comment
`

func TestParse(t *testing.T) {
	got, err := Parse(document)
	want := []Step{
		{4, true, "one \\\n    --option", ""},
		{6, false, "two |\n      three", "first\n\n  second\n"},
		{11, false, "cat <<'END'\n# not a command\nEND", ""},
		{17, true, "four   # a comment", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
}

// Nothing that looks like a command is passed over.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"    ls\n":                    "line 1: no command",
		"a\n\n    $ ls\n\nb\n\n    c": "line 7: no command",
		"```\n$ ls\n```\n":            "line 1: a fenced block",
		"    $ ls |\n\nb":             "line 2: the command before does not end",
		"    $ cat <<END\n    a\nb":   "line 3: the command before does not end",
	} {
		if _, err := Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, wanted %s", text, err, want)
		}
	}
}

func TestFits(t *testing.T) {
	for _, test := range []struct {
		shown, printed string
		want           bool
	}{
		{"", "anything\n", true},
		{"a\n", "a\n", true},
		{"a\n", "a\nb\n", false},
		{"a\n", "b\na\n", false},
		{"a\n[...]\nb\n", "a\nb\n", true},
		{"a\n  [...]\nb\n", "a\nx\ny\nb\n", true},
		{"a\n[...]\nb\n", "a\nx\n", false},
		{"[...]\nb ([...])\n", "a\nb (c)\n", true},
		{"b ([...]).\n", "b (c\n).\n", false},
		{"[*] a\n", "[*] a\n", true},
		{"a\n", "\na\n\n", true},
		{"a\n", "", false},
	} {
		if got := (Step{Prints: test.shown}).Fits(test.printed); got != test.want {
			t.Errorf("%q shown, %q printed: %t", test.shown, test.printed, got)
		}
	}
}
