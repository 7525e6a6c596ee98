package tracer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

func systemContext() audit.SystemContext {
	s := audit.SystemContext{KernelVersion: kernelRelease(), Sysctls: map[string]int{}}
	for _, key := range audit.SysctlKeys {
		s.Sysctls[key.Key] = sysctl(key.Sysctl)
	}
	return s
}

// sysctl is a setting's value, -1 when it cannot be read.
func sysctl(name string) int {
	raw, err := os.ReadFile(filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/")))
	if err != nil {
		return -1
	}
	value, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return -1
	}
	return value
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// since tells whether the kernel is of that version or a later one.
func since(major, minor int) bool {
	x, y := kernelVersion()
	return x > major || x == major && y >= minor
}

// preemptible tells whether a task can lose its CPU to another while the kernel
// works for it; where the kernel does not let that be known, it may be.
var preemptible = sync.OnceValue(func() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return true
	}
	models, _ := os.ReadFile("/sys/kernel/debug/sched/preempt")
	commandLine, _ := os.ReadFile("/proc/cmdline")
	config := func() []byte {
		raw, err := os.ReadFile("/boot/config-" + kernelRelease())
		if err != nil {
			raw, _ = os.ReadFile("/lib/modules/" + kernelRelease() + "/config")
		}
		return raw
	}
	return isPreemptible(unix.ByteSliceToString(u.Version[:]), string(models), string(commandLine), config)
})

// isPreemptible takes a build as uname -v has it (init/Makefile); models such
// as "none voluntary (full)", the one in force in parentheses (6.0,
// kernel/sched/debug.c, sched_dynamic_show()); the kernel's command line; and
// the configuration it was built with, which has the model that a boot without
// preempt= has: that is large, and read where nothing else tells. Any but the build is empty if it cannot
// be read.
func isPreemptible(build, models, commandLine string, config func() []byte) bool {
	if !strings.Contains(build, "PREEMPT_DYNAMIC") {
		return strings.Contains(build, "PREEMPT")
	}
	if _, rest, ok := strings.Cut(models, "("); ok {
		model, _, _ := strings.Cut(rest, ")")
		return model != "none" && model != "voluntary"
	}
	model := ""
	for word := range strings.FieldsSeq(commandLine) {
		if value, ok := strings.CutPrefix(word, "preempt="); ok {
			model = value
		}
	}
	switch model {
	case "none", "voluntary":
		return false
	case "full", "lazy":
		return true
	}
	built := config()
	return !bytes.Contains(built, []byte("\nCONFIG_PREEMPT_NONE=y\n")) &&
		!bytes.Contains(built, []byte("\nCONFIG_PREEMPT_VOLUNTARY=y\n"))
}

// noKprobes: the kernel shows what perf events there are, and kprobes are none
// of them.
func noKprobes() bool {
	const events = "/sys/bus/event_source/devices"
	if _, err := os.Stat(events); err != nil {
		return false // nothing is shown, as without sysfs
	}
	_, err := os.Stat(events + "/kprobe")
	return errors.Is(err, fs.ErrNotExist)
}

// kernelVersion is the first two numbers of the release, 0 if it has none.
func kernelVersion() (major, minor int) {
	fmt.Sscanf(kernelRelease(), "%d.%d", &major, &minor)
	return major, minor
}
