package systemd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What parse_env_file_internal() of systemd 254 (src/basic/env-file.c) makes of
// the same text.
func TestEnvironmentFiles(t *testing.T) {
	for text, want := range map[string][]string{
		"":                  nil,
		"A=b":               {"A=b"},
		"A=b\nC=d\r\nE=f\n": {"A=b", "C=d", "E=f"},
		"A\nB=c\n":          {"B=c"},
		"  A = b  \n":       {"A=b"},
		"A=\n":              {"A="},
		"A=b c  d\n":        {"A=b c  d"},
		"# A=b\n; C=d\nE=f": {"E=f"},
		"# A=b \\\nC=d\n":   {"C=d"},
		"#\\a\nC=d\n":       {"C=d"},

		// a backslash keeps what it stands before, and the blanks before itself
		"A=b\\ \n":      {"A=b "},
		"A=b\\\nc\n":    {"A=bc"},
		"A=b  \\\n\n":   {"A=b  "},
		"A=b  \\":       {"A=b  "},
		"A=b\\c  \n":    {"A=bc"},
		"A=\\'b'\n":     {"A='b'"},
		"A=b \\\n  \n":  {"A=b "},
		"A=b \\\r\nC=d": {"A=b ", "C=d"},

		"A='b  '\n":                     {"A=b  "},
		"A='b\nc'\n":                    {"A=b\nc"},
		`A='b\'c'`:                      {`A=b\c'`},
		`A="b" 'c'  d  ` + "\n":         {"A=bcd"},
		`A="b\"c\\d\$e\` + "`" + `f\g"`: {`A=b"c\d$e` + "`" + `f\g`},
		"A=\"b\\\nc\"\n":                {"A=bc"},
		"A=\"b\\\rc\"\n":                {"A=b\\\rc"},
		"A=\"b":                         {"A=b"},
		"A=\"b\\":                       {"A=b"},
		"A='b  ":                        {"A=b  "},
	} {
		if diff := cmp.Diff(want, parseEnvironmentFile(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
