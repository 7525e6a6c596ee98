package tracer

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

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

// names are where in a file the names are that its loader looks up, and how many bytes.
type names struct {
	at   int64
	size uint64
}

// referToSessions tells by the names whether a program opens a session for a user,
// takes the user's groups and executes something. A daemon that asks PAM for
// passwords does not do all of that.
func (n names) referToSessions(f *os.File) bool {
	raw := make([]byte, n.size)
	read, _ := f.ReadAt(raw, n.at)
	raw = raw[:read]
	return bytes.Contains(raw, []byte("\x00pam_open_session\x00")) &&
		bytes.Contains(raw, []byte("\x00initgroups\x00")) && executes.Match(raw)
}

// opensSessions: that is what a program is for, as sshd and cron; or its file
// names a program that does, as getty's names login and sshd's, since OpenSSH 9.8,
// sshd-session. No session has to begin for that to be known.
func opensSessions(f *os.File) bool {
	o, ok := objectIn(f, "")
	return ok && (o.names.referToSessions(f) || slices.ContainsFunc(namedIn(f), func(path string) bool {
		return within(path, func(f *os.File) bool {
			named, ok := objectIn(f, "")
			return ok && named.names.referToSessions(f)
		})
	}))
}

// opensSessionsAt is the same of a path.
func opensSessionsAt(path string) bool { return within(path, opensSessions) }

// within asks something of the file at a path, which is so of none that cannot be read.
func within(path string, so func(*os.File) bool) bool {
	f, err := files.OpenRegular(path, files.Any)
	if err != nil {
		return false
	}
	defer f.Close()
	return so(f)
}

// programPath is a constant of C with the path of what a distribution installs.
// To compile it takes as long as to start a process: not before it is used.
var programPath = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\x00/(?:usr/)?(?:s?bin|lib|lib64|libexec)/[!-~]{1,128}\x00`)
})

// busybox is what all its programs are in: it names what any of them starts.
var busybox = []byte("\x00busybox\x00")

// namedIn are such paths that a program has in its file.
func namedIn(f *os.File) []string {
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	raw := make([]byte, min(info.Size(), maxLoaded))
	n, _ := f.ReadAt(raw, 0)
	if bytes.Contains(raw[:n], busybox) {
		return nil
	}
	var names []string
	for _, name := range programPath().FindAll(raw[:n], maxNamed) {
		// no way out of these directories
		if path := string(bytes.Trim(name, "\x00")); filepath.Clean(path) == path {
			names = append(names, path)
		}
	}
	return names
}

// openers remembers which files open sessions: that is looked up in
// megabytes, and a report can be made every second.
type openers struct {
	mu    sync.Mutex
	known map[fileID]bool
}

func (o *openers) of(file kernelFile, f *os.File) bool {
	id := fileID{uint64(file.inode), uint32(file.device), uint32(file.generation)}
	o.mu.Lock()
	defer o.mu.Unlock()
	opens, known := o.known[id]
	if !known {
		if o.known == nil {
			o.known = map[fileID]bool{}
		}
		opens = opensSessions(f)
		o.known[id] = opens
	}
	return opens
}
