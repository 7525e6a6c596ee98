package console

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/test/scratch"
	"github.com/cap-audit/cap-audit/tracer"
)

func TestComplaintsAreOneLine(t *testing.T) {
	got := scratch.Captured(t, &os.Stderr, func() {
		Errorf("%v", errors.Join(errors.New("first"), errors.New("second")))
		Warningf("100%% of %s", "it")
		Errorf("no command \x1b]0;owned\a\r\xff")
		Errorf("%v", &tracer.StartError{Path: "\x1b[2J\n", Text: "no such file"})
	})
	want := "Error: first; second\nWarning: 100% of it\n" + `Error: no command \x1b]0;owned\a\r\xff` + "\n" +
		`Error: "\x1b[2J\n": no such file` + "\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPrintable(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/ping":     "/usr/bin/ping",
		"/tmp/a b":          "/tmp/a b",
		"/tmp/été":          "/tmp/été",
		"":                  "",
		"/tmp/\x1b]0;own\a": `"/tmp/\x1b]0;own\a"`,
		"/tmp/a\nb":         `"/tmp/a\nb"`,
		"/tmp/\r[*] fake":   `"/tmp/\r[*] fake"`,
		"/tmp/\xff\xfe":     `"/tmp/\xff\xfe"`,
		"/tmp/\u009b2J":     `"/tmp/\u009b2J"`,
		"/tmp/\u202egnp":    `"/tmp/\u202egnp"`,
		"/tmp/\u2028":       `"/tmp/\u2028"`,
		"/tmp/\x00\x7f":     `"/tmp/\x00\x7f"`,
		"/tmp/\u00a0":       `"/tmp/\u00a0"`, // looks like a blank, and is none
		`/tmp/"quoted"`:     `/tmp/"quoted"`,
		`/tmp/\x1b`:         `/tmp/\x1b`,
	} {
		if got := Printable(path); got != want {
			t.Errorf("Printable(%q) = %s, want %s", path, got, want)
		}
	}
}

// Whatever a path is made of, it harms no terminal, and plain ones stay as they are.
func FuzzPrintable(f *testing.F) {
	for _, path := range []string{"/usr/bin/ping", "\x1b[2J", "\xff", `"a"`, "\u2066"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		shown := Printable(path)
		plain := true
		for _, r := range path {
			plain = plain && unicode.IsPrint(r)
		}
		for _, r := range shown {
			if !unicode.IsPrint(r) {
				t.Errorf("Printable(%q) = %q", path, shown)
			}
		}
		if plain && utf8.ValidString(path) && shown != path {
			t.Errorf("Printable(%q) = %s", path, shown)
		}
	})
}

// The status line is taken off before anything else is written, and once.
func TestStatusLineDoesNotMix(t *testing.T) {
	got := scratch.Captured(t, &os.Stderr, func() {
		l := &Lines{out: os.Stderr}
		l.Print("before")
		l.SetStatus("one")
		l.SetStatus("two")
		l.Print("%s", "after")
		l.Print("last")
		l.SetStatus("three")
		l.SetStatus("")
		l.SetStatus("")
	})
	const erase = "\r\x1b[K"
	if want := "before\none" + erase + "two" + erase + "after\nlast\nthree" + erase; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUnwritableProgressHarmsNothing(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var after strings.Builder
	l := &Lines{out: full}
	l.Print("lost")
	l.out = &after
	l.Print("kept")
	if after.String() != "kept\n" {
		t.Errorf("%q", &after)
	}
}
