package session

import (
	"context"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/container"
)

// Engines are asked once more about groups that they said nothing of: one may have been about to
// start. The pause doubles each time.
const (
	firstPauseOfAsking = time.Second
	mostAsks           = 7 // in a minute
)

// groupNames are what engines say of control groups, by path.
type groupNames struct {
	// ask asks all engines, nil where they must not be.
	ask      func(context.Context, []string) (map[string]container.Container, error)
	subjects map[string]audit.Subject
	unknown  map[string]asked
	// silent: the last time an engine could not tell; warned: that has been said.
	silent, warned bool
}

// asked is how often a group was asked about in vain, and when it is worth it again.
type asked struct {
	times int
	again time.Time
}

func newGroupNames() *groupNames {
	return &groupNames{subjects: map[string]audit.Subject{}, unknown: map[string]asked{}}
}

// subject is what is known of a group.
func (n *groupNames) subject(path string) audit.Subject {
	if about, known := n.subjects[path]; known {
		return about
	}
	return audit.Subject{Kind: audit.SubjectCgroup, Cgroup: path}
}

// learn asks about the groups that are new, while engines know them: a container that has ended
// can be forgotten soon.
func (n *groupNames) learn(ctx context.Context, groups []string, now time.Time) {
	var due []string
	for _, path := range groups {
		_, known := n.subjects[path]
		if before := n.unknown[path]; !known && before.times < mostAsks && !now.Before(before.again) {
			due = append(due, path)
		}
	}
	if n.ask == nil || len(due) == 0 {
		return
	}
	named, err := n.ask(ctx, due)
	if ctx.Err() != nil { // not the engine's fault
		return
	}
	n.silent = err != nil
	if n.silent && !n.warned {
		n.warned = true
		console.Warningf("reports tell control groups in the place of containers: %v", err)
	}
	for _, path := range due {
		if c, ok := named[path]; ok {
			n.subjects[path] = subjectOf(&c, path)
			delete(n.unknown, path)
		} else {
			times := n.unknown[path].times
			n.unknown[path] = asked{times + 1, now.Add(firstPauseOfAsking << times)}
		}
	}
}

// subjectOf is the container that has a group; or its pod, of which it is the sandbox.
func subjectOf(c *container.Container, group string) audit.Subject {
	about := audit.Subject{Kind: audit.SubjectCgroup}
	if c.Name != "" {
		about = aboutContainer(c)
	} else {
		nameAfter(&about, c.Pod)
	}
	about.Cgroup = group
	return about
}
