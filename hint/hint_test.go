package hint

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestErrorAndHint(t *testing.T) {
	err := fmt.Errorf("--output out: %w", Addf(io.ErrShortWrite, "choose a file below %s", "/tmp"))
	if got, want := err.Error(), "--output out: short write; choose a file below /tmp"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var hinted *Error
	if !errors.As(err, &hinted) || hinted.Hint != "choose a file below /tmp" {
		t.Errorf("the hint is %+v", hinted)
	}
	if !errors.Is(err, io.ErrShortWrite) {
		t.Error("what went wrong is not found in it")
	}
}

func TestNothingToHint(t *testing.T) {
	if err := Add(nil, "try again"); err != nil {
		t.Errorf("a hint alone is an error: %v", err)
	}
	if err := Add(io.EOF, ""); err != io.EOF {
		t.Errorf("no hint: %v", err)
	}
}
