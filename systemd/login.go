package systemd

import (
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Login is what a service is told of its user. Home and Shell are "" where they
// are not known or say nothing.
type Login struct{ Name, Home, Shell string }

// LoginOf is that of an entry of the user database (src/basic/user-util.c,
// get_user_creds with USER_CREDS_CLEAN).
func LoginOf(u *user.User) Login {
	l := Login{Name: u.Username}
	// systemd does not look nobody up, and gives it neither
	if u.Uid == strconv.Itoa(nobody) {
		return l
	}
	if filepath.IsAbs(u.HomeDir) && filepath.Clean(u.HomeDir) != "/" {
		l.Home = u.HomeDir
	}
	l.Shell = shellOf(u.Username)
	return l
}

// variables tell a service of its user (src/core/exec-invoke.c,
// build_environment).
func (l Login) variables() []string {
	var list []string
	for _, v := range []Setting{{"HOME", l.Home}, {"LOGNAME", l.Name}, {"SHELL", l.Shell}, {"USER", l.Name}} {
		if v.Value != "" {
			list = append(list, v.String())
		}
	}
	return list
}

// Environ is an environment in which the variables that name a user's things
// are as a service of this user has them; all others stay. A login without a
// name has none but PATH.
func (l Login) Environ(environ []string) []string {
	kept := slices.Clone(environ)
	for _, name := range []string{"HOME", "LOGNAME", "SHELL", "USER", "PATH"} {
		kept = without(kept, name)
	}
	return append(append(kept, pathVariable(searchPath())), l.variables()...)
}

func pathVariable(directories []string) string { return "PATH=" + strings.Join(directories, ":") }

// shellOf is the login shell of a user in /etc/passwd, "" for one that cannot
// log in.
func shellOf(name string) string {
	text, err := readRegular("/etc/passwd")
	if err != nil {
		return ""
	}
	return shellIn(string(text), name)
}

func shellIn(passwd, name string) string {
	for line := range strings.Lines(passwd) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) != 7 || fields[0] != name {
			continue
		}
		switch base := filepath.Base(fields[6]); {
		case !filepath.IsAbs(fields[6]), base == "nologin", base == "false", base == "true":
			return ""
		}
		return fields[6]
	}
	return ""
}
