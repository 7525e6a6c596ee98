package tracer

import (
	"testing"

	"github.com/cap-audit/cap-audit/audit"
)

func TestSysctl(t *testing.T) {
	for name, want := range map[string]int{
		"kernel.no_such_setting": -1,
		"kernel.ostype":          -1, // a word
		"kernel":                 -1, // a directory
		"fs.file-nr":             -1, // three numbers
	} {
		if got := sysctl(name); got != want {
			t.Errorf("%s = %d", name, got)
		}
	}
	if got := sysctl("kernel.ngroups_max"); got != 65536 { // NGROUPS_MAX, linux/limits.h
		t.Errorf("kernel.ngroups_max = %d", got)
	}
}

func TestSystemContextHasEverySetting(t *testing.T) {
	s := systemContext()
	if s.KernelVersion == "" || s.KernelVersion == "unknown" {
		t.Errorf("kernel %q", s.KernelVersion)
	}
	if len(s.Sysctls) != len(audit.SysctlKeys) {
		t.Errorf("%d settings, want %d", len(s.Sysctls), len(audit.SysctlKeys))
	}
	for _, key := range audit.SysctlKeys {
		if value, ok := s.Sysctls[key.Key]; !ok || value < -1 {
			t.Errorf("%s = %d, %t", key.Key, value, ok)
		}
	}
}
