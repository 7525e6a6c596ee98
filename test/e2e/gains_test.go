package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// What starts the sessions or jobs of users is not advised to forbid new
// privileges, and no report that is made from its report is; a daemon with an
// account of its own is.
func TestNewPrivileges(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	capable := installed(t, dir, built("show"), 0o755)
	setFileCaps(t, capable, unix.CAP_NET_BIND_SERVICE)
	setpriv := tool(t, "setpriv")
	by := func(uid, command string) string {
		return setpriv + " --reuid=" + uid + " --regid=" + uid + " --clear-groups " + command + "\n"
	}
	const login = "echo 0 >/proc/self/loginuid && exec true"
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"root alone":          {"sh -c :\n", []string{}},
		"an account":          {by("1", "sh -c :") + by("1", "true"), []string{}},
		"two accounts":        {by("1", "true") + by("2", "sleep 0"), []string{}},
		"shells of two":       {by("1", "sh -c :") + by("2", "sh -c :"), []string{"users"}},
		"two people":          {by("1001", "true") + by("1002", "true"), []string{"users"}},
		"a login":             {"(" + login + ")\n", []string{"sessions"}},
		"file capabilities":   {by("1", capable+" exit 0"), []string{"file_capabilities"}},
		"they give root none": {capable + " exit 0\n", []string{}},
		"a login, two accounts": {"(" + login + ")\n" + by("1", "sh -c :") + by("2", "sh -c :"),
			[]string{"sessions", "users"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat("/proc/self/loginuid"); strings.Contains(c.script, login) && err != nil {
				t.Skipf("wanted a kernel that knows login sessions: %v", err)
			}
			run := script(t, filepath.Join(t.TempDir(), "run"), "#!/bin/sh\n"+c.script+"exit 0\n")
			report := filepath.Join(t.TempDir(), "report")
			for _, form := range []string{"json", "yaml"} {
				finish(t, capAudit(t, "--format", form, "-o", report, "--", run))
				if form == "json" {
					if diff := cmp.Diff(c.want, decodeFile(t, report).NewPrivileges); diff != "" {
						t.Fatalf("new privileges (-want +got):\n%s", diff)
					}
				}
				for kind, forbids := range map[string]string{"systemd": "NoNewPrivileges=yes",
					"quadlet": "NoNewPrivileges=true", "docker": "no-new-privileges"} {
					r := finish(t, command(t, capAuditPath, "--emit", kind, "--merge", report))
					if strings.Contains(string(r.stdout), forbids) != (len(c.want) == 0) {
						t.Errorf("%s, %s:\n%s%s", form, kind, r.stdout, r.stderr)
					}
				}
			}
		})
	}
}
