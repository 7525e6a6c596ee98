package systemd

import (
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/hint"
)

// Account is who a service runs as.
type Account struct {
	// UID and GID are -1 where systemd leaves its own, which are root's.
	UID, GID int
	// Groups are the supplementary ones, UserGroups those of them that the user
	// is in.
	Groups, UserGroups []int
	// Named and Group are what User= and Group= name, "" for nothing.
	Named, Group string
	Login
}

// nobody is the user that stands in for one that DynamicUser= would make.
const nobody = 65534

// maxGroups bounds how many groups are looked up.
const maxGroups = 1024

// maxID is the largest user or group id: (uid_t)-1 means "no change".
const maxID = 1<<32 - 2

func parseID(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil && n <= maxID
}

// account looks up User=, Group= and SupplementaryGroups= (src/core/exec-invoke.c,
// get_fixed_user, get_fixed_group, get_supplementary_groups).
func (f *File) account(dynamic bool) (*Account, error) {
	a := &Account{UID: -1, GID: -1}
	name, err := f.expand(f.last("User"))
	if err != nil {
		return nil, fmt.Errorf("User=: %w", err)
	}
	group, err := f.expand(f.last("Group"))
	if err != nil {
		return nil, fmt.Errorf("Group=: %w", err)
	}
	a.Named, a.Group = name, group
	if name == "" && dynamic {
		name = strings.TrimSuffix(f.Name, serviceSuffix)
	}
	if name != "" {
		if err := a.setUser(name, dynamic); err != nil {
			return nil, err
		}
	}
	if group != "" {
		if a.GID, err = lookUpGroup("Group", group); err != nil {
			if !dynamic || a.UID != nobody {
				return nil, err
			}
			a.GID = nobody
		}
	}
	var extra []int
	for _, value := range f.values("SupplementaryGroups") {
		words, _ := allWords(value, quoted)
		for _, word := range words {
			if word, err = f.expand(word); err != nil {
				return nil, fmt.Errorf("SupplementaryGroups=: %w", err)
			}
			gid, err := lookUpGroup("SupplementaryGroups", word)
			if err != nil {
				return nil, err
			}
			if extra = append(extra, gid); len(extra) > maxGroups {
				return nil, fmt.Errorf("SupplementaryGroups= has more than %d groups", maxGroups)
			}
		}
	}
	// as initgroups(3), which systemd calls for every user but root's group
	if name != "" && a.GID > 0 {
		a.UserGroups = sorted(append(a.UserGroups, a.GID))
	} else {
		a.UserGroups = nil
	}
	a.Groups = sorted(slices.Concat(a.UserGroups, extra))
	return a, nil
}

func sorted(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}

func (a *Account) setUser(name string, dynamic bool) error {
	u, err := user.Lookup(name)
	if err != nil {
		if u2, err2 := user.LookupId(name); err2 == nil {
			u, err = u2, nil
		}
	}
	switch {
	case err == nil:
		a.UID, _ = parseID(u.Uid)
		a.GID, _ = parseID(u.Gid)
		if a.Name = u.Username; !dynamic { // systemd looks up no home for a dynamic user
			a.Login = LoginOf(u)
		}
		ids, err := u.GroupIds()
		if err != nil {
			return fmt.Errorf("User=%s: look up the user's groups: %w", name, err)
		}
		for _, id := range ids {
			// the primary group is among them, and Group= may take its place
			if gid, ok := parseID(id); ok && gid != a.GID {
				a.UserGroups = append(a.UserGroups, gid)
			}
		}
	case dynamic:
		a.Name, a.UID, a.GID = name, nobody, nobody
	default:
		return hint.Add(fmt.Errorf("User=%s: no such user", name), "make it, or set DynamicUser=yes")
	}
	return nil
}

func lookUpGroup(key, name string) (int, error) {
	if g, err := user.LookupGroup(name); err == nil {
		gid, _ := parseID(g.Gid)
		return gid, nil
	}
	if gid, ok := parseID(name); ok {
		return gid, nil
	}
	return 0, hint.Add(fmt.Errorf("%s=%s: no such group", key, name), "see getent group")
}
