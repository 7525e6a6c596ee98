package snippets

import "github.com/cap-audit/cap-audit/capng"

// AppArmor is rules, not a profile: one with nothing else in it would forbid
// every file. They can be included by a profile that exists.
func AppArmor(a Advice) string {
	names := spell(a.Grant, capng.Name)
	if len(names) == 0 {
		return "# No rule: a profile refuses the capabilities that it does not name."
	}
	text := "# For a profile that says all else. It refuses the capabilities that it\n" +
		"# does not name, and gives none to a program that does not hold them."
	for _, name := range names {
		text += "\ncapability " + name + ","
	}
	return text
}
