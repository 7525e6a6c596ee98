package report

import "slices"

// advisory shows the capabilities that the kernel asked for only to choose
// between two ways of going on.
func (t *text) advisory() {
	list := t.unneeded(t.d.Advisory)
	if len(list) == 0 {
		return
	}
	t.heading("ADVISORY CAPABILITIES:")
	t.prose("  ", "No grant needed: the kernel asked only to choose between two ways of going on.")
	for _, c := range list {
		t.capability(c.Name, c.Number)
		t.consequences(c.CallSites)
	}
}

// consequences says what a refusal changes, and of which system calls.
func (t *text) consequences(sites []CallSite) {
	var all []string
	calls := map[string][]string{}
	for _, site := range sites {
		consequence := "not known"
		if site.Advisory != nil {
			consequence = printable(*site.Advisory)
		}
		if calls[consequence] == nil {
			all = append(all, consequence)
		}
		if call := inSyscall(site); !slices.Contains(calls[consequence], call) {
			calls[consequence] = append(calls[consequence], call)
		}
	}
	for _, consequence := range all {
		t.labelled("    ", "If refused:", consequence+inParens(calls[consequence]))
	}
}

// nested shows the capabilities whose checks were about user namespaces that
// the program made.
func (t *text) nested() {
	list := t.unneeded(t.d.Nested)
	if len(list) == 0 {
		return
	}
	t.heading("CAPABILITIES USED ONLY IN NESTED USER NAMESPACES:")
	t.prose("  ", "No grant needed: whoever makes a user namespace holds every capability in it.")
	for _, c := range list {
		t.capability(c.Name, c.Number)
		if asked := otherSyscalls(Capability{CallSites: c.CallSites}); asked != "" {
			t.labelled("    ", "Asked by:", asked)
		}
	}
}

// unneeded leaves out what is needed anyway: there, nothing is gained by
// knowing that some checks were not about that.
func (t *text) unneeded(list []Unneeded) []Unneeded {
	return slices.DeleteFunc(slices.Clone(list), func(u Unneeded) bool {
		return t.d.granted(u.Number) ||
			slices.ContainsFunc(t.d.Required, func(c Capability) bool { return c.Number == u.Number })
	})
}

func inSyscall(site CallSite) string {
	if site.syscall().unknown() {
		return "an unknown system call"
	}
	return printable(site.Syscall)
}
