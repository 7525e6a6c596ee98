package snippets

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/capng"
)

// Met is what the programs of a run are known to have met.
type Met struct {
	// Programs were executed, Code are the objects that they are made of, with their
	// libraries: paths, of which relative ones are of no use.
	Programs, Code []string
	// Files are those that a capability was asked for; directories end in a slash. Read
	// are those of them that were only read.
	Files, Read []string
	// Devices are those of Files that are device files below /dev.
	Devices []string
	// Families of sockets that a capability was asked for, as AppArmor names them.
	Families []string
}

// AppArmor is a profile for a program of the machine. What it opened without asking for a
// capability is not known, so that the profile only complains at first. Where the program
// is not known, has a file system of its own, or runs whatever it is told to, it is rules
// for a profile that exists: one with nothing else in it would forbid every file.
func AppArmor(a Advice) string {
	name, ok := pattern(a.Path)
	if !ok || a.Subject.Contained() || a.script() || a.doesAnything() {
		return a.capabilityRules()
	}
	lines := []string{
		"# For a file in /etc/apparmor.d. It refuses nothing yet: which files were",
		"# opened without asking for a capability is not known. Let the program work,",
		"# then aa-logprof adds what it used, and aa-enforce has the rest refused.",
		"include <tunables/global>", "",
		"profile " + name + " flags=(complain) {",
		"  include <abstractions/base>",
	}
	for _, rules := range [][]string{a.capabilities(), networks(a.Met.Families), a.files()} {
		if len(rules) > 0 {
			lines = append(lines, "")
		}
		for _, rule := range rules {
			lines = append(lines, "  "+rule+",")
		}
	}
	return strings.Join(append(lines, "}"), "\n")
}

// capabilityRules can be included by a profile.
func (a Advice) capabilityRules() string {
	rules := a.capabilities()
	if len(rules) == 0 {
		return "# No rule: a profile refuses the capabilities that it does not name."
	}
	return "# For a profile that says all else. It refuses the capabilities that it\n" +
		"# does not name, and gives none to a program that does not hold them.\n" +
		strings.Join(rules, ",\n") + ","
}

func (a Advice) capabilities() []string {
	return spell(a.Grant, func(n int) string { return "capability " + capng.Name(n) })
}

func networks(families []string) []string {
	var rules []string
	for _, family := range families {
		rules = append(rules, "network "+family)
	}
	return rules
}

// files are rules for paths. What is executed stays under the profile.
func (a Advice) files() []string {
	var rules []string
	allow := func(paths []string, permissions string) {
		for _, name := range paths {
			quoted, ok := pattern(name)
			if rule := quoted + " " + permissions; ok && !slices.Contains(rules, rule) {
				rules = append(rules, rule)
			}
		}
	}
	allow([]string{a.Path}, "mr")
	allow(minus(a.Met.Programs, []string{a.Path}), "mrix")
	allow(slices.DeleteFunc(slices.Clone(a.Met.Code), func(name string) bool {
		return inBase(name) || name == a.Path || slices.Contains(a.Met.Programs, name)
	}), "mr")
	allow(a.Met.Files, "rw")
	allow(minus(a.Met.Read, a.Met.Files), "r")
	slices.Sort(rules)
	return rules
}

// inBase: abstractions/base has rules for it.
func inBase(name string) bool {
	return strings.Contains(path.Base(name), ".so") &&
		(strings.HasPrefix(name, "/lib") || strings.HasPrefix(name, "/usr/lib"))
}

// pattern writes an absolute path as AppArmor reads one (apparmor.d(5), globbing). It
// reports false for what has no place in a line.
func pattern(name string) (quoted string, ok bool) {
	if !path.IsAbs(name) || !utf8.ValidString(name) ||
		strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return "", false
	}
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(`*?[]{}^"\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return `"` + b.String() + `"`, true
}
