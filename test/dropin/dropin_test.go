// Package dropin holds the program against docs/contract.md, with the tools that
// scripts use.
//
//	CAP_AUDIT           the binary, by default ../../cap-audit
//	CAP_AUDIT_PROGRAMS  the C programs, by default in ../../build/programs
package dropin

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/cap-audit/cap-audit/test/machine"
)

var (
	capAudit = machine.Setting("CAP_AUDIT", "../../cap-audit")
	programs = machine.Setting("CAP_AUDIT_PROGRAMS", "../../build/programs")
)

func TestMain(m *testing.M) {
	machine.Supervise()
	machine.Suite("the drop-in suite", machine.CannotTrace(capAudit, nil, filepath.Join(programs, "need")))
	os.Exit(m.Run())
}

// Each line of the contract has a check, and each check a line.
func TestContract(t *testing.T) {
	for _, tool := range []string{"jq", "yq", "setpriv", "iconv"} {
		machine.Program(t, tool)
	}
	contract, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?m)^- `([a-z-]+)`: ").FindAllSubmatch(contract, -1)
	if len(lines) < 50 {
		t.Fatalf("%d lines in the contract", len(lines))
	}
	dir := publicDir(t)
	for _, line := range lines {
		name := string(line[1])
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "sh", "checks.sh", name)
			cmd.Env = append(os.Environ(), "CAP_AUDIT="+capAudit, "PROGRAMS="+programs, "T="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// publicDir is a directory into which other users may look.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "dropin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
