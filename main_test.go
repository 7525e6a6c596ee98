package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/cap-audit/cap-audit/tracer"
)

func TestExitStatus(t *testing.T) {
	found := &tracer.StartError{Path: "x", Status: 126, Text: "is a directory"}
	missing := &tracer.StartError{Path: "x", Status: 127, Text: "no such file"}
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"found, but not executable": {found, 126},
		"not found":                 {missing, 127},
		"wrapped":                   {fmt.Errorf("start: %w", missing), 127},
		"joined":                    {errors.Join(errors.New("x"), found), 126},
		"an identity refused":       {&tracer.StartError{Status: 1}, 1},
		"a backend":                 {&tracer.BackendError{Backend: tracer.Kprobe, Err: io.EOF}, 1},
		"anything else":             {errors.New("x"), 1},
	} {
		if got := exitStatus(c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// captured returns what f writes to the standard stream, which it replaces.
func captured(t *testing.T, stream **os.File, f func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stream")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	was := *stream
	*stream = file
	defer func() { *stream = was }()
	f()
	raw, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestComplaintsAreOneLine(t *testing.T) {
	got := captured(t, &os.Stderr, func() {
		errorf("%v", errors.Join(errors.New("first"), errors.New("second")))
		warningf("100%% of %s", "it")
		errorf("no command \x1b]0;owned\a\r\xff")
		errorf("%v", &tracer.StartError{Path: "\x1b[2J\n", Text: "no such file"})
	})
	want := "Error: first; second\nWarning: 100% of it\n" + `Error: no command \x1b]0;owned\a\r\xff` + "\n" +
		`Error: "\x1b[2J\n": no such file` + "\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
