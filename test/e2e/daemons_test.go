package e2e

import (
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
)

func TestLongDaemons(t *testing.T) {
	t.Parallel()
	machine.WithDaemons(t, "../debian", "TestObjectsAgreeWithStrace")
}
