package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Bwrap is options of bubblewrap, on one line as those of Docker. Started by
// root it gives these capabilities on the machine, for another user only
// within a user namespace of its own. It always sets no_new_privs, so that
// set-user-ID programs and file capabilities add nothing.
func Bwrap(a Advice) string {
	options := []string{"--cap-drop", "ALL"}
	for _, name := range spell(a.Grant, capng.Constant) {
		options = append(options, "--cap-add", name)
	}
	return strings.Join(options, " ")
}
