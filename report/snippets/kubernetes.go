package snippets

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// Kubernetes is the security context of a container. Names have no prefix
// there.
func Kubernetes(a Advice) string {
	names := spell(a.Grant, func(n int) string { return capng.Upper(n) })
	text := "# This belongs to the container, not to the pod.\n" +
		a.hint(`# For another user than root give these to the program's file, too (setcap),
# and leave out allowPrivilegeEscalation.
`, `# It ran as another user than root: give these to its file in the image, too
# (setcap).
`) + a.seccompHint("seccompProfile of type Localhost", containerd, crio) + podSecurity(a) + userNamespace(a) +
		"securityContext:\n"
	// with SYS_ADMIN it is always true, and the API server refuses the two
	// together where the capability is spelt CAP_SYS_ADMIN
	if a.noNewPrivs() && !slices.Contains(a.Grant, unix.CAP_SYS_ADMIN) {
		text += "  allowPrivilegeEscalation: false\n"
	}
	if len(names) == 0 {
		return text + `  capabilities: {drop: [ALL]}`
	}
	return text + fill(`  capabilities: {drop: [ALL], add: [`, names, ", ", ",\n    ") + "]}"
}

// userNamespace is a comment on what a pod's own makes of the grant.
func userNamespace(a Advice) string {
	switch {
	case len(a.Grant) == 0 || a.UserNamespace:
	case len(a.OnHost) > 0:
		return remark("With hostUsers: false of no use: " + strings.Join(spell(a.OnHost, capng.Upper), ", ") +
			".")
	case a.Inside:
		return remark("With hostUsers: false they do the same, and have no power over the host.")
	}
	return ""
}
