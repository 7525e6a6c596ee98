package session

import (
	"fmt"
	"os"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// command is one that the caller names, and who it runs as.
type command struct {
	launched
	cgroup string // path of the control group to start in, "" for the caller's
	runAs  string // account, "" for the caller's
}

func newCommand(s *session) (subject, error) { return commandIn(s, "", "") }

// commandIn is a command that starts in the control group whose directory and
// path these are.
func commandIn(s *session, directory, path string) (subject, error) {
	c := &command{cgroup: path, launched: launched{identity: asCaller, follow: s.Follow}}
	c.target.Cgroup, c.target.Argv = directory, s.Command
	var err error
	if c.target.Path, err = tracer.Resolve(s.Command[0]); err != nil {
		return nil, err
	}
	if (s.As != "" || s.proves()) && os.Geteuid() != 0 {
		return nil, errNotRoot
	}
	if s.As == "" {
		return c, nil
	}
	account, err := lookUpAccount(s.As)
	if err != nil {
		return nil, err
	}
	c.runAs, c.identity = account.name, account.identity
	return c, nil
}

// asCaller is the identity of a run with the caller's own account.
func asCaller(set uint64) *capng.Identity {
	if set == everything {
		return nil
	}
	return rootWith(set)
}

func (c *command) title(pid int) string {
	return fmt.Sprintf("application: %s (PID %d)", console.Printable(c.target.Path), pid)
}

func (c *command) describe(f *audit.Findings) {
	f.Subject = audit.Subject{Kind: audit.SubjectCommand, Cgroup: c.cgroup}
	f.RunAs = c.runAs
}
