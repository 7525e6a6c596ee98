package snippets

import (
	"github.com/cap-audit/cap-audit/capng"
)

// commenting is how a consumer has comments, and spells capabilities.
type commenting struct {
	open, end string
	spelling  func(int) string
}

// comments are those of the kinds that have any. What is for one line of a command has none.
var comments = map[string]commenting{
	"systemd":    {"# ", "", capng.Constant},
	"compose":    {"# ", "", capng.Upper},
	"kubernetes": {"# ", "", capng.Upper},
	"kustomize":  {"# ", "", capng.Upper},
	"helm":       {"# ", "", capng.Upper},
	"quadlet":    {"# ", "", capng.Constant},
	"lxc":        {"# ", "", capng.Name},
	"nspawn":     {"# ", "", capng.Constant},
	"nomad":      {"# ", "", capng.Name},
	"filecap":    {"# ", "", capng.Name},
	"setcap":     {"# ", "", lower},
	"rpm-caps":   {"# ", "", lower},
	"ansible":    {"# ", "", lower},
	"nixos":      {"# ", "", capng.Constant},
	"c":          {"/* ", " */", capng.Constant},
	"python":     {"# ", "", capng.Constant},
	"go":         {"// ", "", capng.Upper},
	"rust":       {"// ", "", capng.Constant},
	"apparmor":   {"# ", "", capng.Name},
	"selinux":    {"# ", "", capng.Name},
	"setpriv":    {"# ", "", capng.Name},
}

// Possible is a comment on what else the code can ask for, "" where there is none. It goes
// below the snippet of that kind.
func Possible(kind string, a Advice) string {
	c, has := comments[kind]
	if !has || len(Unknown(a.Possible)) == len(a.Possible) {
		return ""
	}
	names := spell(a.Possible, c.spelling)
	brk := c.end + "\n" + c.open
	return c.open + "The code can ask for these too, which the run did not show. Add what" + c.end + "\n" +
		fill(c.open+"you exercise: ", names, " ", brk) + "." + c.end
}
