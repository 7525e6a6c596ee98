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
	const dynamic = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)"
	const voluntary = "CONFIG_PREEMPT_BUILD=y\n# CONFIG_PREEMPT_NONE is not " +
		"set\nCONFIG_PREEMPT_VOLUNTARY=y\n# CONFIG_PREEMPT is not set\n"
	const lazy = "CONFIG_PREEMPT_BUILD=y\n# CONFIG_PREEMPT_NONE is not set\n# CONFIG_PREEMPT_VOLUNTARY is " +
		"not set\nCONFIG_PREEMPT_LAZY=y\n"
	for name, test := range map[string]struct {
		build, models, commandLine, config string
		want                               bool
	}{
		"voluntary":                 {dynamic, "none (voluntary) full \n", "quiet", "", false},
		"none":                      {dynamic, "(none) voluntary full lazy \n", "", "", false},
		"full":                      {dynamic, "none voluntary (full)\n", "", voluntary, true},
		"lazy":                      {dynamic, "none voluntary full (lazy) \n", "", "", true},
		"lazy, with no other kind":  {dynamic, "full (lazy) \n", "", "", true},
		"changed since the boot":    {dynamic, "none (voluntary) full \n", "preempt=full", "", false},
		"by the command line":       {dynamic, "", "ro preempt=voluntary quiet\n", lazy, false},
		"by the command line, full": {dynamic, "", "preempt=none preempt=full", voluntary, true},
		"another word":              {dynamic, "", "foo.preempt=none", "", true},
		"a word that is no model":   {dynamic, "", "preempt=never", voluntary, false},
		"as built, voluntary":       {dynamic, "", "quiet", voluntary, false},
		"as built, lazy":            {dynamic, "", "quiet", lazy, true},
		"not to be known":           {dynamic, "", "", "", true},
		"built without":             {"#1 SMP Debian 5.10.1-1", "", "preempt=full", "", false},
		"built with nothing else":   {"#1 SMP PREEMPT", "", "preempt=none", "", true},
		"real time":                 {"#1 SMP PREEMPT_RT", "", "", "", true},
	} {
		config := func() []byte { return []byte(test.config) }
		if got := isPreemptible(test.build, test.models, test.commandLine, config); got != test.want {
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
