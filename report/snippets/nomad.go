package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Nomad is of the config of a task. A task with a capability that the agent's allow_caps
// lacks does not start (drivers/shared/capabilities, Delta()); unless somebody has set it,
// that has what Docker gives by itself, without net_raw.
func Nomad(a Advice) string {
	text := "# For a task of the docker driver.\n" + ofDocker(a) +
		a.seccompHint("seccomp=FILE in security_opt", docker, podman)
	lines := []string{`  cap_drop = ["all"]`}
	if names := spell(a.Grant, capng.Name); len(names) > 0 {
		text += "# The agent's allow_caps has to have these, too.\n"
		lines = append(lines, `  cap_add  = ["`+strings.Join(names, `", "`)+`"]`)
	}
	if a.noNewPrivs() {
		lines = append(lines, "", `  security_opt = ["no-new-privileges"]`)
	}
	return text + "config {\n" + strings.Join(lines, "\n") + "\n}"
}
