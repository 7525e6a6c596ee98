package report

import (
	"maps"
	"slices"

	"github.com/cap-audit/cap-audit/audit"
)

const (
	maxLevels = 19 // of the tree: what is deeper stands on the last one
	maxAlike  = 20 // siblings that need the same and executed nothing: the others are only counted
)

// branch is a program with those that it executed, or stands for Others that need the same.
type branch struct {
	Program
	Others   uint64
	Branches []branch
}

// forest are the programs as trees, each once, without those of bare branches.
type forest struct {
	programs []Program
	done     []bool
	children map[int][]int
}

// trees has the programs that say something below who executed them; bare is how many say nothing.
func (d *Document) trees() (trees []branch, bare uint64) {
	f := forest{programs: d.Programs, children: map[int][]int{}}
	f.done, bare = d.bareBranches()
	known := map[int]bool{}
	for i, p := range d.Programs {
		known[p.Index] = true
		f.children[p.Parent] = append(f.children[p.Parent], i)
	}
	// Twice: a program whose ancestors lead in a circle, or nowhere, is a root
	// for want of a better place.
	for _, orphans := range []bool{false, true} {
		var roots []int
		for i, p := range d.Programs {
			if orphans || p.Parent == 0 || !known[p.Parent] {
				roots = append(roots, i)
			}
		}
		trees = append(trees, f.siblings(roots, 0)...)
	}
	return trees, bare
}

func (f *forest) siblings(list []int, level int) (branches []branch) {
	drawn, more := map[string]int{}, map[string]branch{}
	for _, i := range list {
		if f.done[i] {
			continue
		}
		f.done[i] = true
		p := f.programs[i]
		needs := p.needs()
		if drawn[needs]++; drawn[needs] > maxAlike && len(f.children[p.Index]) == 0 {
			more[needs] = branch{Program: p, Others: audit.Sum(more[needs].Others, p.standsFor())}
			continue
		}
		b, deeper := branch{Program: p}, []branch(nil)
		if p.Index != 0 {
			deeper = f.siblings(f.children[p.Index], min(level+1, maxLevels))
		}
		if level < maxLevels {
			b.Branches, deeper = deeper, nil
		}
		branches = append(append(branches, b), deeper...)
	}
	for _, needs := range slices.Sorted(maps.Keys(more)) {
		branches = append(branches, more[needs])
	}
	return branches
}
