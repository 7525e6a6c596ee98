package snippets

import "strings"

// commenting is how a consumer has comments, and spells capabilities in them.
type commenting struct {
	spelling  func(int) string // nil where it has none
	open, end string
}

// hashed are those of most.
func hashed(spelling func(int) string) commenting { return commenting{spelling, "# ", ""} }

// Possible is a comment on what else the program can need: what its code can ask for, and that
// its start was not seen. It is "" where there is neither. It goes below the snippet of that kind.
func Possible(kind string, a Advice) string {
	of := find(kind)
	if of == nil || of.comments.spelling == nil || of.inFile && (a.script() || a.doesAnything()) {
		return "" // a file that is never to get any
	}
	c := of.comments
	var lines []string
	if a.Unbegun {
		lines = append(lines, c.open+"Its start was not seen: it may need more for that."+c.end)
	}
	if len(Unknown(a.Possible)) < len(a.Possible) {
		lines = append(lines,
			c.open+"The code can ask for these too, which the run did not show. Add what"+c.end,
			fill(c.open+"you exercise: ", spell(a.Possible, c.spelling), " ", c.end+"\n"+c.open)+"."+c.end)
	}
	return strings.Join(lines, "\n")
}
