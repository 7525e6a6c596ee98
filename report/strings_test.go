package report

import (
	"strings"
	"testing"
)

func TestValid(t *testing.T) {
	for s, want := range map[string]string{
		"/usr/bin/ping":  "/usr/bin/ping",
		"/été":           "/été",
		"/tmp/\xff\xfe/": `/tmp/\xff\xfe/`,
		"\xe2\x82":       `\xe2\x82`, // the beginning of a €
		"\ufffd":         "\ufffd",   // is valid, and not an error of ours
		"a\nb":           "a\nb",
	} {
		if got := valid(s); got != want {
			t.Errorf("valid(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"tmux: server":       "tmux: server",
		`a\b"c'`:             `a\b"c'`,
		"\x1b]0;owned\a":     `\x1b]0;owned\a`,
		"a\nb\tc\r\x00":      `a\nb\tc\r\x00`,
		"\u202egnp.exe":      `\u202egnp.exe`,
		"\u009b2J":           `\u009b2J`,
		"\xff\x7f":           `\xff\x7f`,
		"\u00a0\ufeff\u2028": `\u00a0\ufeff\u2028`,
	} {
		if got := printable(s); got != want {
			t.Errorf("printable(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		prose string
		width int
		want  string
	}{
		{"", 30, "- \n"},
		{"one two", 30, "- one two\n"},
		{"one two three four five six", 24, "- one two three four\n    five six\n"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", 24, "- " + strings.Repeat("a", 47) +
			"\n    b\n"},
		{"For: CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC", 24, "- For: CLONE_NEWNS|\n    CLONE_NEWUTS|\n" +
			"    CLONE_NEWIPC\n"},
		{"For: MS_REC|MS_PRIVATE", 24, "- For: MS_REC|MS_PRIVATE\n"},
		{"one two three four five six", 0, "- one two three four\n    five six\n"},
		{"été été été été été été", 24, "- été été été été été\n    été\n"},
	} {
		if got := wrap("- ", "    ", c.prose, c.width); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.prose, c.width, got, c.want)
		}
	}
}

func TestUnescaped(t *testing.T) {
	for written, want := range map[string]string{
		`/tmp/x`:            "/tmp/x",
		valid("/tmp/\xff"):  "/tmp/\xff",
		valid("/tmp/é\xc3"): "/tmp/é\xc3",
		`/tmp/\x41`:         `/tmp/\x41`,
		`/tmp/\xc3\xa9`:     `/tmp/\xc3\xa9`, // é is never written so
	} {
		if got := unescaped(written); got != want {
			t.Errorf("%s is read as %q, wanted %q", written, got, want)
		}
	}
}
