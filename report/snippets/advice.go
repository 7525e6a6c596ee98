// Package snippets writes, for each thing that can give a program its
// capabilities, the lines that do so in the spelling which that thing accepts.
// A snippet is one or more lines without a final newline. Nothing that the
// programs under audit chose gets into one, but for their paths, which are quoted.
package snippets

import (
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// Advice is what to write snippets about. Capabilities are numbers in
// ascending order.
type Advice struct {
	// Subject is the kind of what was audited; "" is a command.
	Subject audit.SubjectKind
	// Engine is the container's.
	Engine string
	// Pod: it is one of Kubernetes, or in one.
	Pod bool
	// Daemon: it serves or stays, so that systemd would run it.
	Daemon bool
	// Path of the program, in the bytes the kernel knows it by.
	Path string
	// Python: the program is a Python script; Script: it is one of any kind.
	Python, Script bool
	// User is the account it was audited as, "" for the caller's; Group its group, "" for
	// the account's own.
	User, Group string
	// Unprivileged: it began as another user than root.
	Unprivileged bool
	// Ambient are the capabilities that the unit's AmbientCapabilities= has.
	Ambient []int
	// Limited: cap-audit has set them before, see audit.Subject.
	Limited bool
	// SwitchesUser: it begins as root and changes to an account by itself.
	SwitchesUser bool
	// Gains are privileges that no_new_privs would keep from what it starts.
	Gains []audit.Gain
	// SecureLosses are what counts for nothing where the program has capabilities
	// from its file: variables, or $ORIGIN.
	SecureLosses []string
	// FileHas is what the program's file brings at present. FileRaises: at once, without
	// the program's doing.
	FileHas    []int
	FileRaises bool
	// Unused are those of Grant that it asked for by capset and made no use of.
	Unused []int
	// Itself is what the program needed, and no other that it executed. Others did too.
	Itself []int
	Others []Holder
	// Grant are the capabilities to start the program with.
	Grant []int
	// Bounding are those of them that no program has to hold: the bounding set
	// must have them, or files with capabilities are not executed.
	Bounding []int
	// Keep are those for the program to keep once it has given up the others.
	Keep []int
	// Dropped: the program gives some up by itself.
	Dropped bool
	// Early are those of Keep that it used only before it began to serve, which First is
	// the call of, "" for not known.
	Early []int
	First string
	// Probed are those that were asked for without deciding anything, in some checks at least.
	Probed []int
	// UserNamespace: it has one of its own, which the grant is for.
	UserNamespace bool
	// Nested are those that were used in user namespaces that the program made.
	Nested []int
	// OnHost are those of Grant that are of no use in a user namespace; Inside: all are of use there.
	OnHost []int
	Inside bool
	// Unbegun: its start was not seen.
	Unbegun bool
	// Possible are those that the code can ask for, and no run needed.
	Possible []int
	// Made are the system calls of the programs that ran.
	Made []Made
	// Met is what else is known of these.
	Met Met
	// Filter is what these and their code can make.
	Filter Filter
}

// Holder is a program that another one executed: what it needed, and what its file has.
type Holder struct {
	Path           string // "" for more than one
	Needs, FileHas []int
	// Code is the file that its code is in, of a script the interpreter; "" for not known.
	Code string
}

// gainHints say why a snippet does not set no_new_privs.
var gainHints = map[audit.Gain]string{
	audit.GainSessions: `# It opens sessions of users, in which sudo would be dead: new privileges
# stay allowed.
`,
	audit.GainUsers: `# It runs programs of several users, for whom sudo would be dead: new
# privileges stay allowed.
`,
	audit.GainSetID: `# Set-user-ID or set-group-ID programs ran: new privileges stay allowed.
`,
	audit.GainFileCaps: `# Programs got capabilities from their files: new privileges stay allowed.
`,
}

// gainHint is the first of them that applies, "" where nothing needs new
// privileges.
func (a Advice) gainHint() string {
	if len(a.Gains) == 0 {
		return ""
	}
	if hint, known := gainHints[a.Gains[0]]; known {
		return hint
	}
	return "# New privileges stay allowed, as an earlier report has it.\n"
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

// held are the capabilities of the grant that a program needs to hold.
func (a Advice) held() []int { return minus(a.Grant, a.Bounding) }

// grantsAny: there are capabilities that a snippet can name.
func (a Advice) grantsAny() bool { return slices.ContainsFunc(a.Grant, capng.Known) }

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

// continued is words in lines as shells and systemd (systemd.syntax(7)) continue them.
func continued(head string, words []string) string { return fill(head, words, " ", " \\\n    ") }

// remark is a comment.
func remark(text string) string { return fill("# ", strings.Fields(text), " ", "\n# ") + "\n" }

// lastLine is how many columns the last line of s takes.
func lastLine(s string) int { return len(s) - strings.LastIndexByte(s, '\n') - 1 }
