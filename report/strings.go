package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cap-audit/cap-audit/console"
	"github.com/cap-audit/cap-audit/lazy"
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

var escapedByte = lazy.Regexp(`\\x[89a-f][0-9a-f]`)

// unescaped is what valid has made s of. A name of one file that spells an escape
// itself cannot be told from another's that was escaped: it is taken for that, and no
// command is made of it.
func unescaped(s string) string {
	raw := escapedByte().ReplaceAllStringFunc(s, func(escape string) string {
		b, _ := strconv.ParseUint(escape[2:], 16, 8)
		return string([]byte{byte(b)})
	})
	if utf8.ValidString(raw) { // which valid leaves as it is
		return s
	}
	return raw
}
