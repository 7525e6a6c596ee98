package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/container"
	"github.com/cap-audit/cap-audit/tracer"
)

// prepareContainer asks the engines for the container of --container. Its
// control group is the subject, so that what the engine's exec starts is seen
// as well; the audit ends with its first process.
func (s *session) prepareContainer() error {
	c, err := container.Find(context.Background(), s.cfg.container)
	if err != nil {
		return fmt.Errorf("--container %s: %w", printable(s.cfg.container), err)
	}
	s.subject = &tracer.Running{PID: c.PID}
	s.about = audit.Subject{
		Kind:        audit.SubjectContainer,
		Name:        c.Name,
		Engine:      c.Engine,
		Image:       c.Image,
		ContainerID: c.ID,

		UserNamespace: inUserNamespace(c.PID),
		FromStart:     c.Prepared,
	}
	directory, path := controlGroup(c.Cgroup)
	if _, err := os.Stat(directory); c.Cgroup == "" || err != nil {
		warningf("--container %s: no control group (v2) of its own is seen from here: its first process and "+
			"the descendants of that are watched, not what %s exec starts",
			printable(s.cfg.container), c.Engine)
		return nil
	}
	s.subject.Cgroup, s.subject.MustExist, s.subject.Entry = directory, true, tracer.EntryByEngine
	s.about.Cgroup = path
	return nil
}

// describeContainer names the program of a container that began to run under
// the audit: until then its process was the engine's.
func describeContainer(f *audit.Findings) {
	if !f.Subject.FromStart {
		return
	}
	for _, p := range f.Programs {
		if p.Parent != 0 {
			f.Application.Path = p.Path
			return
		}
	}
}
