package session

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/tracer"
)

// process is one that runs, with its descendants.
type process struct {
	adopted
	userNamespace bool // it has one of its own
}

func newProcess(s *session) (subject, error) {
	pid, err := ParsePID(s.Name)
	if err != nil {
		return nil, err
	}
	return &process{adopted{tracer.Running{PID: pid}}, inUserNamespace(pid)}, nil
}

// ParsePID reads the argument of --pid.
func ParsePID(text string) (int, error) {
	pid, err := strconv.ParseInt(text, 10, 32)
	if err != nil || pid <= 0 {
		err = fmt.Errorf("--pid %s: is no process ID", console.Printable(text))
		return 0, hint.Add(err, "give a positive number")
	}
	return int(pid), nil
}

// inUserNamespace tells whether a process has another user namespace than we.
// Where that is not ours to ask (fs/proc/namespaces.c, PTRACE_MODE_READ_FSCREDS),
// the map of its users, which all may read, is another.
func inUserNamespace(pid int) bool {
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/ns/user", pid))
	if err == nil {
		ours, err := os.Stat("/proc/self/ns/user")
		return err == nil && !os.SameFile(theirs, ours)
	}
	theirMap, err1 := os.ReadFile(fmt.Sprintf("/proc/%d/uid_map", pid))
	ourMap, err2 := os.ReadFile("/proc/self/uid_map")
	return err1 == nil && err2 == nil && !bytes.Equal(theirMap, ourMap)
}

func (p *process) title(pid int) string { return fmt.Sprintf("process: %d", pid) }

func (p *process) describe(f *audit.Findings) {
	f.Subject = audit.Subject{Kind: audit.SubjectPID, UserNamespace: p.userNamespace}
}
