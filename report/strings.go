package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// valid is s as UTF-8. Paths and process names are bytes to the kernel and may
// be anything; a byte that is not UTF-8 becomes \xHH, so that one can still
// tell which it was. JSON would put U+FFFD there and YAML turn the whole string
// into base64.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// printable is s for a terminal: what is not printable, escape sequences and
// marks that reverse the direction of writing included, is written as %q
// writes it.
func printable(s string) string {
	s = valid(s)
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
