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

// callers names the program's own functions that asked, by the files that they are in. Where
// none has a name, it has their addresses; where no caller is known, it says why.
func (t *text) callers(sites []CallSite) {
	var named, nameless callers
	var ended string
	known := false
	for _, site := range sites {
		if site.Advisory != nil {
			continue
		}
		for _, s := range site.Stacks {
			frame, ok := s.of().Caller(site.Syscall)
			if s.Ended != nil {
				ended = *s.Ended
			}
			known = known || ok
			switch {
			case ok && frame.Function != "":
				named.add(frame.Module, frame.Function)
			case ok && frame.Module != "":
				nameless.add(frame.Module, fmt.Sprintf("%#x", frame.Offset))
			}
		}
	}
	switch {
	case named.number > 0:
		t.labelled("    ", "Called by:", named.listed())
	case nameless.number > 0:
		t.labelled("    ", "Called by:", nameless.listed()+" (stripped)")
	case ended != "" && !known:
		t.labelled("    ", "Called by:", "unknown: "+printable(ended)+".")
	}
}

// callers are functions by the files that they are in.
type callers struct {
	grouped[string]
	number int
}

func (c *callers) add(module, function string) {
	module = path.Base(module)
	if !slices.Contains(c.of[module], function) {
		c.grouped.add(module, function)
		c.number++
	}
}

// listed has as many as a reader wants to see.
func (c *callers) listed() string {
	var parts []string
	left := mostCallers
	for _, module := range c.keys {
		names := c.of[module]
		names = names[:min(len(names), left)]
		if left -= len(names); len(names) > 0 {
			parts = append(parts, printable(strings.Join(names, ", ")+" in "+module))
		}
	}
	if c.number > mostCallers {
		parts = append(parts, fmt.Sprintf("and %d more", c.number-mostCallers))
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
