package main

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/cap-audit/cap-audit/output"
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

// An answer that comes with a failure of ours is a failure.
func TestFailureBeforeVerdict(t *testing.T) {
	verdict := &output.Answer{Status: output.Differs, Text: "x"}
	if got := exitStatus(verdict); got != 3 {
		t.Errorf("a verdict: %d", got)
	}
	if got := exitStatus(errors.Join(errors.New("disk full"), verdict)); got != 1 {
		t.Errorf("with a failure: %d", got)
	}
}
