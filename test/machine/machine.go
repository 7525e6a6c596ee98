// Package machine is what tests want of the machine that they run on. A test
// skips where it cannot have it, and says what it wanted; with CI=true, where
// everything has been installed, it fails.
package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// CI tells whether nothing may be missing.
func CI() bool { return os.Getenv("CI") == "true" }

// Lacks skips the test.
func Lacks(t testing.TB, format string, args ...any) {
	t.Helper()
	if CI() {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Suite ends a test program from its TestMain if there is a reason why none of
// its tests can run.
func Suite(name, reason string) {
	switch {
	case reason == "":
	case CI():
		fmt.Printf("FAIL: where CI=true %s must run: %s\n", name, reason)
		os.Exit(1)
	default:
		fmt.Printf("skipped, all of %s: %s\n", name, reason)
		os.Exit(0)
	}
}

// Program is the path of an installed program, one of those that
// scripts/install-build-deps installs.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, "wanted %s: %v", name, err)
	}
	return path
}

// Root is for what only root can do.
func Root(t testing.TB) {
	t.Helper()
	if uid := os.Geteuid(); uid != 0 {
		Lacks(t, "wanted root, there is user %d", uid)
	}
}

// Containers skips in a chroot, in CI too: the kernel makes no roots for them
// there.
func Containers(t testing.TB) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	// proc_pid_mountinfo(5): the fifth field is where something is mounted; a
	// chroot's root is only a directory
	if !regexp.MustCompile(`(?m)^\S+ \S+ \S+ \S+ / `).Match(mounts) {
		t.Skip("wanted containers, but this is a chroot")
	}
}

// Setting is a path that a variable of the environment can give. It is
// absolute: what is tested runs in other directories.
func Setting(variable, otherwise string) string {
	path := os.Getenv(variable)
	if path == "" {
		path = otherwise
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// CannotTrace says why the built cap-audit cannot trace here, with the options
// that are given, "" if it can. The files are what else a suite wants built.
func CannotTrace(capAudit string, options []string, files ...string) string {
	if os.Geteuid() != 0 {
		return fmt.Sprintf("wanted root, there is user %d", os.Geteuid())
	}
	for _, file := range append([]string{capAudit}, files...) {
		if _, err := os.Stat(file); err != nil {
			return fmt.Sprintf("wanted a built tree (make cap-audit programs), there is: %v", err)
		}
	}
	out, err := exec.Command(capAudit, append(options, "--probe")...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("wanted a kernel on which cap-audit --probe succeeds, there it says (%v): %s",
			err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
	}
	return ""
}
