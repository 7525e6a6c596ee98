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
	t.prose("  ", "The kernel asked for these, but not to decide whether the program may go on. "+
		"They need no grant; what a refusal changes is said beside each place that asked.")
	for _, c := range list {
		t.unneededCapability(c)
		for _, site := range c.CallSites {
			sentence := printable(site.Function) + " in " + inSyscall(site)
			if site.Advisory != nil {
				sentence += ": " + printable(*site.Advisory)
			}
			t.labelled("    ", "Asked by:", sentence)
		}
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
	t.prose("  ", "The program used these inside user namespaces that it made itself. "+
		"Whoever makes a user namespace holds every capability in it, so they need no grant on the host.")
	for _, c := range list {
		t.unneededCapability(c)
		if asked := otherSyscalls(Capability{CallSites: c.CallSites}); asked != "" {
			t.labelled("    ", "Asked by:", asked)
		}
	}
}

// unneeded leaves out what is needed anyway: there, nothing is gained by
// knowing that some checks were not about that.
func (t *text) unneeded(list []Unneeded) []Unneeded {
	return slices.DeleteFunc(slices.Clone(list), func(u Unneeded) bool {
		return slices.ContainsFunc(t.d.Required, func(c Capability) bool { return c.Number == u.Number })
	})
}

func (t *text) unneededCapability(c Unneeded) {
	t.capability(c.Name, c.Number)
	t.line("    Checks: %d granted, %d denied", c.Checks.Granted, c.Checks.Denied)
}

func inSyscall(site CallSite) string {
	if site.syscall().unknown() {
		return "an unknown system call"
	}
	return printable(site.Syscall)
}
