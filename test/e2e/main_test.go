// Package e2e runs the built cap-audit on the running kernel and holds what it
// reports against targets whose capability checks are known.
//
//	CAP_AUDIT           the binary, by default ../../cap-audit
//	CAP_AUDIT_PROGRAMS  the C programs, by default in ../../build/programs
//	CAP_AUDIT_BACKEND   the backend to force; empty lets cap-audit choose
//
// It needs root. Compiled with go test -c it runs anywhere, without the tree.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
)

// What the environment says.
var (
	capAuditPath = machine.Setting("CAP_AUDIT", "../../cap-audit")
	programs     = machine.Setting("CAP_AUDIT_PROGRAMS", "../../build/programs")
	backend      = os.Getenv("CAP_AUDIT_BACKEND")
)

func TestMain(m *testing.M) {
	playRole()
	machine.Supervise()
	if err := ownStore(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	machine.Suite("the end-to-end suite", machine.CannotTrace(capAuditPath, withBackend(),
		filepath.Join(programs, "need")))
	os.Exit(m.Run())
}

// withBackend puts the forced backend before other arguments, and leaves the code alone: to look
// at that takes longer than most audits of these tests.
func withBackend(arguments ...string) []string {
	if len(arguments) > 0 {
		arguments = append([]string{"--no-static"}, arguments...)
	}
	return ofBackend(arguments...)
}

// ofBackend is the same with a look at the code.
func ofBackend(arguments ...string) []string {
	if backend == "" {
		return arguments
	}
	return append([]string{"--backend", backend}, arguments...)
}
