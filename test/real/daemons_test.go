package real

import (
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
)

func TestLongDaemons(t *testing.T) {
	machine.WithDaemons(t, "../debian", "TestPrograms", "TestIdleSshd")
}
