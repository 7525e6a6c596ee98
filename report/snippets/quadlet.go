package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Quadlet is the part of a .container file (podman-systemd.unit(5)), which
// Podman makes a systemd service of. Capabilities of another user than root are
// ambient there, so that no file has to bring them.
func Quadlet(a Advice) string {
	text := a.gainHint() + a.seccompHint("SeccompProfile=FILE", podman) + "[Container]\nDropCapability=all"
	if names := spell(a.Grant, capng.Constant); len(names) > 0 {
		text += "\nAddCapability=" + strings.Join(names, " ")
	}
	for _, path := range a.devices() {
		text += "\nAddDevice=" + path
	}
	if len(a.Gains) == 0 {
		text += "\nNoNewPrivileges=true"
	}
	return text
}
