package session

import (
	"path/filepath"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/cgroup"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// controlGroup is one with all that is in it or comes into it.
type controlGroup struct {
	adopted
	path string // from the root of the hierarchy
}

// newControlGroup takes a command for what is audited, if there is one.
func newControlGroup(s *session) (subject, error) {
	directory, path := locateGroup(s.Name)
	if len(s.Command) > 0 {
		return commandIn(s, directory, path)
	}
	running := tracer.Running{Cgroup: directory, MustExist: true, Entry: entryTo(path)}
	if s.tellApart(&running, path) {
		running.Entry = tracer.EntryByManager // what sets up a service or a container is not its
	}
	return &controlGroup{adopted{running}, path}, nil
}

// entryTo says from when on who comes into a group is recorded. Those of pods, below one that
// the kubelet calls kubepods or kubepods.slice, have a container engine put them there.
func entryTo(path string) tracer.Entry {
	for part := range strings.SplitSeq(path, "/") {
		if part == "kubepods" || part == "kubepods.slice" {
			return tracer.EntryByEngine
		}
	}
	return tracer.EntryAtOnce
}

// locateGroup is the directory of a group, and its path from the root of the
// hierarchy; it can be named by either.
func locateGroup(name string) (directory, path string) {
	root := cgroup.Root()
	if within, ok := strings.CutPrefix(name, root+"/"); ok && root != "" {
		name = within
	} else if strings.HasPrefix(name, "/sys/fs/cgroup/") {
		return name, name // of another hierarchy: the tracer says so
	}
	path = filepath.Clean("/" + name)
	return filepath.Join(root, path), path
}

func (g *controlGroup) title(int) string {
	if g.running.EachDepth > 0 {
		return "each control group below: " + console.Escape(g.path)
	}
	return "control group: " + console.Escape(g.path)
}

func (g *controlGroup) describe(f *audit.Findings) {
	f.Subject = audit.Subject{Kind: audit.SubjectCgroup, Cgroup: g.path}
}
