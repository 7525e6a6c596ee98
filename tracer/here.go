package tracer

import (
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// OpenOwnRoot opens the root directory of this process, nil if it cannot be opened.
func OpenOwnRoot() *os.File {
	dir, err := openDirectory("/")
	if err != nil {
		return nil
	}
	return dir
}

// OpenRoot opens the root directory of a program that was executed by a path, and has, or
// whose interpreter has, that file open; nil where it is not known. A process can have gone to
// another root since, in which nothing of its own is: that is the last one to take.
func (a *Audit) OpenRoot(program int, path string, file *os.File) *os.File {
	open := func(root string, locations ...location) *os.File {
		dir, err := openDirectory(root)
		if err == nil && !slices.ContainsFunc(locations, func(l location) bool { return l.has(file) }) {
			dir.Close() // or the process has ended
			return nil
		}
		return dir
	}
	running := a.code.running(uint32(program))
	if filepath.IsAbs(path) {
		for _, pid := range running {
			if dir := open(rootOf(pid), interpretersOf(location{rootOf(pid), path})...); dir != nil {
				return dir
			}
		}
	}
	if dir := open("/", interpretersOf(location{"", absolute(path)})...); dir != nil {
		return dir
	}
	for _, pid := range running {
		if dir := open(rootOf(pid), executed(pid)); dir != nil {
			return dir
		}
	}
	return nil
}

// IsFile tells whether stat(2) shows a file that a program mapped as that device and inode.
func IsFile(f audit.CodeFile, device, inode uint64) bool {
	return fileID{inode: f.Inode, device: f.Device}.is(unix.Stat_t{Dev: device, Ino: inode})
}
