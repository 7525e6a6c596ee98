package audit

import (
	"slices"

	"golang.org/x/sys/unix"
)

// choice is a place where the kernel is content with either of two
// capabilities and asks for the greater one first. A program that holds that
// one never shows that the other would do.
type choice struct {
	asked, enough int
	functions     []string
}

var choices = []choice{
	{
		// block/ioprio.c, ioprio_check_cap(), asked for the real-time class by
		// ioprio_set(2), aio and io_uring. CAP_SYS_NICE is enough since 5.14;
		// CAP_SYS_ADMIN comes first since 5.16 and in most of 5.15.y.
		asked:  unix.CAP_SYS_ADMIN,
		enough: unix.CAP_SYS_NICE,
		functions: []string{"ioprio_check_cap", "__do_sys_ioprio_set", "__se_sys_ioprio_set",
			"__x64_sys_ioprio_set", "__arm64_sys_ioprio_set"},
	},
}

// Lesser says that Enough does for all that Asked was required for.
type Lesser struct{ Asked, Enough int }

// Lessers are the required capabilities that a lesser one can take the place
// of. There are none once a capset succeeded: it may have asked for the greater
// one by name.
func (f *Findings) Lessers() []Lesser {
	if f.CapsetCalls > 0 {
		return nil
	}
	var list []Lesser
	for _, c := range f.Required {
		for _, ch := range choices {
			if ch.asked == c.Number && c.onlyBy(ch.functions) {
				list = append(list, Lesser{ch.asked, ch.enough})
			}
		}
	}
	return list
}

// onlyBy tells whether every single check is known to come from one of these.
func (c Capability) onlyBy(functions []string) bool {
	var known uint64
	for _, site := range c.CallSites {
		if site.Sampled || !slices.Contains(functions, site.Function) {
			return false
		}
		known += site.Checks
	}
	return known >= c.Total()
}
