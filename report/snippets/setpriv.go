package snippets

import (
	"path"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Setpriv is util-linux's command for a script of root that runs the program as
// another user: with ambient capabilities, which are no reason for secure mode. To
// a program that is to begin as root it gives the bounding set, as Systemd does.
func Setpriv(a Advice) string {
	set := func(list []int) string {
		added := spell(list, func(n int) string { return ",+" + capng.Name(n) })
		return "-all" + strings.Join(added, "")
	}
	text, options := a.gainHint(), []string{}
	if a.startsAsRoot() {
		text = "# It starts as root and changes to other accounts by itself.\n" + text
	} else {
		held, user, group := set(a.held()), "USER", "GROUP"
		if a.User != "root" && accountName().MatchString(a.User) {
			user, group = a.User, `"$(id -g `+a.User+`)"`
		}
		if accountName().MatchString(a.Group) {
			group = a.Group
		}
		options = append(options, "--reuid="+user, "--regid="+group, "--init-groups",
			"--inh-caps="+held, "--ambient-caps="+held)
	}
	options = append(options, "--bounding-set="+set(a.Grant))
	if len(a.Gains) == 0 {
		options = append(options, "--no-new-privs")
	}
	program, ok := shellQuote(a.Path)
	if !ok || !path.IsAbs(a.Path) {
		program = "PROGRAM"
	}
	return text + continued("setpriv ", append(options, program))
}
