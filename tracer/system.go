package tracer

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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

// kernelVersion is the first two numbers of the release, 0 if it has none.
func kernelVersion() (major, minor int) {
	fmt.Sscanf(kernelRelease(), "%d.%d", &major, &minor)
	return major, minor
}
