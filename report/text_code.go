package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// mostCallers are named in one line.
const mostCallers = 5

// callers names the program's own functions that asked, by the files that they are in; one
// without a name is in the document alone. Where no caller is known, it says why.
func (t *text) callers(sites []CallSite) {
	var modules []string
	functions := map[string][]string{}
	var ended string
	number, known := 0, false
	for _, site := range sites {
		if site.Advisory != nil {
			continue
		}
		for _, s := range site.Stacks {
			frame, ok := s.of().Caller(site.Syscall)
			if s.Ended != nil {
				ended = *s.Ended
			}
			module := path.Base(frame.Module)
			known = known || ok
			if name := frame.Function; name != "" && ok && !slices.Contains(functions[module], name) {
				if functions[module] == nil {
					modules = append(modules, module)
				}
				functions[module] = append(functions[module], name)
				number++
			}
		}
	}
	switch {
	case number > 0:
		t.labelled("    ", "Called by:", listed(modules, functions, number))
	case ended != "" && !known:
		t.labelled("    ", "Called by:", "unknown: "+printable(ended)+".")
	}
}

// listed are functions with their files, as many as a reader wants to see.
func listed(modules []string, functions map[string][]string, number int) string {
	var parts []string
	left := mostCallers
	for _, module := range modules {
		names := functions[module]
		names = names[:min(len(names), left)]
		if left -= len(names); len(names) > 0 {
			parts = append(parts, printable(strings.Join(names, ", ")+" in "+module))
		}
	}
	if number > mostCallers {
		parts = append(parts, fmt.Sprintf("and %d more", number-mostCallers))
	}
	return strings.Join(parts, "; ")
}

// of is the stack that it was made from, but for what is not UTF-8 in it.
func (s Stack) of() audit.Stack {
	return audit.Stack{Frames: each(s.Frames, func(f Frame) audit.Frame {
		return audit.Frame{Module: orEmpty(f.Module), Function: orEmpty(f.Function), Offset: f.Offset}
	}), Ended: orEmpty(s.Ended)}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
