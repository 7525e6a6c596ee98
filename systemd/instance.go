package systemd

import (
	"fmt"
	"strconv"
	"strings"
)

const serviceSuffix = ".service"

// otherUnits are the suffixes of units without a program.
var otherUnits = []string{".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer",
	".slice", ".scope"}

// unitName is what a unit file of that name holds: systemd reads only those
// with a suffix.
func unitName(base string) string { return strings.TrimSuffix(base, serviceSuffix) + serviceSuffix }

// splitName takes a unit's name apart. ok: it is an instance or a template.
func splitName(name string) (prefix, instance string, ok bool) {
	return strings.Cut(strings.TrimSuffix(name, serviceSuffix), "@")
}

func isTemplate(name string) bool {
	_, instance, ok := splitName(name)
	return ok && instance == ""
}

// templateOf is the template of an instance.
func templateOf(name string) (string, bool) {
	prefix, instance, ok := splitName(name)
	return prefix + "@" + serviceSuffix, ok && instance != ""
}

// dropInDirs are the names of a unit's drop-in directories, the most special
// one first: its own; for an instance those of the template; then those of the
// name cut off after its last dash, and so on (src/shared/dropin.c,
// unit_file_find_dirs; a template that is cut is no template any more).
func dropInDirs(name string) []string {
	dirs := []string{name + ".d"}
	prefix, instance, _ := splitName(name)
	if template, ok := templateOf(name); ok {
		dirs = append(dirs, dropInDirs(template)...)
	}
	// a dash at the end is what the last cut has left
	short := strings.TrimSuffix(prefix, "-")
	dash := strings.LastIndexByte(short, '-')
	if dash <= 0 {
		return dirs
	}
	short = short[:dash+1]
	if instance != "" {
		short += "@" + instance
	}
	return append(dirs, dropInDirs(short+serviceSuffix)...)
}

// unescape reads what systemd-escape(1) writes. That of go-systemd does not
// know bytes beyond ASCII.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '-':
			b.WriteByte('/')
		case s[i] == '\\':
			if len(s) < i+4 || s[i+1] != 'x' {
				return "", fmt.Errorf("%q is not escaped as systemd-escape does", s)
			}
			n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil || n == 0 {
				return "", fmt.Errorf("%q is not escaped as systemd-escape does", s)
			}
			b.WriteByte(byte(n))
			i += 3
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}
