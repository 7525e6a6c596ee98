package snippets

import (
	"path"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Filecap is the command that gives a program its capabilities through its
// file.
func Filecap(a Advice) string {
	if a.Python || a.Script {
		return `# The kernel ignores the file capabilities of scripts, and those of the
# interpreter would serve every script. Use one of the other ways.`
	}
	file := "/path/to/program"
	// filecap takes a relative path for the name of a capability
	if path.IsAbs(a.Path) {
		file = a.Path
	}
	names := spell(a.Grant, capng.Name)
	if len(names) == 0 {
		return "# None are needed. If the file has any, this takes them away:\n" +
			"filecap " + shellQuote(file) + " none"
	}
	return "filecap " + shellQuote(file) + " " + strings.Join(names, " ")
}
