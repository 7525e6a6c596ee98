package report

import (
	"strings"

	"github.com/cap-audit/cap-audit/audit"
)

// programs shows who needs what as a tree, when there is more than one program.
// Branches that need nothing are only counted, and left out where all are such.
func (t *text) programs() {
	trees, bare := t.d.trees()
	if len(t.d.Programs) < 2 || len(trees) == 0 {
		return
	}
	t.heading("PROGRAMS:")
	t.branches(trees, "  ")
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
func (d *Document) bareBranches() (bare []bool, n uint64) {
	parents := map[int]int{}
	for _, p := range d.Programs {
		parents[p.Index] = p.Parent
	}
	telling := map[int]bool{}
	for _, p := range d.Programs {
		if len(p.Needs)+len(p.Refused)+len(p.FileCaps) == 0 {
			continue
		}
		for index := p.Index; index != 0 && !telling[index]; index = parents[index] {
			telling[index] = true
		}
	}
	bare = make([]bool, len(d.Programs))
	for i, p := range d.Programs {
		if bare[i] = p.Index != 0 && !telling[p.Index]; bare[i] {
			n = audit.Sum(n, p.standsFor())
		}
	}
	return bare, n
}

func (t *text) branches(list []branch, indent string) {
	for _, b := range list {
		if b.Others > 0 {
			t.WriteString(wrap(indent+"And "+count(b.Others, "program", "programs")+" more: ", indent+"    ",
				b.needs(), t.width))
			continue
		}
		t.WriteString(wrap(indent+b.name()+": ", indent+"    ", b.says(), t.width))
		t.branches(b.Branches, indent+"  ")
	}
}

// name is its path, and how many programs it stands for.
func (p Program) name() string {
	path := printable(p.Path)
	if p.Path == "" {
		path = "(not known which)"
	}
	if p.StandsFor > 1 {
		path += inParens([]string{count(p.StandsFor, "program", "programs")})
	}
	return path
}

// says is how many processes it had, and what these needed.
func (p Program) says() string {
	if p.Processes == 0 {
		return p.needs()
	}
	return count(p.Processes, "process", "processes") + "; " + p.needs()
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
