package session

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/tracer"
)

// command is one that the caller names, and who it runs as.
type command struct {
	launched
	cgroup string // path of the control group to start in, "" for the caller's
	// account and group, "" for the caller's and the account's own
	runAs, runAsGroup string
}

func newCommand(s *session) (subject, error) { return commandIn(s, "", "") }

// commandIn is a command that starts in the control group whose directory and
// path these are.
func commandIn(s *session, directory, path string) (subject, error) {
	c := &command{cgroup: path, launched: launched{identity: asCaller, follow: s.Follow}}
	c.target.Cgroup, c.target.Argv, c.target.Shell = directory, s.Command, true
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
	c.runAs, c.runAsGroup, c.identity = account.name, account.group, account.identity
	if !s.CallersEnvironment {
		err = c.settleIn(account)
	}
	return c, err
}

// settleIn gives the command what a service of the account finds: its
// environment, and a working directory that is not closed to it. In the caller's
// it would look around with capabilities that this alone takes. The program is
// the one that the caller's PATH named before.
func (c *command) settleIn(a *account) error {
	c.target.Env = a.login.Environ(tracer.Environ())
	if a.uid == 0 {
		return nil // root has its capabilities by being root, wherever it is
	}
	may := false
	dir, err := unix.Getwd()
	if err == nil { // else no path leads to it
		at := tracer.Target{Path: c.target.Path, Identity: a.powerless()}
		at.Surroundings.Dir = dir
		if may, err = tracer.CanEnter(at); err != nil {
			return err
		}
	}
	if may {
		c.target.Env = inDirectory(c.target.Env, dir)
		return nil
	}
	console.Warningf("--as %s: that user may not enter the working directory %s: the command starts in /, "+
		"where relative paths lead elsewhere",
		console.Printable(a.name), console.Printable(dir))
	c.target.Surroundings.Dir = "/"
	c.target.Env = inDirectory(c.target.Env, "/")
	c.target.Path, err = filepath.Abs(c.target.Path)
	return err
}

// inDirectory is an environment for a process that starts in a directory. Where
// the caller's shell was before, and by which links it came, is nothing to it:
// bash looks there when it starts (5.2, variables.c, set_pwd()).
func inDirectory(environ []string, dir string) []string {
	var list []string
	for _, v := range environ {
		switch {
		case strings.HasPrefix(v, "OLDPWD="):
		case strings.HasPrefix(v, "PWD="):
			list = append(list, "PWD="+dir)
		default:
			list = append(list, v)
		}
	}
	return list
}

// asCaller is the identity of a run with the caller's own account.
func asCaller(set uint64) *capng.Identity {
	if set == everything {
		return nil
	}
	return rootWith(set)
}

func (c *command) describe(f *audit.Findings) {
	f.Subject = audit.Subject{Kind: audit.SubjectCommand, Cgroup: c.cgroup}
	f.RunAs, f.RunAsGroup = c.runAs, c.runAsGroup
}
