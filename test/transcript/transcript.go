// Package transcript reads the commands of a Markdown document, and what it
// says that they print.
//
// They stand in indented code blocks. A line after "# " is root's command, one
// after "$ " an ordinary user's. A command goes on after a line that ends with
// \ or |, and to the end of a here document. The lines up to the next command
// are what it prints, on both streams: a line [...] stands for any lines, and
// [...] within a line for any text. A command that shows nothing may print
// anything. It has to succeed, unless the next one is echo $?.
package transcript

import (
	"fmt"
	"regexp"
	"strings"
)

// Step is a command of a document.
type Step struct {
	Line    int // its first, in the document
	Root    bool
	Command string
	Prints  string // as the document shows it, "" where that shows nothing
}

// omission stands for what a document leaves out.
const omission = "[...]"

var (
	hereDocument = regexp.MustCompile(`<<-?\s*['"]?(\w+)`)
	goesOn       = regexp.MustCompile(`[\\|]$`)
)

// Parse returns the commands in their order. A line of a code block that
// belongs to none is an error, and so is a fenced block.
func Parse(markdown string) ([]Step, error) {
	var (
		steps   []Step
		inBlock bool
		open    bool   // the command goes on
		end     string // of its here document
		prints  []string
	)
	for i, line := range strings.Split(markdown+"\nend", "\n") {
		text, indented := unindented(line)
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			return nil, fmt.Errorf("line %d: a fenced block: commands stand in indented ones", i+1)
		}
		if open && end == "" && text == "" || open && !indented && text != "" {
			return nil, fmt.Errorf("line %d: the command before does not end", i+1)
		}
		if !indented && text != "" {
			steps, prints, inBlock = closed(steps, prints), nil, false
			continue
		}
		prompt := strings.HasPrefix(text, "# ") || strings.HasPrefix(text, "$ ")
		switch {
		case open:
			last := &steps[len(steps)-1]
			last.Command += "\n" + text
			open = end != "" && text != end || end == "" && goesOn.MatchString(text)
		case prompt:
			steps, prints = closed(steps, prints), nil
			steps = append(steps, Step{Line: i + 1, Root: text[0] == '#', Command: text[2:]})
			if end = ""; hereDocument.MatchString(text) {
				end = hereDocument.FindStringSubmatch(text)[1]
			}
			inBlock, open = true, end != "" || goesOn.MatchString(text)
		case inBlock:
			prints = append(prints, text)
		case text != "":
			return nil, fmt.Errorf("line %d: no command, and of none the output: %s", i+1, text)
		}
	}
	return steps, nil
}

// unindented takes the indentation of a code block away.
func unindented(line string) (text string, indented bool) {
	for _, by := range []string{"    ", "\t"} {
		if text, ok := strings.CutPrefix(line, by); ok {
			return text, true
		}
	}
	return strings.TrimSpace(line), false
}

// closed gives the last command what it prints.
func closed(steps []Step, prints []string) []Step {
	if text := strings.Trim(strings.Join(prints, "\n"), "\n"); text != "" {
		steps[len(steps)-1].Prints = text + "\n"
	}
	return steps
}

// Fits tells whether a command has printed what the document shows.
func (s Step) Fits(printed string) bool {
	if s.Prints == "" {
		return true
	}
	pattern := `\A`
	for line := range strings.Lines(s.Prints) {
		if strings.TrimSpace(line) == omission {
			pattern += `(?:.*\n)*`
			continue
		}
		parts := strings.Split(line, omission)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern += strings.Join(parts, ".*")
	}
	return regexp.MustCompile(pattern + `\z`).MatchString(strings.Trim(printed, "\n") + "\n")
}
