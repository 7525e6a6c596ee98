// Unjudged lists the functions of a kernel source tree that ask for a
// capability without audit and that audit/advisory.go does not know, neither as
// probes nor as needs. It exits with 1 if there are any.
//
//	go run ./scripts/unjudged LINUX-SOURCE
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: unjudged LINUX-SOURCE")
		os.Exit(2)
	}
	unjudged, err := list(os.Stdout, os.DirFS(os.Args[1]))
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "unjudged: %s: %v\n", os.Args[1], err)
		os.Exit(2)
	case unjudged > 0:
		os.Exit(1)
	}
}

// place is a function that asks without audit.
type place struct {
	file, function string
	line           int
}

// list writes down the places of the tree that nobody has judged, and counts them.
func list(w io.Writer, tree fs.FS) (unjudged int, err error) {
	found := 0
	err = fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && foreign(path):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".c" && filepath.Ext(path) != ".h":
			return nil
		}
		text, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		for _, p := range places(path, text) {
			found++
			if !audit.Judged(p.function) {
				unjudged++
				fmt.Fprintf(w, "%s:%d: %s\n", p.file, p.line, p.function)
			}
		}
		return nil
	})
	if err == nil && found == 0 {
		err = errors.New("nothing in there asks without audit: is it a kernel's source?")
	}
	return unjudged, err
}

// foreign tells directories of what does not run in the kernels that cap-audit
// is for.
func foreign(path string) bool {
	switch path {
	case "Documentation", "samples", "scripts", "tools":
		return true
	}
	dir, name := filepath.Split(path)
	return dir == "arch/" && name != "x86" && name != "arm64"
}

var (
	// unaudited is how C asks without audit. The last two are wrappers whose
	// names do not say that they do.
	unaudited = []string{"capable_noaudit(", "capability_noaudit(", "CAP_OPT_NOAUDIT", "PTRACE_MODE_NOAUDIT",
		"ptracer_capable(", "has_cap_mac_admin("}
	// noise is strings, comments, and looks at what the caller asked for. Strings
	// come first, since what looks like a comment in one is none.
	noise = regexp.MustCompile(`(?s)"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])*'|/\*.*?\*/|//[^\n]*|& \w+_NOAUDIT`)
	// head is the first line of a function or, where its type has a line of
	// its own, the second.
	head    = regexp.MustCompile(`^(?:\w[^=;(]*[ *])?(\w+)\([^;]*$`)
	syscall = regexp.MustCompile(`^(?:COMPAT_)?SYSCALL_DEFINE\d\((\w+)`)
)

// places finds the functions of a file that ask without audit. Like all of the
// kernel's, they begin and end in the first column.
func places(file string, text []byte) []place {
	if !asks(string(text)) {
		return nil
	}
	text = noise.ReplaceAllFunc(text, func(what []byte) []byte {
		return bytes.Repeat([]byte("\n"), bytes.Count(what, []byte("\n")))
	})
	var found []place
	function, inside := "", false
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "{"):
			inside = true
		case strings.HasPrefix(line, "}"):
			inside = false
		case inside && asks(line):
			found = append(found, place{file, function, i + 1})
		case !inside:
			function = name(line, function)
		}
	}
	return found
}

func asks(code string) bool {
	return slices.ContainsFunc(unaudited, func(how string) bool { return strings.Contains(code, how) })
}

// name is that of the function whose head the line begins, else the one before.
func name(line, before string) string {
	if found := syscall.FindStringSubmatch(line); found != nil {
		return "__do_sys_" + found[1]
	}
	if found := head.FindStringSubmatch(line); found != nil {
		return found[1]
	}
	return before
}
