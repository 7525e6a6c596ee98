package container

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/cap-audit/cap-audit/cgroup"
)

// locate finds the container's control group, and makes sure that the process
// is one of its own: what the engine says may be about another machine, another
// pid namespace, or a process that has ended since.
func locate(c Container) (*Container, error) {
	path, err := groupOf(c)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s says that it runs as process %d, which is gone, or not of this pid "+
			"namespace: try again, on the host or with the engine's --pid=host", c.Engine, c.PID)
	case err != nil:
		return nil, fmt.Errorf("look up the control group of its process %d: %w", c.PID, err)
	}
	c.Cgroup = path
	if c.Cgroup == "" && sameMounts(c.PID) {
		return nil, fmt.Errorf("%s says that it runs as process %d, which is in no container as seen from "+
			"here: try again, on the host or with the engine's --pid=host", c.Engine, c.PID)
	}
	return &c, nil
}

// groupOf is the path of the group that the engine has made for a container, "" for none.
func groupOf(c Container) (string, error) {
	if c.PID == 0 {
		return "", nil
	}
	group, err := cgroup.Of(c.PID)
	if err != nil {
		return "", err
	}
	return cgroup.Seen(ownGroup(group, c.ID)), nil
}

// ownGroup cuts a path down to the group that the engine made for the
// container: its name is the ID, or ends in it, as in libpod-ID,
// docker-ID.scope and cri-containerd:ID. The process itself may be further
// down, where it or crun has put it. "" if there is none.
func ownGroup(path, id string) string {
	named := regexp.MustCompile(`(^|[-:])` + regexp.QuoteMeta(id) + `(\.scope)?$`)
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if named.MatchString(part) {
			return strings.Join(parts[:i+1], "/")
		}
	}
	return ""
}

// sameMounts tells whether a process shares our mount namespace, which no
// container does.
func sameMounts(pid int) bool {
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/ns/mnt", pid))
	if err != nil {
		return false
	}
	ours, err := os.Stat("/proc/self/ns/mnt")
	return err == nil && os.SameFile(theirs, ours)
}
