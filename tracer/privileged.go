package tracer

import (
	"math/bits"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/files"
)

// programOf is a program of the tree, with what its file has to do with privileges.
func (a *Audit) programOf(index uint32, p kernelProgram) audit.Program {
	program := audit.Program{
		Path:      a.pathOf(index, p),
		Parent:    int(p.parent),
		Processes: uint64(p.processes),
		SetID:     setsID(p),
		Kinds:     kindsOf(p),
	}
	for _, uid := range p.users {
		if uid != 0 {
			program.Users = append(program.Users, int(uid))
		}
	}
	if ran, ok := a.ranBefore(index); ok {
		setLogins(&program, ran.logins)
	}
	if p.ran != 0 {
		return program
	}
	f, err := openInode(absolute(program.Path), uint64(p.file.inode))
	if err != nil {
		return program
	}
	defer f.Close()
	if len(program.Users) == 0 { // nobody but root can open sessions
		setLogins(&program, a.openers.of(kernelFile(p.file), f))
	}
	if index == 1 && a.adopted == nil { // the target's own are its Application's
		return program
	}
	permitted, _, effective, ok, err := capng.FileCaps(f)
	if err != nil || !ok {
		return program
	}
	program.GainsCaps = permitted != 0
	// security/commoncap.c, bprm_caps_from_vfs_caps(): not executed where the
	// bounding set lacks one
	if effective {
		program.FileCaps = permitted
	}
	return program
}

func setLogins(program *audit.Program, l logins) {
	program.OpensSessions, program.BecomesUsers = l == opensSessions, l == becomesUsers
}

// kindsOf are what the program is noted for.
func kindsOf(p kernelProgram) []int {
	var kinds []int
	for i, word := range p.kinds {
		for ; word != 0; word &= word - 1 {
			number := i*64 + bits.TrailingZeros64(uint64(word))
			kinds = append(kinds, int(p.group)*maxKinds+number)
		}
	}
	return kinds
}

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

// openInode opens a regular file if it is the one that was executed. Its device
// is not compared: btrfs and overlayfs show another than the kernel has in the
// inode.
func openInode(path string, inode uint64) (*os.File, error) {
	return files.OpenRegular(path, func(info unix.Stat_t) bool { return info.Ino == inode })
}
