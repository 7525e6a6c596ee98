package services

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// One audit of all services says of each what an audit of it alone says.
func TestEachUnit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reports")
	alone := map[string][]string{}
	for _, s := range services {
		if s.prepare != nil {
			s.prepare(t)
		}
		s.forget()
		d, _ := audit(t, "--unit", s.unit, "--restart", "--test", s.use)
		alone[s.unit] = d.Recommended
	}
	w := watch(t, "-j", "--no-static", "--cgroup", "system.slice", "--each", "-o", dir)
	for _, s := range services {
		s.restart(t)
		must(t, "sh", "-c", s.use)
	}
	w.Process.Signal(syscall.SIGINT)
	w.end(t)
	for _, s := range services {
		raw, err := os.ReadFile(filepath.Join(dir, s.unit+".json"))
		if err != nil {
			t.Error(err)
			continue
		}
		var d document
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Errorf("%s: not a JSON document: %v\n%s", s.unit, err, raw)
			continue
		}
		t.Logf("%s needs %s", s.unit, strings.Join(d.Recommended, " "))
		if !slices.Equal(d.Recommended, alone[s.unit]) || !d.Complete {
			t.Errorf("%s: %v, alone %v; complete: %t", s.unit, d.Recommended, alone[s.unit], d.Complete)
		}
		if d.Target.Kind != "cgroup" || d.Target.Cgroup != "/system.slice/"+s.unit {
			t.Errorf("%s: the report is about %+v", s.unit, d.Target)
		}
	}
}
