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
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the environment says.
var (
	capAuditPath = setting("CAP_AUDIT", "../../cap-audit")
	programs     = setting("CAP_AUDIT_PROGRAMS", "../../build/programs")
	backend      = os.Getenv("CAP_AUDIT_BACKEND")
)

// setting is absolute: targets run in other directories.
func setting(variable, otherwise string) string {
	path := os.Getenv(variable)
	if path == "" {
		path = otherwise
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

func TestMain(m *testing.M) {
	playRole()
	if reason := cannotTrace(); reason != "" {
		if os.Getenv("CI") == "true" {
			fmt.Println("FAIL: where CI=true the end-to-end suite must run:", reason)
			os.Exit(1)
		}
		fmt.Println("skipped, the whole end-to-end suite:", reason)
		os.Exit(0)
	}
	status := m.Run()
	removePrepared()
	removeImage()
	os.Exit(status)
}

// cannotTrace says what is missing for any of the tests, "" when nothing is.
func cannotTrace() string {
	if os.Geteuid() != 0 {
		return fmt.Sprintf("wanted root, there is user %d", os.Geteuid())
	}
	for _, file := range []string{capAuditPath, filepath.Join(programs, "need")} {
		if _, err := os.Stat(file); err != nil {
			return fmt.Sprintf("wanted a built tree (make cap-audit programs), there is: %v", err)
		}
	}
	out, err := exec.Command(capAuditPath, withBackend("--probe")...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("wanted a kernel on which cap-audit --probe succeeds, there it says (%v): %s",
			err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
	}
	return ""
}

// withBackend puts the forced backend before other arguments.
func withBackend(arguments ...string) []string {
	if backend == "" {
		return arguments
	}
	return append([]string{"--backend", backend}, arguments...)
}
