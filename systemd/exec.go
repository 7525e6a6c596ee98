package systemd

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Command is one command of an Exec line.
type Command struct {
	// Path of the program; without a slash it is looked for.
	Path string
	// Argv are the arguments before variables are put in.
	Argv []string
	// Verbatim (":") leaves variables alone; MayFail ("-") forgives failures;
	// KeepUser ("!") leaves the user and the groups to the program; Full ("+")
	// gives it all privileges, whatever the settings are.
	Verbatim, MayFail, KeepUser, Full bool
}

func (c *Command) String() string { return strings.Join(c.Argv, " ") }

// maxWords bounds the arguments of a command.
const maxWords = 64 << 10

// commands reads one value of ExecStart= and its like, which can hold several
// commands separated by ";" (src/core/load-fragment.c, config_parse_exec).
func (f *File) commands(value string) ([]*Command, error) {
	var list []*Command
	for value = strings.TrimLeft(value, blanks); value != ""; {
		first, rest, ok, err := nextWord(value)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if first == ";" {
			value = rest
			continue
		}
		c, rest, err := f.command(first, rest)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		value = rest
	}
	return list, nil
}

func (f *File) command(first, p string) (c *Command, rest string, err error) {
	c = &Command{}
	program, ownZero, err := c.prefixes(first)
	if err != nil {
		return nil, "", err
	}
	if program, err = f.expand(program); err != nil {
		return nil, "", err
	}
	if program == "" || strings.HasSuffix(program, "/") || strings.Contains(program, "/") &&
		!path.IsAbs(program) {
		return nil, "", fmt.Errorf("%q is neither an absolute path nor the name of a program",
			shortened(program))
	}
	if strings.ContainsFunc(program, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, "", fmt.Errorf("the path %q has control characters, which systemd refuses",
			shortened(program))
	}
	if !ownZero {
		c.Argv = []string{program}
	}
	// systemd tidies up the path that it executes, not what it calls the program
	c.Path = program
	if path.IsAbs(program) {
		c.Path = simplified(program)
	}
	for p != "" {
		if len(c.Argv) > maxWords {
			return nil, "", fmt.Errorf("a command has more than %d arguments", maxWords)
		}
		if separated(p, ";") {
			return c, strings.TrimLeft(p[1:], blanks), c.complete()
		}
		if separated(p, `\;`) {
			c.Argv = append(c.Argv, ";")
			p = strings.TrimLeft(p[2:], blanks)
			continue
		}
		word, after, ok, err := nextWord(p)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			break
		}
		if word, err = f.expand(word); err != nil {
			return nil, "", err
		}
		c.Argv = append(c.Argv, word)
		p = after
	}
	return c, "", c.complete()
}

func (c *Command) complete() error {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return errors.New(`"@" wants a name for the program after its path`)
	}
	return nil
}

// separated: the value begins with the mark, and a blank or the end follows.
func separated(p, mark string) bool {
	rest, ok := strings.CutPrefix(p, mark)
	return ok && (rest == "" || strings.IndexByte(blanks, rest[0]) >= 0)
}

// prefixes reads the special characters before a path (man systemd.service,
// "COMMAND LINES"), each of which can be there once. "!!" is "!" for kernels
// without ambient capabilities, and has no effect where these are, as here
// (src/core/exec-invoke.c, needs_ambient_hack).
func (c *Command) prefixes(word string) (program string, ownZero bool, err error) {
	ambientMagic := false
	for program = word; program != ""; program = program[1:] {
		switch sign := program[0]; {
		case sign == '-' && !c.MayFail:
			c.MayFail = true
		case sign == '@' && !ownZero:
			ownZero = true
		case sign == ':' && !c.Verbatim:
			c.Verbatim = true
		case sign == '+' && !c.Full && !c.KeepUser && !ambientMagic:
			c.Full = true
		case sign == '!' && c.KeepUser:
			c.KeepUser, ambientMagic = false, true
		case sign == '!' && !c.Full && !ambientMagic:
			c.KeepUser = true
		case sign == '|':
			return "", false, errors.New(`the prefix "|" runs a login shell, which is not simulated: audit ` +
				`the command itself, after --`)
		default:
			return program, ownZero, nil
		}
	}
	return "", ownZero, nil
}

// simplified is the path without doubled and single-dot parts (systemd's
// path_simplify); ".." means what the file system says.
func simplified(p string) string {
	var parts []string
	for part := range strings.SplitSeq(p, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return "/" + strings.Join(parts, "/")
}

// Arguments are the command's with the variables put in (man systemd.service,
// "COMMAND LINES"; src/basic/env-util.c, replace_env_argv).
func (c *Command) Arguments(environ []string) ([]string, error) {
	if c.Verbatim {
		return c.Argv, nil
	}
	var argv []string
	total := 0
	for _, word := range c.Argv {
		var words []string
		if word == "$" || len(word) > 1 && word[0] == '$' && word[1] != '{' && word[1] != '$' {
			// a word of its own is split, and is none without a value
			value, _ := lookUp(environ, word[1:])
			var err error
			if words, err = allWords(value, quoted|lenient); err != nil {
				return nil, err
			}
		} else {
			words = []string{replaceVariables(word, environ)}
		}
		for _, w := range words {
			if len(w) > maxExpanded {
				return nil, fmt.Errorf("%q becomes longer than %d bytes", shortened(word), maxExpanded)
			}
			total += len(w) + 1
		}
		argv = append(argv, words...)
		if len(argv) > maxWords || total > maxFile*4 {
			return nil, fmt.Errorf("the variables in %q make more arguments than a program can have",
				shortened(c.String()))
		}
	}
	if len(argv) == 0 {
		return nil, fmt.Errorf("%q is nothing once its variables are put in", shortened(c.String()))
	}
	return argv, nil
}

// replaceVariables puts in ${NAME} and makes $$ one sign.
func replaceVariables(word string, environ []string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(word, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if rest, ok := strings.CutPrefix(after, "$"); ok {
			b.WriteByte('$')
			word = rest
			continue
		}
		end := strings.IndexAny(after, ":}")
		if !strings.HasPrefix(after, "{") || end < 0 {
			b.WriteByte('$')
			word = after
			continue
		}
		word = after[end+1:]
		if after[end] == ':' { // ${NAME:-otherwise} is for environment files only
			b.WriteString("$" + after[:end+1])
			continue
		}
		value, _ := lookUp(environ, after[1:end])
		b.WriteString(value)
		if b.Len() > maxExpanded {
			return b.String() // too long already: Arguments says so
		}
	}
}
