package reach

import "slices"

// handedOver looks for a number that a function finds where its argument points to, and that code puts
// on its stack which hands a pointer there over together with the function: as musl's, for all threads
// to change identity (__setxid()). It tells whether all who hold the function do so.
func (c *climber) handedOver(w wanted, o unresolved) bool {
	var found []wanted
	for _, taker := range c.takers[w.body.object.place(o.entry)] {
		up, ok := c.handing(w, o, taker)
		if !ok {
			return false
		}
		found = append(found, up)
	}
	c.work = append(c.work, found...)
	return len(found) > 0
}

// handing is the call that code makes next to where it takes a function's address, with the number
// that its arguments point to.
func (c *climber) handing(w wanted, o unresolved, taker place) (wanted, bool) {
	up := w.closed()
	up.level, up.asked, up.number = w.level+1, w.asked, value{}
	if taker == 0 {
		return up, false
	}
	var n int32
	if up.body, n = c.bodyAt(taker); n < 0 {
		return up, false
	}
	code := up.body.code
	if !slices.Contains(c.from.arguments[:], code[n].dst) {
		return up, false
	}
	for up.n = n + 1; ; up.n++ {
		if int(up.n) >= len(code) || code[up.n].writes(code[n].dst) || code[up.n].ends() ||
			code[up.n].op == opBranch {
			return up, false
		}
		if code[up.n].calls() {
			break
		}
	}
	t := tracer{program: c.program, body: up.body}
	for _, r := range c.from.arguments {
		if _, ok := t.toStack(up.n, r); ok {
			l := o.where
			l.reg = r
			up.number.join(c.trace(up.body, up.n, l))
		}
	}
	return up, !up.number.unknown() && up.level < maxClimb
}
