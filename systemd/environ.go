package systemd

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/hint"
)

// Bounds of the environment.
const (
	maxVariables = 4096
	maxEnvFiles  = 256
)

// lookUp finds a variable.
func lookUp(environ []string, name string) (string, bool) {
	for _, assignment := range environ {
		if key, value, ok := strings.Cut(assignment, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// merge adds assignments; a later one takes the earlier one's place.
func merge(environ []string, assignments ...string) []string {
	for _, a := range assignments {
		key, _, _ := strings.Cut(a, "=")
		same := func(other string) bool { return strings.HasPrefix(other, key+"=") }
		if i := slices.IndexFunc(environ, same); i >= 0 {
			environ[i] = a
		} else {
			environ = append(environ, a)
		}
	}
	return environ
}

// validAssignment is env_assignment_is_valid of src/basic/env-util.c.
func validAssignment(a string) bool {
	name, value, ok := strings.Cut(a, "=")
	return ok && validName(name) && utf8.ValidString(value)
}

func validName(name string) bool {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// environment reads Environment=. What systemd passes over is named.
func (f *File) environment() ([]string, error) {
	var list []string
	for _, value := range f.values("Environment") {
		words, err := allWords(value, quoted|escaped)
		if err != nil {
			f.warn("Environment=%s: %v; systemd ignores the rest of it", value, err)
		}
		for _, word := range words {
			expanded, err := f.expand(word)
			if errors.Is(err, errNoSpecifier) {
				f.warn("Environment=: %v; systemd ignores the assignment", err)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("Environment=: %w", err)
			}
			if !validAssignment(expanded) {
				f.warn("Environment=: %q is no assignment of a variable; systemd ignores it",
					shortened(expanded))
				continue
			}
			if list = merge(list, expanded); len(list) > maxVariables {
				return nil, fmt.Errorf("Environment= has more than %d variables", maxVariables)
			}
		}
	}
	return list, nil
}

// maxWarnings bounds what is said about a file that is all nonsense.
const maxWarnings = 50

func (f *File) warn(format string, args ...any) {
	switch {
	case len(f.Warnings) < maxWarnings:
		f.Warnings = append(f.Warnings, fmt.Sprintf(format, args...))
	case len(f.Warnings) == maxWarnings:
		f.Warnings = append(f.Warnings, "and more that systemd ignores")
	}
}

// environmentFiles reads the files of EnvironmentFile=, as root, in order.
func (f *File) environmentFiles() ([]string, error) {
	var list []string
	for _, value := range f.values("EnvironmentFile") {
		pattern, optional := strings.CutPrefix(value, "-")
		pattern, err := f.expand(pattern)
		if err != nil {
			return nil, fmt.Errorf("EnvironmentFile=: %w", err)
		}
		if !filepath.IsAbs(pattern) {
			f.warn("EnvironmentFile=%s: not an absolute path; systemd ignores it", value)
			continue
		}
		paths, err := glob(pattern)
		if err == nil && len(paths) == 0 {
			err = errors.New("no such file")
		}
		for _, path := range paths {
			var text []byte
			if text, err = readRegular(path); err != nil {
				break
			}
			var variables []string
			if variables, err = f.variables(path, string(text)); err != nil {
				break
			}
			list = merge(list, variables...)
		}
		if err != nil && !optional {
			return nil, fmt.Errorf("EnvironmentFile=%s: %w", value, err)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && len(paths) > 0 {
			f.warn("EnvironmentFile=%s: %v; systemd ignores it", value, err)
		}
		if len(list) > maxVariables {
			return nil, fmt.Errorf("EnvironmentFile= brings more than %d variables", maxVariables)
		}
	}
	return list, nil
}

// glob finds what a pattern names, in order.
func glob(pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return []string{pattern}, nil
	}
	// a star for each level of a deep tree would take for ever
	wild := 0
	for element := range strings.SplitSeq(pattern, "/") {
		if strings.ContainsAny(element, `*?[`) {
			wild++
		}
	}
	if wild > 2 {
		return nil, hint.Add(errors.New("has wildcards for more than two parts of a path"),
			"name directories")
	}
	paths, err := filepath.Glob(pattern)
	if len(paths) > maxEnvFiles {
		return nil, fmt.Errorf("%d files match; this reads at most %d", len(paths), maxEnvFiles)
	}
	return paths, err
}

// variables of an environment file; names that are none are passed over.
func (f *File) variables(path, text string) ([]string, error) {
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return nil, fmt.Errorf("%q is not UTF-8 text", path)
	}
	var list []string
	for _, a := range parseEnvironmentFile(text) {
		if !validAssignment(a) {
			name, _, _ := strings.Cut(a, "=")
			f.warn("%q: %q cannot be the name of a variable; systemd ignores it", path, shortened(name))
			continue
		}
		if list = merge(list, a); len(list) > maxVariables {
			return nil, fmt.Errorf("%q has more than %d variables", path, maxVariables)
		}
	}
	return list, nil
}
