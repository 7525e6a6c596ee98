package audit

import (
	"path"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/lazy"
)

// Stack is how a program's own code came to a check: its functions, the innermost
// first. Ended says why there are no more, "" where the last has no caller.
type Stack struct {
	Frames []Frame
	Ended  string
}

// Frame is a function under way.
type Frame struct {
	// Module is the file that it is in, "" for none.
	Module string
	// Function is "" where the file does not name it.
	Function string
	// Offset is that of the address from the function's beginning, else in the module.
	Offset uint64
}

// MaxStacks are kept of a call site, MaxFrames of a stack.
const MaxStacks, MaxFrames = 8, 64

// joinStacks adds those that are not there yet.
func joinStacks(to, more []Stack) []Stack {
	for _, s := range more {
		there := slices.ContainsFunc(to, func(t Stack) bool {
			return t.Ended == s.Ended && slices.Equal(t.Frames, s.Frames)
		})
		if !there && len(to) < MaxStacks {
			to = append(to, s)
		}
	}
	return to
}

// Caller is the innermost function of the program that is not of its language's library
// and only hands on what the program asked for. Where all are, it is the innermost. calling is the
// system call.
func (s Stack) Caller(calling string) (Frame, bool) {
	if len(s.Frames) == 0 {
		return Frame{}, false
	}
	for _, f := range s.Frames {
		if !f.handsOn(calling) {
			return f, true
		}
	}
	return s.Frames[0], false
}

// cLibraries are the files of C libraries: glibc's, which was in several up to 2.33, and musl's.
var cLibraries = lazy.Regexp(
	`^(libc|libpthread|librt|libdl|libm|ld-linux[a-z0-9-]*|ld|ld-musl-[a-z0-9_]+|libc\.musl-[a-z0-9_]+)(-[0-9.]+)?\.so(\.[0-9]+)*$`)

func (f Frame) handsOn(calling string) bool {
	name := strings.TrimLeft(f.Function, "_")
	switch {
	case cLibraries().MatchString(path.Base(f.Module)):
		return true
	case name == "": // of the program, as far as anybody can tell
		return false
	// of a C library that is in the program
	case name == calling, name == "syscall", isOlder(name, calling):
		return true
	}
	return ofLibrary(f.Function)
}

// isOlder: a system call took the place of an older one, by whose name C libraries have a function all the
// same: openat that of open, fchownat of chown, renameat2 of rename. On arm64 there are no older ones.
func isOlder(name, calling string) bool {
	older, isNewer := strings.CutSuffix(strings.TrimRight(calling, "0123456789"), "at")
	return isNewer && (name == older || "f"+name == older)
}

// rustLibrary are the crates of Rust's own library.
var rustLibrary = lazy.Regexp(`^<?&?(std|core|alloc|libc|nix|rustix)::`)

// ofLibrary: it belongs to the library of Go, Rust or C++. Go's packages have no dot in
// the first part of their path, nor are they called main.
func ofLibrary(function string) bool {
	if rustLibrary().MatchString(function) || strings.HasPrefix(function, "golang.org/x/sys/") {
		return true
	}
	first, _, deep := strings.Cut(function, "/")
	name, rest, _ := strings.Cut(first, ".")
	return goPackages[name] && (deep || rest != "") && !strings.Contains(function, "::")
}

// goPackages are where the paths of Go's own packages begin, of those that come to system calls.
var goPackages = map[string]bool{"runtime": true, "syscall": true, "internal": true, "os": true, "net": true,
	"io": true, "sync": true, "reflect": true}
