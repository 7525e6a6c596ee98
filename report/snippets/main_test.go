package snippets

import (
	"os"
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
)

func TestMain(m *testing.M) {
	machine.Supervise()
	os.Exit(m.Run())
}
