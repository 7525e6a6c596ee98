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

// Builds as uname -v has them, models as debugfs of 6.1 to 7.3 has them.
func TestIsPreemptible(t *testing.T) {
	for name, test := range map[string]struct {
		build, models, commandLine string
		want                       bool
	}{
		"voluntary":                    {"#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)", "none (voluntary) full \n", "quiet", false},
		"none":                         {"#1 SMP PREEMPT_DYNAMIC", "(none) voluntary full lazy \n", "", false},
		"full":                         {"#1 SMP PREEMPT_DYNAMIC", "none voluntary (full)\n", "", true},
		"lazy":                         {"#1 SMP PREEMPT_DYNAMIC", "none voluntary full (lazy) \n", "", true},
		"lazy, with no other kind":     {"#1 SMP PREEMPT_DYNAMIC", "full (lazy) \n", "", true},
		"changed since the boot":       {"#1 SMP PREEMPT_DYNAMIC", "none (voluntary) full \n", "preempt=full", false},
		"by the command line":          {"#1 SMP PREEMPT_DYNAMIC", "", "ro preempt=voluntary quiet\n", false},
		"by the command line, full":    {"#1 SMP PREEMPT_DYNAMIC", "", "preempt=none preempt=full", true},
		"another word":                 {"#1 SMP PREEMPT_DYNAMIC", "", "foo.preempt=none", true},
		"not to be known":              {"#1 SMP PREEMPT_DYNAMIC", "", "", true},
		"built without":                {"#1 SMP Debian 5.10.1-1", "", "", false},
		"built without, a vain option": {"#1 SMP Debian 5.10.1-1", "", "preempt=full", false},
		"built with nothing else":      {"#1 SMP PREEMPT", "", "preempt=none", true},
		"real time":                    {"#1 SMP PREEMPT_RT", "", "", true},
	} {
		if got := isPreemptible(test.build, test.models, test.commandLine); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
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
