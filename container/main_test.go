package container

import (
	"os"
	"testing"

	tests "github.com/cap-audit/cap-audit/test/machine"
)

func TestMain(m *testing.M) {
	tests.Supervise()
	os.Exit(m.Run())
}
