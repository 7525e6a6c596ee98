package snippets

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// shellQuote is s as one word of a command that every POSIX shell reads. It
// reports false for what cannot be shown, such as control characters or bytes
// that are not UTF-8: only $'…' could spell that in characters that can, and
// where a shell does not know it the quotes in there end the word.
func shellQuote(s string) (word string, ok bool) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return "", false
	}
	if isPlain(s) {
		return s, true
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'", true
}

// CommandLine shows a command for a terminal, as a shell reads it where it can be shown so.
func CommandLine(argv []string) string {
	words := make([]string, 0, len(argv))
	for _, s := range argv {
		word, ok := shellQuote(s)
		if !ok || s == "" {
			word = strconv.QuoteToASCII(s)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// isPlain tells what means nothing to any shell.
func isPlain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') &&
			!strings.ContainsRune("/._-+:@%,", r)
	})
}
