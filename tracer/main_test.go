package tracer

import (
	"os"
	"testing"
)

// The stub is the binary itself, which is the test's here.
func TestMain(m *testing.M) {
	MaybeStub()
	os.Exit(m.Run())
}
