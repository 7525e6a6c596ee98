package tracer

import (
	"bufio"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/lazy"
)

// Bounds of what is looked at in a file, and of other files that it makes us look at.
const (
	maxStrings = 1 << 20 // bytes
	maxLoaded  = 8 << 20
	maxWord    = 8 << 10
	maxNamed   = 1 << 10
)

// names are where in a file the names are that its loader looks up, and how many bytes.
type names struct {
	at   int64
	size uint64
}

// logins is what a program is made to do for users.
type logins int

const (
	noLogins logins = iota
	// becomesUsers: it serves each as that user, as vsftpd does.
	becomesUsers
	// opensSessions: it executes what the user wants, as sshd and cron do.
	opensSessions
)

// logins tells by the names whether a program opens a session for a user, takes the user's groups, and
// executes something or changes to the user by itself. A daemon that asks PAM for passwords does not do all
// of that. Without PAM, dropbear looks whether the user's shell is one to log in with: getusershell(3).
func (n names) logins(f *os.File) logins {
	var opens, groups, becomes, executes bool
	for word := range words(f, n.at, int64(n.size)) {
		switch string(word) {
		case "pam_open_session", "getusershell":
			opens = true
		case "initgroups":
			groups = true
		case "setuid", "setreuid", "setresuid":
			becomes = true
		case "execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe":
			executes = true
		}
	}
	switch {
	case opens && groups && executes:
		return opensSessions
	case opens && groups && becomes:
		return becomesUsers
	}
	return noLogins
}

// words are what stands between two zeros in a part of a file, each until the next one is asked
// for. What is longer than maxWord is none. It is read by windows: files are as large as
// they like.
func words(f io.ReaderAt, at, size int64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		window := bufio.NewReaderSize(io.NewSectionReader(f, at, size), maxWord)
		for begun := false; ; {
			word, err := window.ReadSlice(0)
			if err == nil && begun && len(word) > 1 && !yield(word[:len(word)-1]) {
				return
			}
			if err != nil && err != bufio.ErrBufferFull {
				return
			}
			begun = err == nil
		}
	}
}

// loginsOf is what a program is for; or its file names one that opens sessions, as
// getty's names login and sshd's, since OpenSSH 9.8, sshd-session. No session has to
// begin for that to be known.
func loginsOf(f *os.File) logins {
	o, ok := objectIn(f, "")
	if !ok {
		return noLogins
	}
	itself := o.names.logins(f)
	opens := func(path string) bool { return within(path, loginsOfItself) == opensSessions }
	if itself != opensSessions && slices.ContainsFunc(namedIn(f), opens) {
		return opensSessions
	}
	return itself
}

// loginsOfItself is what a program is for, whatever other ones its file names.
func loginsOfItself(f *os.File) logins {
	if o, ok := objectIn(f, ""); ok {
		return o.names.logins(f)
	}
	return noLogins
}

// loginsAt is the same of a path.
func loginsAt(path string) logins { return within(path, loginsOf) }

// within asks something of the file at a path, which has no logins if it cannot be read.
func within(path string, of func(*os.File) logins) logins {
	f, err := files.OpenRegular(path, files.Any)
	if err != nil {
		return noLogins
	}
	defer f.Close()
	return of(f)
}

// programPath is a constant of C with the path of what a distribution installs.
// To compile it takes as long as to start a process: not before it is used.
var programPath = lazy.Regexp(`^/(?:usr/)?(?:s?bin|lib|lib64|libexec)/[!-~]{1,128}$`)

// namedIn are such paths that a program has in its file. Busybox is what all its programs are
// in: it names what any of them starts.
func namedIn(f *os.File) (paths []string) {
	for word := range words(f, 0, maxLoaded) {
		if string(word) == "busybox" {
			return nil
		}
		// no way out of these directories
		if word[0] == '/' && len(paths) < maxNamed && programPath().Match(word) {
			if path := string(word); filepath.Clean(path) == path {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// openers remembers what files are made to do for users: that is looked up in
// megabytes, and a report can be made every second.
type openers struct {
	mu    sync.Mutex
	known map[fileID]logins
}

func (o *openers) of(file kernelFile, f *os.File) logins {
	id := fileID{uint64(file.inode), uint32(file.device), uint32(file.generation)}
	o.mu.Lock()
	defer o.mu.Unlock()
	made, known := o.known[id]
	if !known {
		if o.known == nil {
			o.known = map[fileID]logins{}
		}
		made = loginsOf(f)
		o.known[id] = made
	}
	return made
}
