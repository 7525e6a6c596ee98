package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// manyReports writes n reports of different runs, and the list of their names.
func manyReports(t *testing.T, n int) string {
	t.Helper()
	r := finish(t, capAudit(t, "-j", "--", built("need"), "sys_chroot", "3"))
	whole := string(r.stdout)
	if r.status != 0 || !strings.Contains(whole, `"comm": "`) {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	// a program of its own in each
	before, after, _ := strings.Cut(whole, `"comm": "`)
	dir := t.TempDir()
	var list bytes.Buffer
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("%06d.json", i))
		text := before + fmt.Sprintf(`"comm": "/opt/%06d`, i) + after
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&list, name)
	}
	return list.String()
}

// measured runs a command and writes its peak of resident memory, in KiB, into
// a file.
const measured = `import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)`

// A hundred thousand reports take the memory of a hundred.
func TestLongMergeTakesTheSameMemory(t *testing.T) {
	t.Parallel()
	if os.Getenv("CAP_AUDIT_VM") != "" {
		t.Skip("wanted a machine that is not emulated; nothing here depends on the kernel")
	}
	list := manyReports(t, 100_000)
	peakFile := filepath.Join(t.TempDir(), "peak")
	peak := func(lines string, reports int) int {
		// A process begins with the memory of the one it was forked from (maxrss
		// outlives exec): from this one, which holds the list, that would be more.
		cmd := command(t, python(t), "-c", measured, peakFile, capAuditPath, "--merge", "-j", "-")
		cmd.Stdin = strings.NewReader(lines)
		r := finish(t, cmd)
		if r.status != 0 || !bytes.Contains(r.stdout, []byte(fmt.Sprintf(`"reports": %d,`, reports))) {
			t.Fatalf("status %d: %s", r.status, r.stderr)
		}
		if got := granted(decode(t, r.stdout).Required)["sys_chroot"]; got != [2]uint64{uint64(3 * reports),
			0} {
			t.Errorf("sys_chroot %v, wanted %d grants", got, 3*reports)
		}
		raw, err := os.ReadFile(peakFile)
		if err != nil {
			t.Fatal(err)
		}
		kib, err := strconv.Atoi(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		return kib
	}
	some := strings.Join(strings.SplitAfterN(list, "\n", 101)[:100], "")
	few, many := peak(some, 100), peak(list, 100_000)
	t.Logf("100 reports: %d KiB, 100,000: %d KiB", few, many)
	if many > few+32<<10 {
		t.Errorf("100 reports take %d KiB, 100,000 take %d KiB", few, many)
	}
}
