package report

import (
	"slices"
	"strings"
)

// programs shows who needs what as a tree, when there is more than one program.
// Branches that need nothing are only counted, and left out where all are such.
func (t *text) programs() {
	shown, bare := t.bareBranches()
	if len(t.d.Programs) < 2 || bare == len(t.d.Programs) {
		return
	}
	t.heading("PROGRAMS:")
	// Twice: a program whose ancestors lead in a circle, or nowhere, is a root
	// for want of a better place.
	for _, orphans := range []bool{false, true} {
		for i, p := range t.d.Programs {
			if !shown[i] && (orphans || p.Parent == 0 || !t.hasProgram(p.Parent)) {
				t.program(i, "  ", shown)
			}
		}
	}
	if bare > 0 {
		t.line("  And %s that %s nothing", count(bare, "program", "programs"), needs(bare))
	}
}

func needs(n int) string {
	if n == 1 {
		return "needs"
	}
	return "need"
}

// bareBranches marks the programs that have nothing to tell, and of which none that
// they executed has.
func (t *text) bareBranches() (bare []bool, n int) {
	parents := map[int]int{}
	for _, p := range t.d.Programs {
		parents[p.Index] = p.Parent
	}
	telling := map[int]bool{}
	for _, p := range t.d.Programs {
		if len(p.Needs)+len(p.Refused)+len(p.FileCaps) == 0 {
			continue
		}
		for index := p.Index; index != 0 && !telling[index]; index = parents[index] {
			telling[index] = true
		}
	}
	bare = make([]bool, len(t.d.Programs))
	for i, p := range t.d.Programs {
		if bare[i] = p.Index != 0 && !telling[p.Index]; bare[i] {
			n++
		}
	}
	return bare, n
}

func (t *text) hasProgram(index int) bool {
	return slices.ContainsFunc(t.d.Programs, func(p Program) bool { return p.Index == index })
}

// maxIndent is how deep the tree is drawn, in columns.
const maxIndent = 40

func (t *text) program(i int, indent string, shown []bool) {
	shown[i] = true
	p := t.d.Programs[i]
	path := printable(p.Path)
	if p.Path == "" {
		path = "(not known which)"
	}
	what := []string{}
	if p.Processes > 0 {
		what = append(what, count(p.Processes, "process", "processes"))
	}
	what = append(what, "needs "+orNone(p.Needs))
	if len(p.Refused) > 0 {
		what = append(what, "refused "+strings.Join(p.Refused, ", "))
	}
	if len(p.FileCaps) > 0 {
		what = append(what, "its file has "+strings.Join(p.FileCaps, ", "))
	}
	t.WriteString(wrap(indent+path+": ", indent+"    ", strings.Join(what, "; "), t.width))
	if len(indent) < maxIndent {
		indent += "  "
	}
	for j, child := range t.d.Programs {
		if !shown[j] && child.Parent == p.Index && p.Index != 0 {
			t.program(j, indent, shown)
		}
	}
}
