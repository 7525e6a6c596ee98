package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Service is what a unit file is to say of its service's privileges.
type Service struct {
	// User and Group are the unit's own, "" where it has none.
	User, Group string
	Dynamic     bool // DynamicUser=
	// Bounding and Ambient are the sets. Ambient ones are of no use to root.
	Bounding, Ambient SetOfUnit
	Privileged        bool
	NoNewPrivileges   bool
}

// SetOfUnit is a set for a unit. Replaces: the unit has another one, to which
// an assignment would only add.
type SetOfUnit struct {
	Set      []int
	Replaces bool
}

// ServiceBlock is the part of a unit file that limits a service to its sets. It
// means the same as a drop-in.
func ServiceBlock(s Service) string {
	lines := []string{"[Service]"}
	for _, account := range []struct{ key, name string }{{"User", s.User}, {"Group", s.Group}} {
		if accountName().MatchString(account.name) {
			lines = append(lines, account.key+"="+account.name)
		}
	}
	if s.Dynamic {
		lines = append(lines, "DynamicUser=yes")
	}
	if !s.Privileged {
		lines = append(lines, s.Ambient.assign("AmbientCapabilities", inOneLine)...)
	}
	lines = append(lines, s.Bounding.assign("CapabilityBoundingSet", inOneLine)...)
	if s.NoNewPrivileges {
		lines = append(lines, "NoNewPrivileges=yes")
	}
	return strings.Join(lines, "\n")
}

// assign takes back what the unit has, then says what it is to have. The blank,
// which systemd passes over (src/shared/conf-parser.c, parse_line()), is for
// scripts that take the first line with the key and = for the answer.
func (s SetOfUnit) assign(key string, written func(key string, list []int) string) []string {
	assigned := written(key, s.Set)
	if assigned == key+"=" || !s.Replaces {
		return []string{assigned}
	}
	return []string{takesBack, key + " =", assigned}
}

const takesBack = "# takes back what the unit has"

// inOneLine is for what such scripts read.
func inOneLine(key string, list []int) string {
	return key + "=" + strings.Join(spell(list, capng.Constant), " ")
}
