package systemd

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoting says how a value is split into words (systemd's
// src/basic/extract-word.c, extract_first_word).
type quoting int

const (
	// quoted: quotes group, backslashes take away the next byte's meaning.
	quoted quoting = 1 << iota
	// escaped: backslash sequences as in C.
	escaped
	// lenient: what is not closed by the end is closed there.
	lenient
	// literal keeps backslashes that begin no known sequence.
	literal
)

var errUnbalanced = errors.New("a quote is not closed, or a backslash ends it")

// nextWord takes the first word off a command line. ok is false when there is
// none. Backslashes that begin no known sequence stay.
func nextWord(p string) (word, rest string, ok bool, err error) {
	word, rest, ok, err = extractWord(p, quoted|escaped)
	if err != nil {
		word, rest, ok, err = extractWord(p, quoted|escaped|literal)
	}
	return word, rest, ok, err
}

// allWords splits a value, up to what it cannot read.
func allWords(p string, q quoting) ([]string, error) {
	var words []string
	for {
		word, rest, ok, err := extractWord(p, q)
		if err != nil || !ok {
			return words, err
		}
		words = append(words, word)
		p = rest
	}
}

func extractWord(p string, q quoting) (word, rest string, ok bool, err error) {
	p = strings.TrimLeft(p, blanks)
	if p == "" {
		return "", "", false, nil
	}
	var b strings.Builder
	var quote byte
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
			if i == len(p) {
				switch {
				case q&literal != 0 && (quote == 0 || q&lenient != 0):
					b.WriteByte('\\')
				case q&lenient == 0:
					return "", "", false, errUnbalanced
				}
				return b.String(), "", true, nil
			}
			if q&escaped == 0 {
				b.WriteByte(p[i])
				continue
			}
			n, text := unescapeC(p[i:])
			switch {
			case n > 0:
				b.WriteString(text)
				i += n - 1
			case q&literal != 0:
				b.WriteByte('\\')
				b.WriteByte(p[i])
			default:
				return "", "", false, errUnbalanced
			}
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case q&quoted != 0 && (c == '\'' || c == '"'):
			quote = c
		case strings.IndexByte(blanks, c) >= 0:
			return b.String(), strings.TrimLeft(p[i:], blanks), true, nil
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 && q&lenient == 0 {
		return "", "", false, errUnbalanced
	}
	return b.String(), "", true, nil
}

// simpleEscapes are C's, and \s for a blank.
var simpleEscapes = map[byte]string{
	'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\\': `\`, '"': `"`, '\'': `'`, 's': " ",
}

// unescapeC reads what follows a backslash: how many bytes, 0 for no known
// sequence, and what they mean. Zero bytes cannot be written.
func unescapeC(p string) (int, string) {
	if text, ok := simpleEscapes[p[0]]; ok {
		return 1, text
	}
	number := func(from, digits, base int) (uint64, bool) {
		if len(p) < from+digits {
			return 0, false
		}
		n, err := strconv.ParseUint(p[from:from+digits], base, 32)
		return n, err == nil && n != 0
	}
	switch p[0] {
	case 'x':
		if n, ok := number(1, 2, 16); ok {
			return 3, string([]byte{byte(n)})
		}
	case 'u', 'U':
		digits := map[byte]int{'u': 4, 'U': 8}[p[0]]
		if n, ok := number(1, digits, 16); ok && n <= utf8.MaxRune && utf8.ValidRune(rune(n)) {
			return 1 + digits, string(rune(n))
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		if n, ok := number(0, 3, 8); ok && n <= 0xff {
			return 3, string([]byte{byte(n)})
		}
	}
	return 0, ""
}
