package snippets

// Ansible is tasks. The module of community.general changes one capability a time, and
// leaves the others that a file has; it compares with what getcap prints, which has = and
// not +. It hands the path to a command line that it splits at blanks and quotes.
func Ansible(a Advice) string {
	return inFile(a, fileGrant{
		quote: func(path string) (string, bool) { return `"` + path + `"`, isPlain(path) },
		add: func(file string, h Holder) string {
			give := spell(h.Needs, func(n int) string { return lower(n) + "=ep" })
			tasks := capabilityTask("Give the program's file its capabilities", file, "present", give)
			if more := spell(minus(h.FileHas, h.Needs), lower); len(more) > 0 {
				tasks += "\n" + takeFromFile(file, more)
			}
			return tasks
		},
		remove: func(file string, h Holder) string {
			has := spell(h.FileHas, lower)
			if len(has) == 0 {
				return "# No task: it needs none, and is not known to have any."
			}
			return takeFromFile(file, has)
		},
		lasting: true,
	})
}

func takeFromFile(file string, capabilities []string) string {
	return capabilityTask("Take from the program's file what it does not need", file, "absent", capabilities)
}

func capabilityTask(name, file, state string, items []string) string {
	return "- name: " + name + `
  community.general.capabilities:
    path: ` + file + `
    capability: "{{ item }}"
    state: ` + state + "\n" + fill("  loop: [", items, ", ", ",\n    ") + "]"
}
