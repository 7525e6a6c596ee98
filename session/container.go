package session

import (
	"context"
	"fmt"
	"os"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/container"
	"github.com/cap-audit/cap-audit/tracer"
)

// containment is a container of one of the engines.
type containment struct {
	adopted
	about audit.Subject
}

// newContainer asks the engines for the container. Its control group is
// watched, so that what the engine's exec starts is seen as well; the audit
// ends with its first process.
func newContainer(s *session) (subject, error) {
	name := console.Printable(s.Name)
	if err := s.mayAskEngines(); err != nil {
		return nil, err
	}
	found, err := container.Find(context.Background(), s.Name)
	if err != nil {
		return nil, fmt.Errorf("--container %s: %w", name, err)
	}
	running := tracer.Running{PID: found.PID, Prepared: found.Prepared}
	c := &containment{adopted{running}, aboutContainer(found)}
	c.about.FromStart = found.Prepared
	directory, path := locateGroup(found.Cgroup)
	if _, err := os.Stat(directory); found.Cgroup == "" || err != nil {
		console.Warningf("--container %s: no control group (v2) of its own is seen from here: its first "+
			"process and the descendants of that are watched, not what %s exec starts", name, found.Engine)
		return c, nil
	}
	c.running.Cgroup, c.running.MustExist, c.running.Entry = directory, true, tracer.EntryByEngine
	c.about.Cgroup = path
	return c, nil
}

// mayAskEngines is for root, since they are found by the caller's environment.
func (s *session) mayAskEngines() error {
	if os.Geteuid() == 0 {
		return nil
	}
	return fmt.Errorf("--%s %s: only root can watch a %[1]s: it can hold other users' processes", s.Option,
		console.Printable(s.Name))
}

// aboutContainer is what its engine says of it.
func aboutContainer(c *container.Container) audit.Subject {
	about := audit.Subject{
		Kind:        audit.SubjectContainer,
		Name:        c.Name,
		Engine:      c.Engine,
		Image:       c.Image,
		ImageDigest: c.ImageDigest,
		ContainerID: c.ID,

		UserNamespace: c.PID != 0 && inUserNamespace(c.PID),
	}
	nameAfter(&about, c.Pod)
	return about
}

func (c *containment) title(pid int) string {
	return fmt.Sprintf("container: %s (PID %d)", console.Escape(c.about.Name), pid)
}

func (c *containment) describe(f *audit.Findings) { f.Subject = c.about }
