package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// WithDaemons runs tests of the program that calls it once more, in a Debian
// that has the daemons and tools which they look at: there, none may be missing.
// On the machine itself none is installed for their sake, as Debian starts what
// it installs.
//
//	CAP_AUDIT_STATIC  cap-audit, linked STATIC=1; by default ../../build/cap-audit
//
// The script is the path of test/debian.
func WithDaemons(t *testing.T, script string, tests ...string) {
	t.Helper()
	Root(t)
	Program(t, "debootstrap")
	if _, err := os.Stat(script); err != nil {
		t.Skipf("wanted the source tree: %v", err)
	}
	shared := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copyProgram(t, self, filepath.Join(shared, "suite"))
	static := Setting("CAP_AUDIT_STATIC", "../../build/cap-audit")
	copyProgram(t, static, filepath.Join(shared, "cap-audit"))
	programs := os.DirFS(Setting("CAP_AUDIT_PROGRAMS", "../../build/programs"))
	err = scratch.Executable(func() error { return os.CopyFS(filepath.Join(shared, "programs"), programs) })
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"-c", "-b", shared + ":/shared", "daemons", "env", "-C", "/shared", "CI=true",
		"CAP_AUDIT=/shared/cap-audit", "CAP_AUDIT_PROGRAMS=/shared/programs",
		"/shared/suite", "-test.v", "-test.timeout", "20m",
		"-test.run", "^(" + strings.Join(tests, "|") + ")$"}
	out, err := exec.Command(script, words...).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not run", name)
		}
	}
	if _, skipped, found := strings.Cut(string(out), "--- SKIP: "); found {
		t.Errorf("skipped: %s", strings.Fields(skipped)[0])
	}
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = scratch.Executable(func() error { return os.WriteFile(to, raw, 0o755) })
	}
	if err != nil {
		t.Fatal(err)
	}
}
