package systemd

import (
	"os/user"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A home directory and a shell that say nothing are not told, as real_test.go
// shows of systemd itself.
func TestLogins(t *testing.T) {
	for name, c := range map[string]struct{ uid, home, want string }{
		"a home directory":        {"7", "/srv/x", "/srv/x"},
		"the root directory":      {"7", "/", ""},
		"the same, spelt in full": {"7", "//.", ""},
		"a relative one":          {"7", "srv", ""},
		"none":                    {"7", "", ""},
		"nobody's":                {"65534", "/srv/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := LoginOf(&user.User{Username: "no such", Uid: c.uid, HomeDir: c.home})
			if diff := cmp.Diff(Login{"no such", c.want, ""}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is another user's goes, however often it is there; all else stays, in
// its order and as it is.
func TestEnvironOfLogin(t *testing.T) {
	path := pathVariable(searchPath())
	for name, c := range map[string]struct {
		login          Login
		environ, added []string
	}{
		"a user": {Login{"anna", "/home/anna", "/bin/sh"},
			[]string{"HOME=/root", "A=1", "PATH=/root/bin", "HOME=/again", "no assignment", "SHELL", "A=2",
				"HOMEWARD=1", "USER=root", "LOGNAME=root", "SHELL=/bin/bash"},
			[]string{path, "HOME=/home/anna", "LOGNAME=anna", "SHELL=/bin/sh", "USER=anna"}},
		"one who cannot log in": {Login{"www", "/var/www", ""},
			[]string{"A=1", "no assignment", "A=2", "HOMEWARD=1", "SHELL=/bin/bash"},
			[]string{path, "HOME=/var/www", "LOGNAME=www", "USER=www"}},
		"a number that is no user's": {Login{},
			[]string{"A=1", "no assignment", "A=2", "HOMEWARD=1", "USER=root", "HOME=/root", "LOGNAME=root"},
			[]string{path}},
	} {
		t.Run(name, func(t *testing.T) {
			given := slices.Clone(c.environ)
			want := append([]string{"A=1", "no assignment", "A=2", "HOMEWARD=1"}, c.added...)
			if diff := cmp.Diff(want, c.login.Environ(c.environ)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(given, c.environ); diff != "" {
				t.Errorf("the given one has changed (-before +after):\n%s", diff)
			}
		})
	}
}
