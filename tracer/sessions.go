package tracer

import (
	"bytes"
	"os"
	"regexp"

	"github.com/cap-audit/cap-audit/files"
)

// Bounds of what is looked at in a file, and of other files that it makes us look at.
const (
	maxStrings = 1 << 20 // bytes
	maxLoaded  = 8 << 20
	maxNamed   = 1 << 10
)

// executes are the functions of the C library that do.
var executes = regexp.MustCompile(`\x00exec[lv][pe]{0,2}\x00`)

// refersToSessions tells by the names that a program has the loader look up
// whether it opens a session for a user, takes the user's groups and executes
// something. A daemon that asks PAM for passwords does not do all of that.
func refersToSessions(names []byte) bool {
	return bytes.Contains(names, []byte("\x00pam_open_session\x00")) &&
		bytes.Contains(names, []byte("\x00initgroups\x00")) && executes.Match(names)
}

// opensSessions: that is what a program is for, as sshd and cron; or its file
// names a program that does, as getty's names login and sshd's, since OpenSSH 9.8,
// sshd-session. No session has to begin for that to be known.
func opensSessions(f *os.File) bool {
	o, ok := objectIn(f, "")
	if !ok || o.sessions {
		return o.sessions
	}
	for _, name := range namedIn(f) {
		if named, _ := readObject(name); named.sessions {
			return true
		}
	}
	return false
}

// opensSessionsAt is the same of a path.
func opensSessionsAt(path string) bool {
	f, err := files.OpenRegular(path, files.Any)
	if err != nil {
		return false
	}
	defer f.Close()
	return opensSessions(f)
}

// programPath is a constant of C with the path of what a distribution installs.
var programPath = regexp.MustCompile(`\x00/(?:usr/)?(?:s?bin|lib|lib64|libexec)/[!-~]{1,128}\x00`)

// busybox is what all its programs are in: it names what any of them starts.
var busybox = []byte("\x00busybox\x00")

// namedIn are such paths that a program has in its file.
func namedIn(f *os.File) []string {
	raw := make([]byte, maxLoaded)
	n, _ := f.ReadAt(raw, 0)
	if bytes.Contains(raw[:n], busybox) {
		return nil
	}
	var names []string
	for _, name := range programPath.FindAll(raw[:n], maxNamed) {
		names = append(names, string(bytes.Trim(name, "\x00")))
	}
	return names
}
