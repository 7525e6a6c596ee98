package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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

// A hundred thousand reports take the memory of a hundred.
func TestLongMergeTakesTheSameMemory(t *testing.T) {
	t.Parallel()
	if os.Getenv("CAP_AUDIT_VM") != "" {
		t.Skip("wanted a machine that is not emulated; nothing here depends on the kernel")
	}
	list := manyReports(t, 100_000)
	peak := func(lines string, reports int) int {
		r, kib := peakOf(t, lines, "--merge", "-j", "-")
		if r.status != 0 || !bytes.Contains(r.stdout, []byte(fmt.Sprintf(`"reports": %d,`, reports))) {
			t.Fatalf("status %d: %s", r.status, r.stderr)
		}
		if got := granted(decode(t, r.stdout).Required)["sys_chroot"]; got != [2]uint64{uint64(3 * reports),
			0} {
			t.Errorf("sys_chroot %v, wanted %d grants", got, 3*reports)
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
