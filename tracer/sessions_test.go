package tracer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Who opens sessions shows in the file, before one begins; who merely starts
// programs under an account of its own does not look so.
func TestOpensSessions(t *testing.T) {
	for name, want := range map[string]logins{
		"sshd": opensSessions, "cron": opensSessions, "crond": opensSessions, "atd": opensSessions,
		"login": opensSessions, "agetty": opensSessions, "runuser": opensSessions, "dropbear": opensSessions,
		"vsftpd": becomesUsers,
		"nginx":  noLogins, "chronyd": noLogins, "sh": noLogins, "setpriv": noLogins, "sudo": noLogins,
		"env": noLogins, "busybox": noLogins,
	} {
		t.Run(name, func(t *testing.T) {
			path, err := exec.LookPath(name)
			if err != nil {
				path, err = exec.LookPath("/usr/sbin/" + name)
			}
			if err != nil {
				t.Skipf("wanted %s: %v", name, err)
			}
			if got := loginsAt(path); got != want {
				t.Errorf("%s: logins %d, want %d", path, got, want)
			}
		})
	}
}

// What stands at the edges of a window is found as the rest is.
func TestNamedPrograms(t *testing.T) {
	edges := []int{0, 1, maxWord - 8, maxWord - 7, maxWord - 1, maxWord, 3*maxWord - 4, maxLoaded - 28}
	for _, at := range edges {
		padding := strings.Repeat("x", at)
		path := newScript(t, padding+"\x00/bin/a\x00/usr/sbin/b\x00\x00/etc/c\x00/bin/d")
		var list []string
		within(path, func(f *os.File) logins { list = namedIn(f); return noLogins })
		if want := []string{"/bin/a", "/usr/sbin/b"}; !slices.Equal(list, want) {
			t.Errorf("from byte %d on: %q, wanted %q", at, list, want)
		}
	}
}

// A program can be as large as it likes, and an audit does not grow with it.
func TestOpensSessionsOfALargeFile(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() < maxLoaded {
		t.Fatalf("wanted a file of %d bytes: %v, %v", maxLoaded, info, err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loginsAt(path)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes for it", n)
	}
}

var installedBelow = regexp.MustCompile(`^/(usr/)?(s?bin|lib|lib64|libexec)/[!-~]+$`)

// A program can name any number of files: those looked at are few, and lie where
// distributions install programs.
func FuzzNamedPrograms(f *testing.F) {
	f.Add([]byte("\x00/usr/lib/openssh/sshd-session\x00"))
	f.Add([]byte("\x00/bin/login\x00busybox\x00"))
	f.Add([]byte("\x00/sbin/../../home/x\x00\x00/usr/libexec/a b\x00"))
	f.Add(bytes.Repeat([]byte("\x00/bin/a\x00"), maxNamed+1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := newScript(t, string(raw))
		loginsAt(path)
		list := []string{}
		within(path, func(f *os.File) logins { list = namedIn(f); return noLogins })
		if len(list) > maxNamed {
			t.Errorf("%d files", len(list))
		}
		for _, name := range list {
			if !installedBelow.MatchString(filepath.Clean(name)) || len(name) > 160 {
				t.Errorf("%q", name)
			}
		}
	})
}
