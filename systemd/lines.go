package systemd

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxLine is systemd's LONG_LINE_MAX, in bytes.
const maxLine = 1 << 20

const (
	blanks   = " \t\n\r"
	comments = "#;"
)

// lineBreaks are those that systemd knows, all made one.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\n\r", "\n", "\r", "\n")

// logicalLines puts continued lines together, takes comments away, which may
// stand between them, and leaves out the lines that systemd passes over with
// a warning (src/shared/conf-parser.c, config_parse and parse_line). What
// comes out has one header or one assignment a line.
func logicalLines(text []byte) (lines string, warnings []string, err error) {
	s := strings.TrimPrefix(string(text), "\ufeff")
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return "", nil, errors.New("is no unit file: it has a zero byte")
	case !utf8.ValidString(s):
		return "", nil, errors.New("is no unit file: it is not UTF-8")
	}
	var b, continued strings.Builder
	begun, section := 0, false
	finish := func(line string) error {
		line = strings.Trim(line, blanks)
		number := begun
		begun = 0
		switch key, _, assigns := strings.Cut(line, "="); {
		case line == "":
			return nil
		case line[0] == '[':
			if len(line) < 3 || strings.IndexByte(line, ']') != len(line)-1 {
				return fmt.Errorf("line %d: %q is no header of a section", number, shortened(line))
			}
			section = true
		case !section:
			warnings = append(warnings, fmt.Sprintf("line %d stands before the first section: systemd "+
				"ignores it", number))
			return nil
		case !assigns || strings.Trim(key, blanks) == "":
			warnings = append(warnings, fmt.Sprintf("line %d is no assignment: systemd ignores it", number))
			return nil
		}
		// the blank keeps go-systemd from taking a backslash at the end for a continuation
		b.WriteString(line + " \n")
		return nil
	}
	for i, line := range strings.Split(lineBreaks.Replace(s), "\n") {
		line = strings.TrimLeft(line, blanks)
		if line != "" && strings.ContainsRune(comments, rune(line[0])) {
			continue
		}
		if begun == 0 {
			begun = i + 1
		}
		if continued.Len()+len(line) > maxLine {
			return "", nil, fmt.Errorf("line %d is longer than %d bytes", i+1, maxLine)
		}
		if endsInBackslash(line) {
			continued.WriteString(line[:len(line)-1] + " ")
			continue
		}
		continued.WriteString(line)
		if err := finish(continued.String()); err != nil {
			return "", nil, err
		}
		continued.Reset()
	}
	if err := finish(continued.String()); err != nil {
		return "", nil, err
	}
	return b.String(), warnings, nil
}

// endsInBackslash: one that is not escaped by another.
func endsInBackslash(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// shortened is text for an error's line.
func shortened(text string) string { return cut(text, 60) }

// cut is the beginning of a text, in bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
