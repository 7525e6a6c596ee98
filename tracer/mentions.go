package tracer

import (
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/files"
	"github.com/cap-audit/cap-audit/reach"
)

// Bounds of what is looked at in a script, and of what is kept of it.
const (
	maxScript   = 256 << 10 // bytes
	maxMentions = 16
)

// inPython are functions of its modules that make the system call of that name, and inShell
// what stands where a command does, which often has the name of the call that it makes: first
// all of it, then that name.
const (
	inPython = `\b((?:os|time|signal|socket|resource)\.([a-z_]+))\b`
	inShell  = "(?m)(?:^|[;&|({`!])[ \\t]*" +
		`(?:(?:if|elif|while|until|then|else|do|exec|sudo)[ \t]+)*(([a-z_]+))\b`
)

var (
	shells  = []string{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"}
	pythons = []string{"python", "pypy"} // with a version
)

// mentions are the names in the target's script of what asks for capabilities. A comment can
// have them, too, and a script can do what it has no name for.
func (t Target) mentions() []string {
	path, words := t.script()
	if words == "" {
		return nil
	}
	f, err := files.OpenRegular(path, files.Any)
	if err != nil {
		return nil
	}
	defer f.Close()
	raw, _ := io.ReadAll(io.LimitReader(f, maxScript))
	return mentioned(raw, regexp.MustCompile(words))
}

// script is the script that the target is, or that its interpreter is to run, and what names
// look like in it, "" for none.
func (t Target) script() (path, words string) {
	path = t.Path
	interpreters := strings.Fields(location{"", path}.shebang()) // with env before them, or options after
	switch {
	case len(interpreters) > 0:
	case isText(path):
		interpreters = []string{shell}
	default:
		interpreters = []string{path}
		i := slices.IndexFunc(t.Argv[1:], func(word string) bool { return !strings.HasPrefix(word, "-") })
		if i < 0 {
			return "", ""
		}
		path = t.Argv[1+i]
	}
	is := func(names []string, version string) bool {
		return slices.ContainsFunc(interpreters, func(word string) bool {
			return slices.Contains(names, strings.TrimRight(filepath.Base(word), version))
		})
	}
	switch {
	case is(pythons, "0123456789."):
		return path, inPython
	case is(shells, ""):
		return path, inShell
	}
	return "", ""
}

func mentioned(script []byte, words *regexp.Regexp) (list []string) {
	for _, found := range words.FindAllSubmatch(script, -1) {
		word, call := string(found[1]), string(found[2])
		if len(reach.Asks(call)) > 0 && !slices.Contains(list, word) && len(list) < maxMentions {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return list
}
