package snippets

import (
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// SELinux is a module for a policy that has the program's domain already. What was
// asked for and not needed is refused without a line in the log.
func SELinux(a Advice) string {
	var required, rules []string
	for _, c := range a.avClasses() {
		allowed, unlogged := c.permissions(c.allowed), c.permissions(c.unlogged)
		if all := slices.Concat(allowed, unlogged); len(all) > 0 {
			required = append(required, avLine("    class "+c.name, all))
		}
		if len(allowed) > 0 {
			rules = append(rules, avLine("allow DOMAIN_t self:"+c.name, allowed))
		}
		if len(unlogged) > 0 {
			rules = append(rules, "# asked for and not needed",
				avLine("dontaudit DOMAIN_t self:"+c.name, unlogged))
		}
	}
	if len(rules) == 0 {
		return "# No rule: SELinux refuses the capabilities that the domain has none for."
	}
	return strings.Join(slices.Concat([]string{
		"# Save it as cap_audit.te, with the program's domain, which ps -Z shows, in",
		"# the place of DOMAIN_t. It allows, and gives nothing to a program that does",
		"# not hold it.",
		"module cap_audit 1.0;", "", "require {", "    type DOMAIN_t;",
	}, required, []string{"}", ""}, rules), "\n")
}

// avClass is a class of SELinux's that has capabilities as permissions: 32 of them, by
// their number (security/selinux/include/classmap.h).
type avClass struct {
	name              string
	first             int
	allowed, unlogged []int
}

// avClasses are those that the kernel asks, others where a check is for another user
// namespace than the first one (cred_has_capability() of security/selinux/hooks.c, 4.7).
func (a Advice) avClasses() []avClass {
	granted, nested := a.Grant, a.Nested
	unlogged, unloggedNested := minus(a.Probed, a.Grant), []int(nil)
	if a.UserNamespace {
		nested = slices.Sorted(slices.Values(append(minus(a.Nested, a.Grant), a.Grant...)))
		unloggedNested = minus(a.Probed, nested)
		granted, unlogged = nil, nil
	}
	return []avClass{
		{"capability", 0, granted, unlogged},
		{"capability2", 32, granted, unlogged},
		{"cap_userns", 0, nested, unloggedNested},
		{"cap2_userns", 32, nested, unloggedNested},
	}
}

func (c avClass) permissions(list []int) []string {
	return spell(slices.DeleteFunc(slices.Clone(list), func(n int) bool {
		return n < c.first || n >= c.first+32
	}), capng.Name)
}

func avLine(head string, permissions []string) string {
	return fill(head+" { ", permissions, " ", "\n        ") + " };"
}
