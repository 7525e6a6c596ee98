package session

import (
	"os/user"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccounts(t *testing.T) {
	if _, err := user.Lookup("root"); err != nil {
		t.Skip("want a user database: ", err)
	}
	for name, c := range map[string]struct {
		spec     string
		uid, gid int
	}{
		"a name":                         {"root", 0, 0},
		"its number":                     {"0", 0, 0},
		"a name and a group's number":    {"root:4000000", 0, 4000000},
		"a name and a group":             {"0:root", 0, 0},
		"a user nobody knows of":         {"4000000:4000001", 4000000, 4000001},
		"the largest user and group ids": {"4294967294:4294967294", 4294967294, 4294967294},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := lookUpAccount(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if a.uid != c.uid || a.gid != c.gid {
				t.Errorf("%d:%d, want %d:%d", a.uid, a.gid, c.uid, c.gid)
			}
			id := a.identity(0b101)
			if id.UID != c.uid || id.GID != c.gid || id.Groups == nil && !id.ClearGroups {
				t.Errorf("identity %+v: the caller's groups are kept", id)
			}
			for set, got := range map[string]*uint64{
				"permitted": id.Permitted, "effective": id.Effective, "inheritable": id.Inheritable,
				"bounding": id.Bounding, "ambient": id.Ambient,
			} {
				if got == nil || *got != 0b101 {
					t.Errorf("the %s set is not the given one", set)
				}
			}
		})
	}
}

func TestNoSuchAccount(t *testing.T) {
	for name, spec := range map[string]string{
		"no user":                     ":root",
		"no group":                    "root:",
		"neither":                     ":",
		"no such user":                "no such user",
		"no such group":               "root:no such group",
		"a number without a group":    "4000000",
		"(uid_t)-1, which changes no": "4294967295:0",
		"(gid_t)-1, which changes no": "0:4294967295",
		"a number too large":          "99999999999:0",
		"a negative number":           "-1:0",
		"nothing a terminal shows":    "\x1b[2J\n",
		"a group like that":           "root:\x1b[2J\n",
	} {
		t.Run(name, func(t *testing.T) {
			a, err := lookUpAccount(spec)
			if err == nil {
				t.Fatalf("%+v", a)
			}
			if !strings.HasPrefix(err.Error(), "--as") || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%q", err)
			}
		})
	}
}

// Root is given its whole bounding set at each exec, so that is what is reduced.
func TestRootWith(t *testing.T) {
	id := rootWith(0b11)
	if id.UID != -1 || id.GID != -1 || id.ClearGroups || id.Groups != nil {
		t.Errorf("not the caller: %+v", id)
	}
	if diff := cmp.Diff([]uint64{0b11, 0b11, 0b11},
		[]uint64{*id.Permitted, *id.Effective, *id.Bounding}); diff != "" {
		t.Errorf("sets (-want +got):\n%s", diff)
	}
}
