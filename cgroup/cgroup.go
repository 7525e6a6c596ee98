// Package cgroup finds control groups of version 2, the only ones that can be
// watched.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// ErrNone: the machine has no hierarchy of version 2, or not where it is looked for.
var ErrNone = errors.New("this machine has no cgroup v2 hierarchy on /sys/fs/cgroup, and only groups of " +
	"that can be watched")

// NoneHint is what to try then.
const NoneHint = "boot with systemd.unified_cgroup_hierarchy=1"

// Root is where the hierarchy is mounted: where systemd and everybody has it,
// or beside those of version 1 ("hybrid"). "" if it is in neither place.
var Root = sync.OnceValue(func() string {
	for _, path := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if Is(path) {
			return path
		}
	}
	return ""
})

// Is tells whether a path lies in a hierarchy of version 2.
func Is(path string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(path, &stat) == nil && stat.Type == unix.CGROUP2_SUPER_MAGIC
}

// Of is the path of a process's group from the root of the hierarchy, or from
// that of our cgroup namespace; "" on a machine without a hierarchy. The
// process 0 is the caller's own. The error is that of reading /proc/PID/cgroup.
func Of(pid int) (string, error) {
	name := "/proc/self/cgroup"
	if pid != 0 {
		name = fmt.Sprintf("/proc/%d/cgroup", pid)
	}
	groups, err := os.ReadFile(name)
	return unified(string(groups)), err
}

// Seen is the path from Root of a group that Of has told: one outside of our cgroup namespace
// begins with /.. there (cgroup_namespaces(7)), and where the whole hierarchy is mounted it is
// found by its name. "" if it is not.
func Seen(group string) string {
	if group != "/.." && !strings.HasPrefix(group, "/../") {
		return group
	}
	name, found := path.Base(group), ""
	filepath.WalkDir(Root(), func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry == nil: // Root itself
			return err
		case err != nil: // gone by now
			return fs.SkipDir
		case entry.IsDir() && entry.Name() == name:
			found = strings.TrimPrefix(at, Root())
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// unified is the path in version 2's line: "HIERARCHY:CONTROLLERS:PATH", there
// "0::PATH" (cgroups(7)). A name has no line feed, cgroup_mkdir() refuses it; but it
// can end with a carriage return.
func unified(groups string) string {
	for line := range strings.Lines(groups) {
		if path, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return path
		}
	}
	return ""
}
