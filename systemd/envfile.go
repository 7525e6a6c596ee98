package systemd

import (
	"slices"
	"strings"
)

// The states of the reader of environment files.
type envState int

const (
	beforeKey envState = iota
	inKey
	beforeValue
	inValue
	afterBackslash
	inSingle
	inDouble
	inDoubleAfterBackslash
	inComment
	inCommentAfterBackslash
)

// envRule says what the reader does about a character, and which state is next.
type envRule struct {
	on   string // characters; others for all that no rule before it has
	do   func(*envFile, byte)
	next envState
}

const (
	newlines = "\n\r"
	others   = ""
)

// envRules has the rules of each state in the order of src/basic/env-file.c,
// parse_env_file_internal, of systemd 254 and later: before, a backslash
// continued a comment.
var envRules = [...][]envRule{
	beforeKey: {
		{comments, (*envFile).skip, inComment},
		{blanks, (*envFile).skip, beforeKey},
		{others, (*envFile).toKey, inKey},
	},
	inKey: {
		{newlines, (*envFile).drop, beforeKey},
		{"=", (*envFile).skip, beforeValue},
		{others, (*envFile).toKey, inKey},
	},
	beforeValue: {
		{newlines, (*envFile).assign, beforeKey},
		{`'`, (*envFile).skip, inSingle},
		{`"`, (*envFile).skip, inDouble},
		{`\`, (*envFile).skip, afterBackslash},
		{blanks, (*envFile).skip, beforeValue},
		{others, (*envFile).toValue, inValue},
	},
	inValue: {
		{newlines, (*envFile).assignTrimmed, beforeKey},
		{`\`, (*envFile).keep, afterBackslash},
		{others, (*envFile).toValue, inValue},
	},
	afterBackslash: {
		{newlines, (*envFile).skip, inValue},
		{others, (*envFile).toValueForGood, inValue},
	},
	inSingle: {
		{`'`, (*envFile).skip, beforeValue},
		{others, (*envFile).toValue, inSingle},
	},
	inDouble: {
		{`"`, (*envFile).skip, beforeValue},
		{`\`, (*envFile).skip, inDoubleAfterBackslash},
		{others, (*envFile).toValue, inDouble},
	},
	inDoubleAfterBackslash: {
		{"\"\\`$", (*envFile).toValue, inDouble},
		{"\n", (*envFile).skip, inDouble},
		{others, (*envFile).toValueWithBackslash, inDouble},
	},
	inComment: {
		{`\`, (*envFile).skip, inCommentAfterBackslash},
		{newlines, (*envFile).skip, beforeKey},
		{others, (*envFile).skip, inComment},
	},
	inCommentAfterBackslash: {
		{newlines, (*envFile).skip, beforeKey},
		{others, (*envFile).skip, inComment},
	},
}

// envFile is what has been read of an environment file.
type envFile struct {
	assignments []string
	key, value  []byte
	// kept counts the bytes of the value that blanks at its end cannot be taken from.
	kept int
}

// parseEnvironmentFile reads assignments as a shell would, or nearly so. It
// takes any text.
func parseEnvironmentFile(text string) []string {
	f := &envFile{}
	state := beforeKey
	for _, c := range []byte(text) {
		rules := envRules[state]
		rule := rules[slices.IndexFunc(rules, func(r envRule) bool {
			return r.on == others || strings.IndexByte(r.on, c) >= 0
		})]
		rule.do(f, c)
		state = rule.next
	}
	// the last line needs no end, nor does what it quotes
	switch state {
	case beforeValue, inSingle, inDouble, inDoubleAfterBackslash:
		f.assign('\n')
	case inValue, afterBackslash:
		f.assignTrimmed('\n')
	}
	return f.assignments
}

func (f *envFile) skip(byte) {}

func (f *envFile) drop(byte) { *f = envFile{assignments: f.assignments} }

func (f *envFile) toKey(c byte) { f.key = append(f.key, c) }

func (f *envFile) toValue(c byte) { f.value = append(f.value, c) }

func (f *envFile) toValueForGood(c byte) {
	f.toValue(c)
	f.keep(c)
}

func (f *envFile) keep(byte) { f.kept = len(f.value) }

func (f *envFile) toValueWithBackslash(c byte) { f.value = append(f.value, '\\', c) }

func (f *envFile) assign(c byte) {
	f.assignments = append(f.assignments, strings.TrimRight(string(f.key), blanks)+"="+string(f.value))
	f.drop(c)
}

func (f *envFile) assignTrimmed(c byte) {
	end := strings.TrimRight(string(f.value[f.kept:]), blanks)
	f.value = append(f.value[:f.kept], end...)
	f.assign(c)
}
