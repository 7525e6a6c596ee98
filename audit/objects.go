package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/objects"
)

// MaxObjects is how many a call site has, as in the kernel half.
const MaxObjects = 8

// SeenObject is an object with how many of the checks looked at were for it.
type SeenObject struct {
	objects.Object
	Checks uint64
}

// Objects are of each kind of check those seen first, and of several kinds the most frequent. Others is how
// many checks were looked at that were for none of them.
type Objects struct {
	Seen   []SeenObject
	Others uint64
}

// checks are all that were looked at.
func (o Objects) checks() uint64 {
	sum := o.Others
	for _, s := range o.Seen {
		sum = Sum(sum, s.Checks)
	}
	return sum
}

// Join adds objects, and keeps the most frequent of all: which come first is by chance, as a map has no
// order.
func (o *Objects) Join(other Objects) {
	o.Others = Sum(o.Others, other.Others)
	o.Seen = slices.Clone(o.Seen) // which another call site may have, too
	for _, s := range other.Seen {
		at := slices.IndexFunc(o.Seen, func(have SeenObject) bool { return have.Object == s.Object })
		if at >= 0 {
			o.Seen[at].Checks = Sum(o.Seen[at].Checks, s.Checks)
		} else {
			o.Seen = append(o.Seen, s)
		}
	}
	slices.SortStableFunc(o.Seen, compareObjects)
	for len(o.Seen) > MaxObjects {
		last := len(o.Seen) - 1
		o.Others = Sum(o.Others, o.Seen[last].Checks)
		o.Seen = o.Seen[:last]
	}
}

// compareObjects puts the most frequent first.
func compareObjects(a, b SeenObject) int {
	return cmp.Or(cmp.Compare(b.Checks, a.Checks), strings.Compare(a.Text(), b.Text()))
}
