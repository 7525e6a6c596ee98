package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// minProse is the narrowest that prose gets, in columns: on a terminal of ten
// columns lines that the terminal breaks are easier to read than ours.
const minProse = 20

// sentence makes one of a clause.
func sentence(clause string) string {
	first, size := utf8.DecodeRuneInString(clause)
	return string(unicode.ToUpper(first)) + clause[size:] + "."
}

// wrap breaks prose between words so that no line is wider than width columns
// where that is possible. The first line begins with first, the others with
// rest.
func wrap(first, rest, prose string, width int) string {
	var b strings.Builder
	b.WriteString(first)
	column := utf8.RuneCountInString(first)
	width = max(width, utf8.RuneCountInString(rest)+minProse)
	for i, word := range strings.Fields(prose) {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+length > width:
			b.WriteString("\n" + rest)
			column = utf8.RuneCountInString(rest)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += length
	}
	b.WriteByte('\n')
	return b.String()
}
