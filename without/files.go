package without

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/objects"
)

// Permissions, as a class of users has them.
const (
	execute = 1 << iota
	write
	readable
)

// account is who is to be let in.
func (a *asking) account() string { return cmp.Or(a.Account, a.becomes(), "ACCOUNT") }

// access is how the account comes to what it lacks (fs/namei.c, generic_permission()), by the smallest step:
// as the owner, by the group that may do it already, in its own directory, by an entry of its own.
func access(a *asking, u Use) (way, bool) {
	o, wanted := u.Object, a.wanted(u.Object.Path)
	mode, err := strconv.ParseUint(o.Mode, 8, 32)
	directory := o.Type == "directory"
	if !settable(o) || err != nil || !by(u, wanted) {
		return none()
	}
	switch {
	case o.Owner == a.becomes():
		return startAs(o.Owner)
	case o.Owner == a.Account:
		return with("chmod u+"+letters(wanted)+" %", o.Path, both)
	case mode>>3&wanted == wanted && o.Group != "root":
		return with("SupplementaryGroups=%"+inUnit, o.Group, both)
	case a.ownDirectory(o) != "":
		return plainly(a.ownDirectory(o) + inUnit)
	case directory && wanted&write != 0 && ofTheSystem(o.Path):
		return a.elsewhere(o.Path)
	case forEverybody(o.Path), !plain(a.account()):
		return none()
	}
	return with("setfacl -m u:"+a.account()+":"+letters(wanted)+" %", o.Path, both)
}

// by: the call is one of which it is known what it wants. access(2) asks for what is to be done later.
func by(u Use, wanted uint64) bool {
	return !u.by("access", "faccessat", "faccessat2", "open_by_handle_at") || wanted&^readable == 0
}

// wanted are the permissions for a file that all uses take together. DAC_OVERRIDE, of which the kernel
// thinks last, is asked for more than to read, or to go through a directory.
func (a *asking) wanted(path string) uint64 {
	var wanted uint64
	for _, u := range a.uses {
		o := u.Object
		more := u.Capability == unix.CAP_DAC_OVERRIDE
		switch directory := o.Type == "directory"; {
		case o.Path != path || !more && u.Capability != unix.CAP_DAC_READ_SEARCH:
		case directory && more:
			wanted |= readable | write | execute
		case directory && strings.HasPrefix(o.Given, o.Path+"/"):
			wanted |= execute // on the way to something else
		case directory, u.by("execve", "execveat"):
			wanted |= readable | execute
		case more:
			wanted |= readable | write
		default:
			wanted |= readable
		}
	}
	return wanted
}

func letters(permissions uint64) string {
	text := ""
	for i, letter := range []string{"x", "w", "r"} {
		if permissions>>i&1 == 1 {
			text = letter + text
		}
	}
	return text
}

// settable: who may do what with it can be set once and for all. That goes for no file that the kernel makes.
func settable(o objects.Object) bool {
	return o.Kind == objects.File && path.IsAbs(o.Path) && !strings.HasPrefix(o.Path, "/proc/") &&
		!strings.HasPrefix(o.Path, "/sys/")
}

// forEverybody: nobody gives one account a share in it, or it would not outlast a reboot.
func forEverybody(file string) bool {
	accounts := []string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers"}
	return ofTheSystem(file) && file != "/root" || slices.Contains(accounts, file) ||
		strings.HasPrefix(file, "/dev/") || strings.HasPrefix(file, "/run/")
}

// ofTheSystem are directories that many programs share.
func ofTheSystem(file string) bool {
	above := path.Dir(file)
	return above == "/" || above == "/var" || file == "/usr" || strings.HasPrefix(file, "/usr/")
}

// directories are those in which systemd makes one for a service, and gives it to its account, with what
// is in there (systemd.exec(5), RuntimeDirectory=). What it makes by ConfigurationDirectory= stays root's.
var directories = []struct{ above, setting string }{
	{"/run", "RuntimeDirectory="}, {"/var/run", "RuntimeDirectory="}, {"/var/lib", "StateDirectory="},
	{"/var/cache", "CacheDirectory="}, {"/var/log", "LogsDirectory="},
}

// ownDirectory is the setting for the program's own directory, "" where a file is not in one that this could
// be, or belongs to somebody else already: all in there would be taken from them.
func (a *asking) ownDirectory(o objects.Object) string {
	if a.Account == "" || a.Account == "root" || o.Owner != "root" {
		return ""
	}
	for _, d := range directories {
		rest, found := strings.CutPrefix(o.Path, d.above+"/")
		name, _, below := strings.Cut(rest, "/")
		if found && (below || o.Type == "directory") && a.named(name) {
			return d.setting + name
		}
	}
	return ""
}

// named: a directory is called after the program. chronyd's is chrony.
func (a *asking) named(name string) bool {
	return plain(name) && slices.ContainsFunc(a.Names, func(own string) bool {
		return name == own || name == strings.TrimSuffix(own, "d")
	})
}

// elsewhere is a directory of its own for what it makes in one of the system's.
func (a *asking) elsewhere(file string) (way, bool) {
	for _, d := range directories {
		if file == d.above && len(a.Names) > 0 {
			return with(d.setting+"%"+inUnit+", with its file in "+file+"/%", a.Names[0], only)
		}
	}
	return none()
}

// chown: who has a file may give it to groups of theirs, and to themselves (fs/attr.c, chown_ok() and
// chgrp_ok()). What runs as root, as far as is known, has root's.
func chown(a *asking, u Use) (way, bool) {
	o, user, group := u.Object, u.asked("to user "), u.asked("to group ")
	own := o.Owner != "" && (o.Owner == a.Account || a.Account == "" && o.Owner == "root")
	switch {
	case own && (user == "" || user == o.Owner) && group != "" && group != "root":
		return with("SupplementaryGroups=%"+inUnit, group, both)
	case user != "" && user == a.becomes():
		return startAs(user)
	case user != "" && user != "root":
		// as if it ran as that user, to which it is about to give its directory
		as := &asking{Program{Account: user, Names: a.Names}, nil}
		if setting := as.ownDirectory(o); setting != "" {
			return with(setting+inUnit+", and User=%", user, only)
		}
	}
	return none()
}

// own: only who a file belongs to may do that (fs/inode.c, inode_owner_or_capable()).
func own(a *asking, u Use) (way, bool) {
	switch o := u.Object; {
	case !settable(o) || !plain(a.account()):
		return none()
	case a.ownDirectory(o) != "":
		return plainly(a.ownDirectory(o) + inUnit)
	case o.Owner == a.becomes():
		return startAs(o.Owner)
	case o.Owner != "root" && (a.Account == "" || a.Account == "root"):
		return a.runAs(o.Owner)
	case o.Owner != "root", a.Account == "root", forEverybody(o.Path):
		return none()
	default:
		return with("chown "+a.account()+" %", o.Path, both)
	}
}
