package snippets

// commenting is how a consumer has comments, and spells capabilities in them.
type commenting struct {
	spelling  func(int) string // nil where it has none
	open, end string
}

// hashed are those of most.
func hashed(spelling func(int) string) commenting { return commenting{spelling, "# ", ""} }

// Possible is a comment on what else the code can ask for, "" where there is none. It goes
// below the snippet of that kind.
func Possible(kind string, a Advice) string {
	of := find(kind)
	if of == nil || of.comments.spelling == nil || len(Unknown(a.Possible)) == len(a.Possible) {
		return ""
	}
	if of.inFile && (a.script() || a.doesAnything()) {
		return "" // whose file is never to get any
	}
	c := of.comments
	names := spell(a.Possible, c.spelling)
	brk := c.end + "\n" + c.open
	return c.open + "The code can ask for these too, which the run did not show. Add what" + c.end + "\n" +
		fill(c.open+"you exercise: ", names, " ", brk) + "." + c.end
}
