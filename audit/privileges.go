package audit

import (
	"maps"
	"path"
	"slices"
)

// Gain is a reason to let programs gain privileges by execve(2), which
// no_new_privs forbids to a process and to all that it starts.
type Gain string

// The reasons, as the document has them.
const (
	// GainSessions: sessions of users are opened, in which sudo is to work.
	GainSessions Gain = "sessions"
	// GainUsers: programs of several users are run, likewise.
	GainUsers Gain = "users"
	// GainSetID: a program of the tree got another user or group from its file.
	GainSetID Gain = "set_id"
	// GainFileCaps: one that a user other than root ran got capabilities from its file.
	GainFileCaps Gain = "file_capabilities"
)

// Gains are all reasons, the one first that tells most.
var Gains = []Gain{GainSessions, GainUsers, GainSetID, GainFileCaps}

func (o *Observation) gains() []Gain {
	opens := func(p Program) bool { return p.OpensSessions }
	fromFile := func(p Program) bool { return p.GainsCaps && len(p.Users) > 0 }
	found := map[Gain]bool{
		GainSessions: o.Sessions > 0 || slices.ContainsFunc(o.Programs, opens),
		GainUsers:    !o.Subject.UserNamespace && o.severalUsers(),
		GainSetID:    slices.ContainsFunc(o.Programs, func(p Program) bool { return p.SetID }),
		GainFileCaps: slices.ContainsFunc(o.Programs, fromFile),
	}
	return inOrder(found)
}

func (o *Observation) logsIn() bool {
	return slices.ContainsFunc(o.Programs, func(p Program) bool { return p.OpensSessions || p.BecomesUsers })
}

// shells are what jobs and sessions are started with.
var shells = []string{"sh", "ash", "bash", "csh", "dash", "fish", "ksh", "mksh", "rbash", "tcsh", "zsh"}

// severalUsers tells what starts programs of others from a daemon that has
// accounts of its own: that one runs its own programs under them, and not two
// shells.
func (o *Observation) severalUsers() bool {
	people, byShell := map[int]bool{}, map[int]bool{}
	for _, p := range o.Programs {
		for _, uid := range p.Users {
			if isPerson(uid) {
				people[uid] = true
			}
			if slices.Contains(shells, path.Base(p.Path)) {
				byShell[uid] = true
			}
		}
	}
	return len(people) > 1 || len(byShell) > 1
}

// isPerson: accounts of people begin at 1000 (UID_MIN of login.defs(5)). What
// systemd gives services with DynamicUser= lies between others, as nobody does.
func isPerson(uid int) bool { return uid >= 1000 && (uid < 61184 || uid > 65535) }

// joinGains has what either has.
func joinGains(a, b []Gain) []Gain {
	all := map[Gain]bool{}
	for _, g := range slices.Concat(a, b) {
		note(all, g)
	}
	return inOrder(all)
}

// inOrder has what only a later version knows last.
func inOrder(found map[Gain]bool) []Gain {
	var list []Gain
	for _, g := range slices.Concat(Gains, slices.Sorted(maps.Keys(found))) {
		if found[g] && !slices.Contains(list, g) {
			list = append(list, g)
		}
	}
	return list
}
