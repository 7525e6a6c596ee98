package snippets

import (
	"maps"
	"slices"
	"strings"
)

// Filter is what a filter of system calls is made from. Names are the same for all
// ABIs.
type Filter struct {
	// Made are the calls of the run, Refused those of them that the kernel only ever
	// answered with EPERM or ENOSYS.
	Made, Refused []string
	// Reachable are those that the code of the programs can make. Bounded: it was looked at.
	Reachable []string
	Bounded   bool
	// ABIs are those besides the machine's own, by the names of the report.
	ABIs []string
	// Namespaces: clone or clone3 made some.
	Namespaces bool
	// Machine is the one whose calls these are, as Go names it.
	Machine string
	// None is why no filter can be made of it, "" where one can.
	None string
	// Unsure are reasons why the programs may make others: sentences.
	Unsure []string
}

// always are calls of every program that are not noted: what does not return, what
// a signal's return and a restart leave no number of, and what the vDSO makes where
// it cannot answer by itself, as with another clock source.
const always = "clock_getres clock_gettime exit exit_group getcpu getrandom gettimeofday restart_syscall " +
	"rt_sigreturn time"

// alwaysForeign are those of the 32-bit tables besides.
const alwaysForeign = "clock_getres_time64 clock_gettime64 sigreturn"

// always are those of every program with the filter's ABIs.
func (f Filter) always() []string {
	list := strings.Fields(always)
	if len(f.ABIs) > 0 {
		list = append(list, strings.Fields(alwaysForeign)...)
	}
	return list
}

// calls are all that a filter lets through for the programs, in order.
func (f Filter) calls() []string {
	all := map[string]bool{}
	for _, name := range slices.Concat(f.Made, f.Reachable, f.always()) {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// answered tells of a call that was made and not only refused.
func (f Filter) answered(call string) bool {
	return slices.Contains(f.Made, call) && !slices.Contains(f.Refused, call)
}

// origin says where the calls come from.
func (f Filter) origin() string {
	if f.Bounded {
		return "System calls that the programs made, or that their code can reach"
	}
	return "System calls that the programs made in this run"
}

// minus is what a list has and another has not.
func minus[T comparable](list, other []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(one T) bool { return slices.Contains(other, one) })
}
