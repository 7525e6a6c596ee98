// Package snippets writes, for each thing that can give a program its
// capabilities, the lines that do so in the spelling which that thing accepts.
// A snippet is one or more lines without a final newline. Nothing that the
// program under audit chose gets into one, but for its path, which is quoted.
package snippets

import (
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// Advice is what to write snippets about. Capabilities are numbers in
// ascending order.
type Advice struct {
	// Path of the program, in the bytes the kernel knows it by.
	Path string
	// Python: the program is a Python script; Script: it is one of any kind.
	Python, Script bool
	// User is the account it was audited as, "" for the caller's.
	User string
	// Grant are the capabilities to start the program with.
	Grant []int
	// Keep are those for the program to keep once it has given up the others.
	Keep []int
	// Dropped: the program gives some up by itself.
	Dropped bool
}

// Snippet is advice for one consumer.
type Snippet struct {
	// Heading names the consumer, as the text report does.
	Heading string
	Text    string
}

// All are the snippets for a program, in the order of the text report.
func All(a Advice) []Snippet {
	programmatic := Snippet{"Programmatic solution (C with libcap-ng):", C(a)}
	if a.Python {
		programmatic = Snippet{"Programmatic solution (Python with python3-libcap-ng):", Python(a)}
	}
	if a.Script && !a.Python {
		programmatic.Text = "# A script has no way of its own to give capabilities up. Limit it from\n# outside, by one of the other ways."
	}
	return []Snippet{
		programmatic,
		{"For systemd service:", Systemd(a)},
		{"For file capabilities (via filecap):", Filecap(a)},
		{"For Docker/Podman:", Docker(a)},
		{"For Kubernetes:", Kubernetes(a)},
	}
}

// Unknown are the capabilities of a list that this machine has no name for.
// They are in no snippet: how its consumer would read a number is anybody's
// guess.
func Unknown(list []int) []int {
	var unknown []int
	for _, n := range list {
		if !capng.Known(n) {
			unknown = append(unknown, n)
		}
	}
	return unknown
}

// spell writes the capabilities that have a name.
func spell(list []int, spelling func(int) string) []string {
	words := make([]string, 0, len(list))
	for _, n := range list {
		if capng.Known(n) {
			words = append(words, spelling(n))
		}
	}
	return words
}

// columns is how wide a snippet with line breaks of its own gets, without the
// indentation that the text report adds.
const columns = 72

// fill joins words by sep and breaks the line before one that would go beyond
// columns: brk ends the old line and begins the new.
func fill(head string, words []string, sep, brk string) string {
	var b strings.Builder
	b.WriteString(head)
	column := lastLine(head)
	for i, word := range words {
		if i > 0 {
			if column+len(sep)+len(word) > columns {
				b.WriteString(brk)
				column = lastLine(brk)
			} else {
				b.WriteString(sep)
				column += len(sep)
			}
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// lastLine is how many columns the last line of s takes.
func lastLine(s string) int { return len(s) - strings.LastIndexByte(s, '\n') - 1 }

// Kinds are the consumers that Emit writes for.
var Kinds = []string{"systemd", "docker", "compose", "kubernetes", "quadlet", "filecap", "setcap", "c", "python", "go", "rust",
	"apparmor", "bwrap"}
