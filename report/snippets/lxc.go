package snippets

import (
	"github.com/cap-audit/cap-audit/capng"
)

// LXC is a part of a container's configuration (lxc.container.conf(5)), which a
// second cap.keep adds to, and which may not have cap.drop besides. Root in the
// container has the set, another user what the program's file brings.
func LXC(a Advice) string {
	text := a.ofItsContainer() + a.hint(`# Another user than root (lxc.init.uid) has what the program's file brings:
# give these to that, too (setcap), and leave out lxc.no_new_privs.
`, `# It ran as another user than root: give these to its file in the container,
# too (setcap).
`) + "lxc.cap.drop =\nlxc.cap.keep =\n"
	names := spell(a.Grant, capng.Name)
	if len(names) == 0 {
		names = []string{"none"}
	}
	text += fill("lxc.cap.keep = ", names, " ", "\nlxc.cap.keep = ")
	if a.noNewPrivs() {
		text += "\nlxc.no_new_privs = 1"
	}
	return text
}

// ofItsContainer is for managers whose containers mostly boot a system.
func (a Advice) ofItsContainer() string {
	if a.Subject.Contained() {
		return ""
	}
	return "# For a container of this program alone: one that boots a system needs more.\n"
}
