package snippets

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
)

// Kubernetes is the security context of a container.
func Kubernetes(a Advice) string {
	return "# This belongs to the container, not to the pod.\n" + ofKubernetes(a) + securityContext(a, "}")
}

// ofKubernetes is for a container that Kubernetes starts, whoever writes it down.
func ofKubernetes(a Advice) string {
	return a.hint(`# For another user than root give these to the program's file, too (setcap),
# and leave out allowPrivilegeEscalation.
`, `# It ran as another user than root: give these to its file in the image, too
# (setcap).
`) + a.seccompHint("seccompProfile of type Localhost", containerd, crio) + podSecurity(a) + userNamespace(a) + deviceHint(a)
}

// addsNone is for what is laid over another file: its mappings are merged with those there,
// and its lists take their place, in Kustomize as in Helm.
const addsNone = ", add: []}"

// securityContext has names without a prefix. After what is dropped it ends with none, where
// nothing is added.
func securityContext(a Advice, none string) string {
	text := "securityContext:\n"
	// with SYS_ADMIN it is always true, and the API server refuses the two
	// together where the capability is spelt CAP_SYS_ADMIN
	if a.noNewPrivs() && !slices.Contains(a.Grant, unix.CAP_SYS_ADMIN) {
		text += "  allowPrivilegeEscalation: false\n"
	}
	names := spell(a.Grant, capng.Upper)
	if len(names) == 0 {
		return text + `  capabilities: {drop: [ALL]` + none
	}
	return text + fill(`  capabilities: {drop: [ALL], add: [`, names, ", ", ",\n    ") + "]}"
}

// userNamespace is a comment on what a pod's own makes of the grant.
func userNamespace(a Advice) string {
	switch {
	case len(a.Grant) == 0 || a.UserNamespace:
	case len(a.OnHost) > 0:
		return remark("With hostUsers: false of no use: " + uppers(a.OnHost) + ".")
	case a.Inside:
		return remark("With hostUsers: false they do the same, and have no power over the host.")
	}
	return ""
}

// uppers are capabilities as Kubernetes spells them, for a comment.
func uppers(list []int) string { return strings.Join(spell(list, capng.Upper), ", ") }
