package tracer

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// setsID: the program's file gives it another user or group (fs/exec.c,
// bprm_fill_uid()). Of what ran before, the file is looked at where it can be found.
func setsID(p kernelProgram) bool {
	mode := uint32(p.mode)
	if path := cString(p.path[:]); p.ran != 0 && filepath.IsAbs(path) {
		var info unix.Stat_t
		if unix.Stat(path, &info) == nil {
			mode = info.Mode
		}
	}
	const setsGroup = unix.S_ISGID | unix.S_IXGRP
	return mode&unix.S_ISUID != 0 || mode&setsGroup == setsGroup
}

// insistedOn is the permitted set of a program's file capabilities, if the kernel
// executes it only where the bounding set has all of that (security/commoncap.c,
// bprm_caps_from_vfs_caps()). The target's own are its Application's.
func (a *Audit) insistedOn(index uint32, p kernelProgram) uint64 {
	if p.ran != 0 || index == 1 && a.adopted == nil {
		return 0
	}
	f, err := openInode(absolute(cString(p.path[:])), uint64(p.inode))
	if err != nil {
		return 0
	}
	defer f.Close()
	permitted, _, effective, ok, err := capng.FileCaps(f)
	if err != nil || !ok || !effective {
		return 0
	}
	return permitted
}

// openInode opens a regular file if it is the one that was executed. Its device
// is not compared: btrfs and overlayfs show another than the kernel has in the
// inode.
func openInode(path string, inode uint64) (*os.File, error) {
	return openIf(path, func(info unix.Stat_t) bool { return info.Ino == inode })
}
