package snippets

import (
	"github.com/cap-audit/cap-audit/capng"
)

// Compose is a file to be merged with the one that has the rest of the service,
// by a second -f of docker compose or podman-compose.
func Compose(a Advice) string {
	text := "# Put the service's own name in the place of SERVICE.\n" + ofDocker(a) +
		a.seccompHint("seccomp=FILE in security_opt", docker, podman) +
		"services:\n  SERVICE:\n    cap_drop: [ALL]"
	if names := spell(a.Grant, capng.Upper); len(names) > 0 {
		text += "\n" + fill("    cap_add: [", names, ", ", ",\n              ") + "]"
	}
	if devices := a.devices(); len(devices) > 0 {
		text += "\n" + fill("    devices: [", devices, ", ", ",\n              ") + "]"
	}
	if a.noNewPrivs() {
		text += "\n    security_opt: [\"no-new-privileges:true\"]"
	}
	return text
}
