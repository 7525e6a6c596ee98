package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/tracer"
)

// prepareRunning is for --pid, and for --cgroup without a command.
func (s *session) prepareRunning() error {
	if s.cfg.pid != 0 {
		s.about.Kind = audit.SubjectPID
		s.about.UserNamespace = inUserNamespace(s.cfg.pid)
		s.subject = &tracer.Running{PID: s.cfg.pid}
		return nil
	}
	s.about.Kind = audit.SubjectCgroup
	group, path := controlGroup(s.cfg.cgroup)
	s.about.Cgroup = path
	s.subject = &tracer.Running{Cgroup: group, MustExist: true}
	return nil
}

// inUserNamespace tells whether a process has another user namespace than we.
func inUserNamespace(pid int) bool {
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/ns/user", pid))
	if err != nil {
		return false
	}
	ours, err := os.Stat("/proc/self/ns/user")
	return err == nil && !os.SameFile(theirs, ours)
}

// controlGroup is the directory of a group, and its path from the root of the
// hierarchy; it can be named by either.
func controlGroup(name string) (directory, path string) {
	root := cgroup.Root()
	if within, ok := strings.CutPrefix(name, root+"/"); ok && root != "" {
		name = within
	} else if strings.HasPrefix(name, "/sys/fs/cgroup/") {
		return name, name // of another hierarchy: the tracer says so
	}
	path = filepath.Clean("/" + name)
	return filepath.Join(root, path), path
}
