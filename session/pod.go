package session

import (
	"context"
	"fmt"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/container"
	"github.com/cap-audit/cap-audit/tracer"
)

// pod is one of Kubernetes with all its containers.
type pod struct {
	adopted
	about audit.Subject
}

// newPod asks the runtime for the pod. Watched is the group that its containers' groups are
// in, and the audit ends when nothing is left in there: the sandbox's process ends with the pod.
func newPod(s *session) (subject, error) {
	name := console.Printable(s.Name)
	if err := s.mayAskEngines(); err != nil {
		return nil, err
	}
	found, err := container.FindPod(context.Background(), s.Name)
	if err != nil {
		return nil, fmt.Errorf("--pod %s: %w", name, err)
	}
	directory, path := locateGroup(found.Cgroup)
	about := audit.Subject{Kind: audit.SubjectPod, Name: found.String(), Cgroup: path, Engine: found.Engine}
	nameAfter(&about, found.Pod)
	for _, c := range found.Containers {
		about.UserNamespace = about.UserNamespace || c.PID != 0 && inUserNamespace(c.PID)
	}
	running := tracer.Running{Cgroup: directory, MustExist: true, Entry: tracer.EntryByEngine}
	s.tellApart(&running, path)
	return &pod{adopted{running}, about}, nil
}

// nameAfter says of what is audited which pod it is, or is in.
func nameAfter(about *audit.Subject, p container.Pod) {
	about.Namespace, about.Pod, about.PodUID = p.Namespace, p.Name, p.UID
}

func (p *pod) title(int) string { return "pod: " + console.Escape(p.about.Name) }

func (p *pod) describe(f *audit.Findings) { f.Subject = p.about }
