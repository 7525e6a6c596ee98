package report

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// filter is what is known of the system calls of a run.
func filter(f *audit.Findings) snippets.Filter {
	filter := snippets.Filter{Machine: runtime.GOARCH, Bounded: f.Bounds != nil}
	var answered, nameless []string
	for _, p := range f.Programs {
		filter.Namespaces = filter.Namespaces || p.Namespaces
		for _, label := range p.Syscalls {
			abi, name := call(label)
			if _, err := strconv.Atoi(name); err == nil {
				nameless = append(nameless, label)
				continue
			}
			filter.Made = append(filter.Made, name)
			if !slices.Contains(p.RefusedSyscalls, label) {
				answered = append(answered, name)
			}
			if abi != "" {
				filter.ABIs = append(filter.ABIs, abi)
			}
		}
	}
	filter.Made, filter.ABIs = distinct(filter.Made), distinct(filter.ABIs)
	filter.Refused = minus(filter.Made, answered)
	filter.Reachable = withinReach(f.Bounds)
	filter.None, filter.Unsure = noFilter(f), unsure(f, distinct(nameless))
	return filter
}

// call takes apart what a program made.
func call(label string) (abi, name string) {
	abi, name, foreign := strings.Cut(label, ":")
	if !foreign {
		abi, name = "", label
	}
	return abi, name
}

func withinReach(b *audit.Bounds) []string {
	if b == nil {
		return nil
	}
	var all []string
	for _, p := range b.Programs {
		if p.Result != nil {
			for _, label := range p.Result.SystemCalls {
				_, name := call(label)
				all = append(all, name)
			}
		}
	}
	return distinct(all)
}

// distinct sorts a list.
func distinct[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// unsure says why the programs may make more calls than are known.
func unsure(f *audit.Findings, nameless []string) []string {
	var list []string
	switch open := unbounded(f); {
	case f.Bounds == nil:
		list = append(list, "What was not exercised is missing: use each feature.")
	case len(open) > 0:
		who := snippets.CommandLine(open[:1])
		if more := len(open) - 1; more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		list = append(list, fmt.Sprintf("Not all that the code of %s can call is known: what it did not "+
			"exercise may be missing.", who))
	}
	if f.Unbegun() != "" {
		list = append(list, "What started it, such as a script, is not known: audit its start, too.")
	}
	if f.Subject.Kind == audit.SubjectMerged && !bounded(f) {
		list = append(list, "Of what ran already, reports lack the calls with which it starts.")
	}
	if len(nameless) > 0 {
		list = append(list, "Made and missing, since they have no name here: "+
			strings.Join(nameless, ", ")+".")
	}
	return list
}

// unbounded are the programs whose code may make other calls than were found in it.
func unbounded(f *audit.Findings) []string {
	if f.Bounds == nil {
		return nil
	}
	paths := map[int]string{}
	for _, p := range f.Programs {
		paths[p.Index] = p.Path
	}
	var list []string
	for _, b := range f.Bounds.Programs {
		if r := b.Result; r != nil && !r.AnySystemCall && len(r.Missing) == 0 {
			continue
		}
		list = append(list, cmp.Or(paths[b.Index], "others"))
	}
	return list
}

// bounded: the code of all programs that ran tells which calls they can make.
func bounded(f *audit.Findings) bool {
	return f.Bounds != nil && len(f.Bounds.Programs) > 0 && len(unbounded(f)) == 0 &&
		f.Losses.Programs == 0
}

// noFilter says why no filter can be made that the programs would run with, "" if one
// can.
func noFilter(f *audit.Findings) string {
	none := !slices.ContainsFunc(f.Programs, func(p audit.ProgramUse) bool { return len(p.Syscalls) > 0 })
	switch {
	case bounded(f):
		return ""
	case f.Sampled:
		return "only a sample of the system calls was looked at: audit with --outcomes all"
	case none:
		return "no system call was recorded"
	case f.Unbegun() != "":
		return "what was audited had started before, and the system calls of its start are not known"
	}
	return ""
}

// Unfilterable is why there is no snippet of a kind, where that refuses system calls.
func (d *Document) Unfilterable(kind string) error {
	if none := d.advice.Filter.None; none != "" && snippets.IsFilter(kind) {
		return errors.New("nothing that refuses system calls: " + none)
	}
	return nil
}
