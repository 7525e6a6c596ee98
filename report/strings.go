package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/console"
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
// marks that reverse the direction of writing included, is escaped as in the
// lines of a run.
func printable(s string) string { return console.Escape(s) }
