package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// programs shows who needs what as a tree, when there is more than one program.
// Branches that need nothing are only counted, and left out where all are such.
func (t *text) programs() {
	shown, bare := t.bareBranches()
	if len(t.d.Programs) < 2 || !slices.Contains(shown, false) {
		return
	}
	known, children := map[int]bool{}, map[int][]int{}
	for i, p := range t.d.Programs {
		known[p.Index] = true
		children[p.Parent] = append(children[p.Parent], i)
	}
	t.heading("PROGRAMS:")
	tree := programTree{text: t, shown: shown, children: children}
	// Twice: a program whose ancestors lead in a circle, or nowhere, is a root
	// for want of a better place.
	for _, orphans := range []bool{false, true} {
		var roots []int
		for i, p := range t.d.Programs {
			if orphans || p.Parent == 0 || !known[p.Parent] {
				roots = append(roots, i)
			}
		}
		tree.siblings(roots, "  ")
	}
	if bare > 0 {
		t.line("  And %s that %s nothing", count(bare, "program", "programs"), needs(bare))
	}
}

func needs(n uint64) string {
	if n == 1 {
		return "needs"
	}
	return "need"
}

// bareBranches marks the programs that have nothing to tell, and of which none that
// they executed has, and counts them.
func (t *text) bareBranches() (bare []bool, n uint64) {
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
			n = audit.Sum(n, p.standsFor())
		}
	}
	return bare, n
}

const (
	maxIndent = 40 // how deep the tree is drawn, in columns
	maxAlike  = 20 // siblings that need the same and executed nothing: the others are only counted
)

type programTree struct {
	*text
	shown    []bool
	children map[int][]int
}

func (t programTree) siblings(list []int, indent string) {
	drawn, more := map[string]int{}, map[string]uint64{}
	for _, i := range list {
		if t.shown[i] {
			continue
		}
		p := t.d.Programs[i]
		needs := p.needs()
		if drawn[needs]++; drawn[needs] > maxAlike && len(t.children[p.Index]) == 0 {
			t.shown[i] = true
			more[needs] = audit.Sum(more[needs], p.standsFor())
			continue
		}
		t.program(i, indent)
	}
	for _, needs := range slices.Sorted(maps.Keys(more)) {
		t.WriteString(wrap(indent+"And "+count(more[needs], "program", "programs")+" more: ", indent+"    ",
			needs, t.width))
	}
}

func (t programTree) program(i int, indent string) {
	t.shown[i] = true
	p := t.d.Programs[i]
	path := printable(p.Path)
	if p.Path == "" {
		path = "(not known which)"
	}
	if p.StandsFor > 1 {
		path += inParens([]string{count(p.StandsFor, "program", "programs")})
	}
	what := p.needs()
	if p.Processes > 0 {
		what = count(p.Processes, "process", "processes") + "; " + what
	}
	t.WriteString(wrap(indent+path+": ", indent+"    ", what, t.width))
	if len(indent) < maxIndent {
		indent += "  "
	}
	if p.Index != 0 {
		t.siblings(t.children[p.Index], indent)
	}
}

// needs is what the program needs, in words.
func (p Program) needs() string {
	what := []string{"needs " + orNone(p.Needs)}
	if len(p.Refused) > 0 {
		what = append(what, "refused "+strings.Join(p.Refused, ", "))
	}
	if len(p.FileCaps) > 0 {
		what = append(what, "its file has "+strings.Join(p.FileCaps, ", "))
	}
	return strings.Join(what, "; ")
}
