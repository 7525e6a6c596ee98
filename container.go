package main

import (
	"context"
	"fmt"

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
	if c.Cgroup == "" {
		warningf("--container %s: %s: its first process and the descendants of that are watched, not what %s exec starts",
			printable(s.cfg.container), c.NoCgroup, c.Engine)
	}
	s.subject = &tracer.Subject{PID: c.PID, Cgroup: c.Cgroup}
	s.about = audit.Target{
		Kind:        audit.TargetContainer,
		Name:        c.Name,
		Cgroup:      c.Cgroup,
		Engine:      c.Engine,
		Image:       c.Image,
		ContainerID: c.ID,
	}
	return nil
}
