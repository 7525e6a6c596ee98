package console

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable shows a path on a terminal: quoted where it holds control
// characters, which could move the cursor or worse, or bytes that are no text.
func Printable(path string) string {
	if Escape(path) == path {
		return path
	}
	return strconv.Quote(path)
}

// Escape writes control characters and bytes that are no text as \n, \x1b.
func Escape(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}
