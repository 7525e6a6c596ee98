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

// wrap breaks prose between words, and lists of flags, so that no line is wider than width columns
// where that is possible. The first line begins with first, the others with
// rest.
func wrap(first, rest, prose string, width int) string {
	var b strings.Builder
	b.WriteString(first)
	column := utf8.RuneCountInString(first)
	width = max(width, utf8.RuneCountInString(rest)+minProse)
	for i, word := range strings.Fields(prose) {
		gap := " "
		if i == 0 {
			gap = ""
		}
		for _, part := range parts(word, width-utf8.RuneCountInString(rest)) {
			length := utf8.RuneCountInString(gap + part)
			if b.Len() > len(first) && column+length > width {
				b.WriteString("\n" + rest)
				gap, column = "", utf8.RuneCountInString(rest)
				length = utf8.RuneCountInString(part)
			}
			b.WriteString(gap + part)
			gap, column = "", column+length
		}
	}
	b.WriteByte('\n')
	return b.String()
}

// parts of a word for which there is no room are the flags that it lists, each with the | after it.
func parts(word string, room int) []string {
	if utf8.RuneCountInString(word) <= room {
		return []string{word}
	}
	return strings.SplitAfter(word, "|")
}
