package reach

import (
	"maps"
	"slices"

	"github.com/cap-audit/cap-audit/unwind"
)

const (
	maxLookUps  = 1 << 12 // places at which a function is looked up by its name
	maxLookedUp = 256     // bytes of that
	maxWrappers = 3       // functions that hand a name on
)

// lookUps are the texts that code hands to what looks functions up by name.
type lookUps struct {
	*program
	found map[string]bool
	left  int
}

// lookUp takes the functions that are looked up by a name that the code has, of whatever object,
// and tells whether there are any that were not known.
func (p *program) lookUp() (more bool) {
	u := lookUps{p, map[string]bool{}, maxLookUps}
	for _, name := range names("dlsym", "dlvsym") {
		for _, at := range p.definitions(name) {
			u.told(at, location{reg: p.from.arguments[1]}, maxWrappers)
		}
	}
	if u.left == maxLookUps {
		return false
	}
	// these are of the ways that were known before
	p.forgetBodies()
	p.traces = map[traced]value{}
	for _, name := range slices.Sorted(maps.Keys(u.found)) {
		if p.lookedUp[name] {
			continue
		}
		p.lookedUp[name] = true
		for _, o := range p.objects {
			p.takeExport(o, name)
			more = more || len(o.exports[name]) > 0
		}
	}
	return more
}

// told notes what a function is told at a location, by those who call it.
func (u *lookUps) told(at place, l location, level int) {
	for _, s := range u.inbound[at] {
		o := u.object(s.at)
		b, n := u.bodyAt(s.at)
		if n < 0 || u.left == 0 {
			continue
		}
		u.left--
		v := u.trace(b, n, l)
		for _, c := range v.constants {
			in := c.in
			if o.fixed && c.plain() {
				in = o
			}
			if in != nil {
				text := in.bytesAt(uint64(c.number))
				u.found[unwind.StringAt(text[:min(len(text), maxLookedUp)], 0)] = true
			}
		}
		for _, w := range v.open {
			if level > 0 && w.where.kind == inRegister {
				u.told(o.place(w.entry), w.where, level-1)
			}
		}
	}
}
