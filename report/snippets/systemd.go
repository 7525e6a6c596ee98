package snippets

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Systemd is the part of a unit file that gives a service its capabilities.
// systemd ignores names that are not spelt CAP_….
func Systemd(a Advice) string {
	set := strings.Join(spell(a.Grant, capng.Constant), " ")
	unit := "[Service]\n"
	ambient := "AmbientCapabilities=" + set + "\n"
	switch {
	case a.User != "" && accountName.MatchString(a.User):
		unit += "User=" + a.User + "\n"
	case switchesUser(a.Grant):
		// such a daemon wants to begin as root, where ambient capabilities
		// add nothing to the bounding set
		unit += "# It starts as root and changes to an account of its own: no User= here.\n"
		ambient = ""
	default:
		unit += "# Name an unprivileged account here, or set DynamicUser=yes. As root the\n" +
			"# service would still own the files of root.\n#User=\n"
	}
	return unit + ambient + "CapabilityBoundingSet=" + set + "\nNoNewPrivileges=yes"
}

// accountName is what systemd takes for a user (man systemd.exec, "strict"
// syntax): --as also takes numbers and groups.
var accountName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,30}$`)

// switchesUser: it may change both its user and its groups, as daemons do that
// give up root by themselves.
func switchesUser(grant []int) bool {
	const setgid, setuid = 6, 7 // uapi/linux/capability.h
	return slices.Contains(grant, setgid) && slices.Contains(grant, setuid)
}
