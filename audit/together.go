package audit

import (
	"cmp"
	"slices"
	"strings"
)

// fewest is how many programs there have to be before it is looked at how their
// names were made.
const fewest = 4

// deepest is how many components of a path are looked at.
const deepest = 32

// cutAt is how long a path is, in bytes, that may be the beginning of a longer one:
// CA_PATH in bpf/cap_audit.h has room for no more.
const cutAt = 255

// together makes one entry of programs that are alike in what they need, for whom
// they ran and who ran them, if they have the same path, or paths that differ in one
// component, and there as temporary names do. The list is in the order of indexes.
func together(list []ProgramUse, users func(index int) []int) []ProgramUse {
	entries := map[int]int{} // of which index the entry of a program is
	at := func(index int) int {
		if entry, ok := entries[index]; ok {
			return entry
		}
		return index
	}
	joined := make([]ProgramUse, 0, len(list))
	for _, generation := range generations(list) {
		alike := map[likeness][]ProgramUse{}
		for _, p := range generation {
			like := likeness{parent: at(p.Parent), needs: bits(p.Needs), refused: bits(p.Refused),
				fileCaps: bits(p.FileCaps)}
			copy(like.users[:], users(p.Index))
			alike[like] = append(alike[like], p)
		}
		for _, members := range alike {
			for _, g := range groups(members) {
				entry := g.join()
				for _, p := range g.members {
					entries[p.Index] = entry.Index
				}
				joined = append(joined, entry)
			}
		}
	}
	for i := range joined {
		joined[i].Parent = at(joined[i].Parent)
	}
	slices.SortFunc(joined, func(a, b ProgramUse) int { return cmp.Compare(a.Index, b.Index) })
	return joined
}

// likeness is what programs of one entry have in common, beside their names.
type likeness struct {
	parent                   int // the entry of it
	needs, refused, fileCaps uint64
	users                    [2]int
}

// generations are programs by how many ancestors they have.
func generations(list []ProgramUse) (all [][]ProgramUse) {
	depths := map[int]int{}
	for _, p := range list {
		depth := 0
		if above, ok := depths[p.Parent]; ok && p.Parent != 0 {
			depth = above + 1
		}
		depths[p.Index] = depth
		if depth == len(all) {
			all = append(all, nil)
		}
		all[depth] = append(all[depth], p)
	}
	return all
}

// group is programs that are shown by one path.
type group struct {
	path    string
	members []ProgramUse
	// rest is where in the path the first component begins that was not looked at, -1
	// for none.
	rest int
}

// join is the entry of a group.
func (g group) join() ProgramUse {
	entry := g.members[0]
	if g.path != "" {
		entry.Path = g.path
	}
	if entry.Path != "" {
		entry.StandsFor = uint64(len(g.members))
	}
	if len(g.members) == 1 {
		return entry
	}
	entry.Processes = 0
	made := calls{}
	for _, p := range g.members {
		if p.Index != entry.Index {
			entry.Members = append(entry.Members, p.Index)
		}
		entry.Processes = Sum(entry.Processes, p.Processes)
		entry.Namespaces = entry.Namespaces || p.Namespaces
		made.join(p, len(p.Syscalls))
	}
	slices.Sort(entry.Members)
	made.into(&entry)
	return entry
}

// groups parts programs by their paths.
func groups(members []ProgramUse) []group {
	var list []group
	known := map[string]int{}
	for _, p := range members {
		path := p.Path
		if len(path) >= cutAt {
			path = ""
		}
		i, ok := known[path]
		if !ok || path == "" { // whose path is not known is nobody's like
			i = len(list)
			known[path] = i
			list = append(list, group{path: path})
		}
		list[i].members = append(list[i].members, p)
	}
	for range deepest {
		if len(list) < fewest || !joinByComponent(list) {
			break
		}
	}
	return slices.DeleteFunc(list, func(g group) bool { return g.members == nil })
}

// hole is a path without one of its components.
type hole struct{ before, after string }

// joinByComponent looks at the next component of all paths: of groups that differ in
// nothing else, and there as temporary names do, the first takes the members of the
// others. It says whether there was any component to look at.
func joinByComponent(list []group) bool {
	holes := map[hole][]int{}
	for i := range list {
		g := &list[i]
		if g.rest < 0 {
			continue
		}
		end := len(g.path)
		if length := strings.IndexByte(g.path[g.rest:], '/'); length >= 0 {
			end = g.rest + length
		}
		h := hole{g.path[:g.rest], g.path[end:]}
		holes[h] = append(holes[h], i)
		g.rest = end + 1
		if end == len(g.path) {
			g.rest = -1
		}
	}
	for h, indexes := range holes {
		names := make([]string, len(indexes))
		for n, i := range indexes {
			names[n] = list[i].path[len(h.before) : len(list[i].path)-len(h.after)]
		}
		pattern := temporary(names)
		if pattern == "" {
			continue
		}
		first := &list[indexes[0]]
		first.path, first.rest = h.before+pattern+h.after, -1
		for _, i := range indexes[1:] {
			first.members = append(first.members, list[i].members...)
			list[i] = group{rest: -1}
		}
	}
	return len(holes) > 0
}
