package container

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// locate finds the container's control group, and makes sure that the process
// is one of its own: what the engine says may be about another machine, another
// pid namespace, or a process that has ended since.
func locate(c Container) (*Container, error) {
	path, err := cgroupOf(c.PID)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s says that it runs as process %d, which is gone, or not of this pid namespace: "+
			"try again, on the host or with the engine's --pid=host", c.Engine, c.PID)
	case err != nil:
		return nil, fmt.Errorf("look up the control group of its process %d: %w", c.PID, err)
	}
	c.Cgroup = ownGroup(path, c.ID)
	if c.Cgroup == "" && sameMounts(c.PID) {
		return nil, fmt.Errorf("%s says that it runs as process %d, which is in no container as seen from here: "+
			"try again, on the host or with the engine's --pid=host", c.Engine, c.PID)
	}
	return &c, nil
}

// cgroupOf is the path of a process's cgroup v2 group as /proc/PID/cgroup has
// it, "" on a machine that has groups of version 1 only.
func cgroupOf(pid int) (string, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(raw)) {
		// "0::PATH", cgroups(7)
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSuffix(path, "\n"), nil
		}
	}
	return "", nil
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
