package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Systemd is the part of a unit file that gives a service its capabilities.
// systemd ignores names that are not spelt CAP_….
func Systemd(a Advice) string {
	set := strings.Join(spell(a.Grant, capng.Constant), " ")
	return `[Service]
# Name an unprivileged account here, or set DynamicUser=yes. As root the
# service would still own the files of root.
#User=
AmbientCapabilities=` + set + `
CapabilityBoundingSet=` + set + `
NoNewPrivileges=yes`
}
