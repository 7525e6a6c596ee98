package snippets

import (
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/lazy"
)

// Systemd is the part of a unit file that gives a service its capabilities.
// systemd ignores names that are not spelt CAP_….
//
// A program of another user than root has what is ambient. One of root is given
// the bounding set (capabilities(7), "Capabilities and execution of programs by
// root"), to which ambient capabilities add nothing. no_new_privs takes neither
// away, and file capabilities only where they go beyond the set.
func Systemd(a Advice) string {
	if a.Subject.Service() {
		return dropin(a)
	}
	unit := "[Service]\n"
	ambient := assignment("AmbientCapabilities", a.held()) + "\n"
	hint := strings.TrimSuffix(a.gainHint(), "\n")
	switch {
	case a.User != "root" && accountName().MatchString(a.User):
		unit += "User=" + a.User + "\n"
		if accountName().MatchString(a.Group) {
			unit += "Group=" + a.Group + "\n"
		}
	case a.startsAsRoot() && a.SwitchesUser:
		unit += "# It starts as root and changes to an account of its own: no User= here.\n"
		ambient = ""
	case a.startsAsRoot():
		unit += "# It opens sessions of users, which takes root: no User= here. In them sudo\n" +
			"# takes new privileges: no NoNewPrivileges= here.\n"
		ambient, hint = "", ""
	case a.Unprivileged:
		unit += "# Name the account here, or set DynamicUser=yes.\n#User=\n"
	default:
		unit += "# Name an unprivileged account here, or set DynamicUser=yes: as root the\n" +
			"# service would still own the files of root. Another user can need more:\n" +
			"# audit it with --as.\n#User=\n"
	}
	unit += ambient + assignment("CapabilityBoundingSet", a.Grant)
	switch {
	case hint != "":
		unit += "\n" + hint
	case len(a.Gains) == 0:
		unit += "\nNoNewPrivileges=yes"
	}
	return unit
}

// UnitLines are these lines for whoever has a unit already.
func UnitLines(a Advice) string {
	lines := Systemd(a)
	if a.Subject.Service() {
		return lines
	}
	note := "# Where a unit has one of these lines, change it: a second one adds to it.\n"
	return strings.Replace(lines, "\n", "\n"+note, 1)
}

// startsAsRoot: it becomes other users by itself.
func (a Advice) startsAsRoot() bool {
	return !a.Unprivileged && (a.SwitchesUser || slices.Contains(a.Gains, audit.GainSessions))
}

// assignment gives a setting a set.
func assignment(key string, list []int) string {
	return continued(key+"=", spell(list, capng.Constant))
}

// dropin is for a unit that exists and says who runs it. A second assignment
// adds to the first, so an empty one comes before it (systemd.exec(5)).
// NoNewPrivileges= stays what it was under the audit.
//
// A unit that ran as configured needs no ambient capability that it did not
// have: what it was granted without, it has as root or from a file. Those that
// are not granted have to go, since none can be raised that the bounding set lacks.
func dropin(a Advice) string {
	lines := []string{"[Service]"}
	assign := func(key string, list []int) {
		lines = append(lines, SetOfUnit{list, true}.assign(key, assignment)...)
	}
	assign("CapabilityBoundingSet", a.Grant)
	switch {
	case len(a.Ambient) > 0 || a.Limited:
		assign("AmbientCapabilities", slices.DeleteFunc(slices.Clone(a.Ambient),
			func(n int) bool { return !slices.Contains(a.Grant, n) }))
	case a.Unprivileged && !a.Subject.Adopted():
		assign("AmbientCapabilities", a.held())
	}
	return strings.Join(lines, "\n")
}

// accountName is what systemd takes for a user (man systemd.exec, "strict"
// syntax): --as also takes numbers and groups.
var accountName = lazy.Regexp(`^[a-z_][a-z0-9_-]{0,30}$`)
