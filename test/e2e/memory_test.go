package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// measured runs a command and writes its peak of resident memory, in KiB, into
// a file.
const measured = `import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)`

// peakOf runs cap-audit, and tells the peak of its resident memory in KiB: that of the largest of its
// processes.
func peakOf(t *testing.T, stdin string, arguments ...string) (r result, kib int) {
	t.Helper()
	peakFile := filepath.Join(t.TempDir(), "peak")
	// A process begins with the memory of the one it was forked from (maxrss
	// outlives exec): from this one, which can hold much, that would be more.
	cmd := command(t, python(t), append([]string{"-c", measured, peakFile, capAuditPath}, arguments...)...)
	cmd.Stdin = strings.NewReader(stdin)
	r = finish(t, cmd)
	raw, err := os.ReadFile(peakFile)
	if err != nil {
		t.Fatal(err)
	}
	if kib, err = strconv.Atoi(string(raw)); err != nil {
		t.Fatal(err)
	}
	return r, kib
}

// The smallest audit takes little memory: 18 MiB as it is installed. Of the file that the linker wrote, and
// of other copies written at once, the kernel maps 3 MiB more.
func TestMemory(t *testing.T) {
	if os.Getenv("CAP_AUDIT_VM") != "" {
		t.Skip("wanted a machine that is not emulated; nothing here depends on the kernel")
	}
	const most = 23 << 10
	r, kib := peakOf(t, "", "--", "true")
	t.Logf("%d KiB", kib)
	if r.status != 0 || kib > most {
		t.Errorf("it takes %d KiB, more than %d; status %d: %s", kib, most, r.status, r.stderr)
	}
}

// What is made before main is made by each process of an audit.
func TestInit(t *testing.T) {
	cmd := command(t, capAuditPath, "--version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	r := finish(t, cmd)
	const most = 480_000
	sum := 0
	for _, m := range regexp.MustCompile(`(?m)^init .*, (\d+) bytes, `).FindAllSubmatch(r.stderr, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		sum += n
	}
	t.Logf("%d bytes", sum)
	if sum == 0 || sum > most {
		t.Errorf("%d bytes are made at init, more than %d:\n%s", sum, most, r.stderr)
	}
}
