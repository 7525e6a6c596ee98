package report

import (
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// onHost are those of the recommended set that are of no use in a container's user namespace. Inside: all
// are of use there. A capset asks no more than that it is held.
func onHost(f *audit.Findings) (list []int, inside bool) {
	within := uint64(0)
	for _, c := range f.CapsetOnly {
		within |= 1 << c.Number
	}
	set := f.Recommended()
	for _, c := range f.Required {
		switch {
		case set>>c.Number&1 == 0:
		case c.UserNamespace == audit.OnHost:
			list = append(list, c.Number)
		case c.UserNamespace == audit.Inside:
			within |= 1 << c.Number
		}
	}
	return list, set&^within == 0
}

// userNamespace is for whoever can have an engine make one, "" for nothing.
func (d *Document) userNamespace() string {
	a := d.advice
	switch {
	case !d.Subject.Kind.Contained() || d.Subject.UserNamespace || len(a.Grant) == 0:
	case len(a.OnHost) > 0:
		return "Not enough within a user namespace (--userns=auto, hostUsers: false): " +
			strings.Join(each(a.OnHost, capng.Name), ", ") + ", which the kernel asks for on the host."
	case a.Inside:
		return "Within a user namespace (--userns=auto, hostUsers: false) all of it is enough, unless it " +
			"shares the host's network or files, and none of it has any power over the host."
	}
	return ""
}
