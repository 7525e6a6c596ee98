package files

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// descriptor tells whether a path names one of our own open files, as
// /dev/stdout does, and which: to rename over that would replace the machine's
// link.
func descriptor(file string) (n int, ok bool) {
	own, err := filepath.EvalSymlinks("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	for range 8 { // links in a row
		dir, err := filepath.EvalSymlinks(filepath.Dir(file))
		if err != nil {
			return 0, false
		}
		if dir == own {
			n, err := strconv.Atoi(filepath.Base(file))
			return n, err == nil
		}
		target, err := os.Readlink(filepath.Join(dir, filepath.Base(file)))
		if err != nil {
			return 0, false
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		file = target
	}
	return 0, false
}

// callers tells whether a descriptor was handed down by the caller: what this
// process opens itself is closed on exec, and what came by exec cannot be.
func callers(n int) bool {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// Same tells whether two names that may be "", for none, are of one file
// that is there or can come to be.
func Same(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if place(a) == place(b) {
		return true
	}
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	// what comes to one device does not take the place of what came before
	return err1 == nil && err2 == nil && one.Mode().IsRegular() && os.SameFile(one, two)
}

// place is where a file of that name is or would be.
func place(name string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		dir = filepath.Dir(name)
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return filepath.Join(dir, filepath.Base(name))
}
