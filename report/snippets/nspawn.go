package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Nspawn is a part of a .nspawn file (systemd.nspawn(5)). Capability= adds to what
// systemd-nspawn leaves a container, and what DropCapability= names is taken from both
// (src/nspawn/nspawn.c, merge_settings()): so that names all others.
func Nspawn(a Advice) string {
	lines := []string{"# For /etc/systemd/nspawn: from elsewhere no capability is given.", "[Exec]"}
	var others []int
	for n := range capng.Last() + 1 {
		others = append(others, n)
	}
	assign := func(key string, list []int) {
		if len(spell(list, capng.Constant)) > 0 {
			lines = append(lines, assignment(key, list))
		}
	}
	assign("DropCapability", minus(others, a.Grant))
	assign("Capability", a.Grant)
	if a.Unprivileged {
		assign("AmbientCapability", a.held())
	}
	if len(a.Gains) == 0 {
		lines = append(lines, "NoNewPrivileges=yes")
	}
	return a.ofItsContainer() + a.gainHint() + strings.Join(lines, "\n")
}
