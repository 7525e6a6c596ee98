package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// A program with file capabilities is not executed where the bounding set lacks
// one of them. So they are in the set, though nothing used them, and with that
// set the program starts.
func TestFileCapabilitiesOfDescendants(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	capable := installed(t, dir, built("show"), 0o755)
	setFileCaps(t, capable, unix.CAP_KILL, unix.CAP_NET_ADMIN)
	run := script(t, filepath.Join(dir, "run"), "#!/bin/sh\n"+capable+" exit 0 || exit 1\n")
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"by its path":         {capable + " exit 0", []string{"kill", "net_admin"}},
		"by a relative path":  {"./show exit 0", []string{"kill", "net_admin"}},
		"one that is gone":    {"ln show x; ./x exit 0 || exit 1; rm x", []string{}},
		"one that is another": {"ln show y; ./y exit 0 || exit 1; rm y; cp show y", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			path := script(t, filepath.Join(t.TempDir(), "script"), "#!/bin/sh\n"+c.script+"\nexit 0\n")
			cmd := capAudit(t, "-j", "--", path)
			cmd.Dir = dir
			d := documentOf(t, cmd)
			d.wholeAndConsistent(t)
			if diff := cmp.Diff(c.want, d.Recommended); diff != "" {
				t.Errorf("recommended (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("verified", func(t *testing.T) {
		r := finish(t, capAudit(t, "-o", "/dev/stdout", "--verify", "--", run))
		text := strings.Join(strings.Fields(string(r.stdout)), " ")
		for _, want := range []string{"its file has kill, net_admin", "bounding set alone: kill, net_admin",
			"Proven: "} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, r.stdout)
			}
		}
	})
	t.Run("one that is lacking", func(t *testing.T) {
		cmd := command(t, tool(t, "setpriv"), "--bounding-set=-kill", run)
		if r := finish(t, cmd); r.status == 0 || !strings.Contains(string(r.stderr), "ermitted") {
			t.Errorf("status %d, %s: this kernel executes it all the same", r.status, r.stderr)
		}
	})
}

// The kernel insists only on what the file raises at once.
func TestFileCapabilitiesThatAreNotRaised(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	capable := installed(t, dir, built("show"), 0o755)
	setFileCaps(t, capable, unix.CAP_KILL)
	raw := make([]byte, 20)
	n, err := unix.Getxattr(capable, "security.capability", raw)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] &^= 1 // VFS_CAP_FLAGS_EFFECTIVE, little endian
	if err := unix.Setxattr(capable, "security.capability", raw[:n], 0); err != nil {
		t.Fatal(err)
	}
	run := script(t, filepath.Join(dir, "run"), "#!/bin/sh\n"+capable+" exit 0; exit 0\n")
	if d := audited(t, run); slices.Contains(d.Recommended, "kill") {
		t.Errorf("recommended: %q", d.Recommended)
	}
}

// The set-user-ID bit is the executed file's, whatever has become of it.
func TestSetUserIDOfFileThatIsGone(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	setuid := installed(t, dir, built("show"), 0o4755)
	run := script(t, filepath.Join(dir, "run"), "#!/bin/sh\n./show exit 0; rm show\n")
	cmd := capAudit(t, "--emit", "systemd", "--", run)
	cmd.Dir = dir
	r := finish(t, cmd)
	if _, err := os.Stat(setuid); err == nil || !strings.Contains(string(r.stdout), "Set-user-ID") {
		t.Errorf("%v\n%s", err, r.stdout)
	}
}

// So is it where one relative path is of two files, whichever runs first.
func TestSetUserIDByARelativePath(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	for place, mode := range map[string]uint32{"plain": 0o755, "setuid": 0o4755} {
		if err := os.Mkdir(filepath.Join(dir, place), 0o755); err != nil {
			t.Fatal(err)
		}
		installed(t, filepath.Join(dir, place), built("show"), mode)
	}
	for _, order := range [][]string{{"plain", "setuid"}, {"setuid", "plain"}} {
		cmd := capAudit(t, "--emit", "systemd", "--", "/bin/sh", "-c",
			"cd "+order[0]+"; ./show exit 0; cd ../"+order[1]+"; ./show exit 0; exit 0")
		cmd.Dir = dir
		if r := finish(t, cmd); !strings.Contains(string(r.stdout), "Set-user-ID") {
			t.Errorf("%q:\n%s", order, r.stdout)
		}
	}
}
