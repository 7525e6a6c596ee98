package report

import (
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// advisory are those that the kernel asked for only to choose between two ways of going on, or on its own
// behalf. What it asks of every program says nothing of this one.
func (d *Document) advisory() []Unneeded {
	return slices.DeleteFunc(d.unneeded(d.Advisory), func(c Unneeded) bool {
		return !slices.ContainsFunc(c.CallSites, func(s CallSite) bool {
			return s.Advisory == nil || *s.Advisory != audit.ReserveUnused
		})
	})
}

// advisory shows them.
func (t *text) advisory() {
	list := t.d.advisory()
	if len(list) == 0 {
		return
	}
	t.heading("ADVISORY CAPABILITIES:")
	var alike grouped[string]
	var own []string
	for _, c := range list {
		changes, itself := consequences(c.CallSites)
		if changes != "" {
			alike.add(changes, numbered(c.Name, c.Number))
		}
		if itself {
			own = append(own, numbered(c.Name, c.Number))
		}
	}
	if len(alike.keys) > 0 {
		t.prose("  ", "No grant needed: the kernel asked only to choose between two ways of going on.")
	}
	for _, consequence := range alike.keys {
		t.WriteString(wrap("  ", "    ",
			strings.Join(alike.of[consequence], ", ")+": if refused, "+consequence, t.width))
	}
	if len(own) > 0 {
		t.WriteString(wrap("  ", "    ", strings.Join(own, ", ")+": "+noGrantHelps, t.width))
	}
}

const noGrantHelps = "no grant would help, since the kernel asked with other credentials than the program's"

// consequences are what a refusal changes, and whether the kernel asked on its own behalf.
func consequences(sites []CallSite) (changes string, itself bool) {
	var all []string
	for _, site := range sites {
		consequence := "not known"
		if site.Advisory != nil {
			consequence = printable(*site.Advisory)
		}
		switch {
		case consequence == audit.KernelsOwn:
			itself = true
		case consequence != audit.ReserveUnused && !slices.Contains(all, consequence):
			all = append(all, consequence)
		}
	}
	return strings.Join(all, "; "), itself
}

// nested shows the capabilities whose checks were about user namespaces that
// the program made.
func (t *text) nested() {
	list := t.d.unneeded(t.d.Nested)
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
func (d *Document) unneeded(list []Unneeded) []Unneeded {
	return slices.DeleteFunc(slices.Clone(list), func(u Unneeded) bool {
		return d.granted(u.Number) ||
			slices.ContainsFunc(d.Required, func(c Capability) bool { return c.Number == u.Number })
	})
}

func inSyscall(site CallSite) string {
	if site.syscall().unknown() {
		return "an unknown system call"
	}
	return printable(site.Syscall)
}
