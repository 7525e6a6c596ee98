package policy

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/systemd"
)

// isUnit tells unit files by their first line that says anything: a section.
// Our own files are mappings, which do not begin so in YAML or JSON.
func isUnit(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		return line[0] == '['
	}
	return false
}

// all are the capabilities of the running kernel.
func all() uint64 { return math.MaxUint64 >> (63 - capng.Last()) }

// loadUnit finds what a unit, with its drop-ins, allows the processes of its
// service. As root, that is the bounding set. As another user, it is the
// ambient set. Where there is none, only the program's file can bring
// capabilities, and the bounding set limits these, if the unit has one and does
// not forbid new privileges. Which units do is a matter of systemd's version:
// the newer ones are followed, and the others warned of.
func loadUnit(path, text string) (*Policy, error) {
	if !slices.ContainsFunc(strings.Split(text, "\n"),
		func(line string) bool { return strings.TrimSpace(line) == "[Service]" }) {
		return nil, errors.New("has no section [Service], and is no policy in YAML or JSON either")
	}
	// a template allows each of its instances the same
	if before, after, ok := strings.Cut(filepath.Base(path), "@."); ok {
		path = filepath.Join(filepath.Dir(path), before+"@any."+after)
	}
	file, err := systemd.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g := file.Grants()
	p := &Policy{Warnings: file.Warnings, Line: lastLine(text, "CapabilityBoundingSet", "[Service]")}
	switch {
	case g.Root:
		p.Allowed = g.Bounding
		p.Unlimited = g.Bounding == all()
	case g.Ambient != 0:
		p.Allowed = g.Ambient & g.Bounding
		p.Line = lastLine(text, "AmbientCapabilities", "[Service]")
	case !g.NoNewPrivileges && g.Bounding != all():
		p.Allowed = g.Bounding
		if len(g.Filtering) > 0 {
			p.Warnings = append(p.Warnings, fmt.Sprintf("older systemd, such as 252, sets no_new_privs "+
				"because of %s=: there the service gets none of the capabilities that its file "+
				"brings", g.Filtering[0].Key))
		}
	}
	return p, nil
}

// lastLine is the last line that assigns the first of the keys that there is, or is that heading. Where a
// drop-in has the last word, it is still the unit's own line.
func lastLine(text string, keys ...string) int {
	for _, wanted := range keys {
		last := 0
		for i, line := range strings.Split(text, "\n") {
			if key, _, _ := strings.Cut(line, "="); strings.TrimSpace(key) == wanted {
				last = i + 1
			}
		}
		if last > 0 {
			return last
		}
	}
	return 1
}
