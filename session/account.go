package session

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/systemd"
)

// account is who --as names.
type account struct {
	name     string
	group    string // as --as has it, "" for the account's own
	uid, gid int
	groups   []int
	login    systemd.Login
}

// lookUpAccount reads USER[:GROUP]; either can be a number. Without GROUP it
// is the user's own, with the supplementary groups that a login would get.
func lookUpAccount(spec string) (*account, error) {
	name, group, hasGroup := strings.Cut(spec, ":")
	if name == "" || hasGroup && group == "" {
		return nil, fmt.Errorf("--as %s: give a user, or a user and a group as in USER:GROUP",
			console.Printable(spec))
	}
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	a := &account{name: name, group: group}
	switch {
	case err == nil:
		a.uid, a.gid, a.login = number(u.Uid), number(u.Gid), systemd.LoginOf(u)
		ids, err := u.GroupIds()
		if err != nil {
			return nil, fmt.Errorf("--as %s: look up the user's groups: %w", console.Printable(name), err)
		}
		for _, id := range ids {
			a.groups = append(a.groups, number(id))
		}
	case isNumber(name) && hasGroup:
		a.uid = number(name) // as useful as any: no such user is needed to own files
	case isNumber(name):
		return nil, hint.Addf(fmt.Errorf("--as %s: no such user", name),
			"a number without a user needs a group: %s:GROUP", name)
	default:
		return nil, hint.Add(fmt.Errorf("--as %s: no such user", console.Printable(name)),
			"see getent passwd")
	}
	if hasGroup {
		if a.gid, err = lookUpGroup(group); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func lookUpGroup(name string) (int, error) {
	if g, err := user.LookupGroup(name); err == nil {
		return number(g.Gid), nil
	}
	if isNumber(name) {
		return number(name), nil
	}
	return 0, hint.Add(fmt.Errorf("--as: no group %s", console.Printable(name)), "see getent group")
}

// maxID is the largest user or group id: (uid_t)-1 means "no change".
const maxID = 1<<32 - 2

func isNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && n <= maxID
}

func number(s string) int {
	n, _ := strconv.ParseUint(s, 10, 32)
	return int(n)
}

var errNotRoot = errors.New("--service, --as, --verify and --minimize set the target's identity and " +
	"capabilities: run as root")

// identity is the account with a set of capabilities, all of them ambient: a
// program of an ordinary user keeps over exec what is ambient, and nothing else.
func (a *account) identity(set uint64) *capng.Identity {
	if set == everything {
		set = capng.Bounding()
	}
	return &capng.Identity{
		UID: a.uid, GID: a.gid, Groups: a.groups, ClearGroups: len(a.groups) == 0,
		Permitted: &set, Effective: &set, Inheritable: &set, Bounding: &set, Ambient: &set,
	}
}

// powerless is the account without any.
func (a *account) powerless() *capng.Identity {
	id := a.identity(0)
	id.Bounding = nil // to reduce it takes CAP_SETPCAP, and matters to no one
	return id
}

// rootWith is the caller, root, with a smaller set. Its bounding set is what
// counts: root's programs are given all of that (capabilities(7), "Capabilities
// and execution of programs by root").
// They are also given what they could inherit (security/commoncap.c,
// handle_privileged_root()).
func rootWith(set uint64) *capng.Identity {
	sets, _ := capng.Current()
	inheritable := sets.Inheritable & set
	return &capng.Identity{UID: -1, GID: -1, Permitted: &set, Effective: &set, Inheritable: &inheritable,
		Bounding: &set}
}
