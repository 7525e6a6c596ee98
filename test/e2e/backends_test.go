package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// workingBackends asks cap-audit which of them this kernel lets it use.
func workingBackends(t *testing.T) []string {
	out, err := exec.Command(capAuditPath, "--probe", "-j").Output()
	if err != nil {
		t.Fatalf("--probe: %v", err)
	}
	var probe struct {
		Backends []struct {
			Name  string
			Works bool
		}
	}
	if err := json.Unmarshal(out, &probe); err != nil {
		t.Fatal(err)
	}
	var works []string
	for _, b := range probe.Backends {
		if b.Works {
			works = append(works, b.Name)
		}
	}
	return works
}

// TestBackendsAgree compares the whole documents of every backend, but for
// what names the backend and the process.
func TestBackendsAgree(t *testing.T) {
	backends := workingBackends(t)
	if len(backends) < 2 {
		t.Skipf("wanted two backends to compare, there is %v", backends)
	}
	for _, mode := range modes(t) {
		t.Run(mode.name, func(t *testing.T) {
			var first map[string]any
			for _, b := range backends {
				cmd := command(t, capAuditPath, "--backend", b, "-j", "--", built("need"), mode.name, "3")
				cmd.Env = needEnv(t)
				document := comparable(t, finish(t, cmd))
				if first == nil {
					first = document
					continue
				}
				if diff := cmp.Diff(first, document); diff != "" {
					t.Errorf("- %s, + %s\n%s", backends[0], b, diff)
				}
			}
		})
	}
}

// comparable is a document without what has to differ between two runs.
func comparable(t *testing.T, r result) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(r.stdout, &document); err != nil {
		t.Fatalf("%v\n%s", err, r.stderr)
	}
	delete(document["application"].(map[string]any), "pid")
	delete(document, "backend")
	delete(document, "limits")
	delete(document, "missed_exits")
	return document
}

// TestOtherSyscallTables: numbers mean other calls in the 32-bit tables.
func TestOtherSyscallTables(t *testing.T) {
	for _, name := range []string{"int80", "int80-i386", "int80-arm"} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(built(name)); err != nil {
				t.Skipf("wanted %s, which is built for one architecture, there is none: %v", name, err)
			}
			// without the 32-bit entry the kernel kills it, or cannot execute it at all
			if err := exec.Command(built(name)).Run(); err != nil {
				t.Skipf("wanted a kernel with the 32-bit system call entry, there %s ends with: %v", name, err)
			}
			d := audited(t, built(name))
			if len(d.Required) != 1 || d.Required[0].Name != "sys_chroot" || d.Required[0].Checks.Granted != 3 {
				t.Fatalf("required: %+v", d.Required)
			}
			if got := d.Required[0].Reason; !strings.HasPrefix(got, "Used by chroot") {
				t.Errorf("reason: %q", got)
			}
		})
	}
}
