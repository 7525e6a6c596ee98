package systemd

import (
	"os/exec"
	"path/filepath"
	"testing"

	tests "github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
)

// Drop-ins and further lines count after the unit's own, and as systemd counts them.
func TestExposure(t *testing.T) {
	tests.Program(t, "systemd-analyze")
	dir := t.TempDir()
	unit := scratch.Write(t, filepath.Join(dir, "a@.service"), "[Service]\nExecStart=/bin/true\n"+
		"CapabilityBoundingSet=CAP_CHOWN CAP_SYS_ADMIN") // without a line's end
	dropin := scratch.Write(t, filepath.Join(dir, "more.conf"), "[Service]\nNoNewPrivileges=yes\n")
	level := func(files []string, more ...string) float64 {
		n, err := Exposure("a@1.service", files, more...)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	bare, both := level([]string{unit}), level([]string{unit, dropin})
	less := level([]string{unit, dropin}, "[Service]\nCapabilityBoundingSet =",
		"[Service]\nLockPersonality=yes")
	if bare <= both || both <= less || less <= 0 || bare > 10 {
		t.Errorf("%.1f, %.1f with a drop-in, %.1f with more lines", bare, both, less)
	}
}

func TestNoExposure(t *testing.T) {
	dir := t.TempDir()
	unit := scratch.Write(t, filepath.Join(dir, "a.service"), "[Service]\nExecStart=/bin/true\n")
	if err := exec.Command("mkfifo", filepath.Join(dir, "fifo")).Run(); err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][]string{
		"../a.service": {unit},
		"a.service":    {unit, filepath.Join(dir, "fifo")},
		"b.service":    {filepath.Join(dir, "none")},
	} {
		if n, err := Exposure(name, files); err == nil {
			t.Errorf("%s with %q: %f", name, files, n)
		}
	}
	t.Setenv("PATH", dir)
	if n, err := Exposure("a.service", []string{unit}); err == nil {
		t.Errorf("without systemd-analyze: %f", n)
	}
}
