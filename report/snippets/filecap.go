package snippets

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/lazy"
)

// fileGrant is a means by which programs' files get capabilities.
type fileGrant struct {
	// quote writes a path. It reports false for one that has no safe spelling there.
	quote func(path string) (word string, ok bool)
	// add gives a file what is needed, remove takes from it what it has.
	add, remove func(file string, h Holder) string
	// lasting: it says what the file is to have, whatever it has now.
	lasting bool
}

// Filecap is libcap-ng's command that gives a program its capabilities through
// its file.
func Filecap(a Advice) string {
	return inFile(a, fileGrant{
		quote: shellQuote,
		add: func(file string, h Holder) string {
			return continued("filecap "+file+" ", spell(h.Needs, capng.Name))
		},
		remove: takeAway(`test -z "$(filecap FILE)" || filecap FILE none`),
	})
}

// Setcap is libcap's command for the same.
func Setcap(a Advice) string {
	return inFile(a, fileGrant{
		quote:  shellQuote,
		add:    func(file string, h Holder) string { return "setcap " + textForm(h.Needs) + " " + file },
		remove: takeAway(`test -z "$(getcap FILE)" || setcap -r FILE`),
	})
}

// textForm is a file's set as libcap reads it (cap_from_text(3)).
func textForm(set []int) string { return strings.Join(spell(set, lower), ",") + "=ep" }

func lower(n int) string { return strings.ToLower(capng.Constant(n)) }

// takeAway is a command, with the program's path for FILE.
func takeAway(command string) func(string, Holder) string {
	return func(file string, _ Holder) string {
		return "# Takes away those that the file has, if any:\n" + strings.ReplaceAll(command, "FILE", file)
	}
}

// doesAnything is what the programs are called that run others, or read and
// write whatever they are told to, for whoever may execute them: interpreters,
// launchers, editors, archivers, debuggers.
var doesAnything = lazy.Regexp(`^(` +
	`python|pypy|perl|ruby|node|nodejs|php|lua|luajit|tclsh|expect|java|` +
	`sh|bash|dash|ash|ksh|mksh|zsh|fish|csh|tcsh|busybox|toybox|coreutils|awk|gawk|mawk|nawk|` +
	`setpriv|capsh|chroot|nsenter|unshare|bwrap|systemd-run|su|runuser|sudo|doas|pkexec|start-stop-daemon|` +
	`env|nice|ionice|chrt|taskset|prlimit|numactl|timeout|nohup|setsid|setarch|stdbuf|flock|watch|time|script|` +
	`find|fd|xargs|parallel|make|git|ssh|screen|tmux|` +
	`tar|bsdtar|cpio|rsync|zip|ed|sed|vi|vim|vimdiff|nvim|view|ex|emacs|nano|less|more|man|` +
	`gdb|strace|ltrace|perf|bpftrace` +
	`)[0-9.]*(\.[a-z]+)?$`)

func (a Advice) doesAnything() bool { return doesAnything().MatchString(path.Base(a.Path)) }

// script: the kernel takes no capabilities from its file.
func (a Advice) script() bool { return a.Python || a.Script }

// secureHint says what file capabilities take from the program (ld.so(8),
// "Secure-execution mode"), and how to grant the set without that: ambient
// capabilities are no reason for secure mode (security/commoncap.c,
// cap_bprm_creds_from_file()).
func (a Advice) secureHint() string {
	if len(a.SecureLosses) == 0 {
		return ""
	}
	losses := strings.Join(a.SecureLosses, ", ") + ".\n"
	if !a.grantsAny() {
		return "# With capabilities these of the run would count for nothing, for the loader\n" +
			"# would be in secure mode: " + losses
	}
	return "# The run had these, which count for nothing in the secure mode that file\n" +
		"# capabilities bring: " + losses +
		"# If the program needs them, grant the set by --emit systemd, or setpriv.\n"
}

// cannotHaveFileCaps: the kernel ignores those of scripts, and in some programs
// they would be everybody's.
func (a Advice) cannotHaveFileCaps() bool {
	return a.script() || a.grantsAny() && a.doesAnything()
}

// fileSuffices: the file brings all that was used, and nothing else. What the program
// only asked for it did without whenever a user started it so.
func (a Advice) fileSuffices() bool {
	lacks, exceeds := minus(minus(a.Grant, a.FileHas), a.Unused), minus(a.FileHas, a.Grant)
	return a.FileRaises && len(a.FileHas) > 0 && len(lacks) == 0 && len(exceeds) == 0
}

func (a Advice) nothingToDo() string {
	text := listed("# Nothing to do, the file has what was used: ", a.FileHas)
	if more := minus(a.Grant, a.FileHas); len(more) > 0 {
		text += "\n" + listed("# Asked for and not used, so no reason to add it: ", more)
	}
	return text
}

// listed is a comment that ends with capabilities.
func listed(comment string, list []int) string {
	return fill(comment, spell(list, capng.Name), ", ", ",\n# ") + "."
}

// everybodys stands before capabilities for a file: with setuid, say, whoever executes
// that is root soon.
const everybodys = "# Whoever may execute the file gets these: restrict it to a group.\n"

// otherUsers stands there, too, unless another user than root was seen to do with them:
// more where root owns the files, less where the program stops being root.
const otherUsers = "# Another user may need more, or less: audit it with --as USER, too.\n"

// warnings are the two, as far as they hold.
func (a Advice) warnings() string {
	if a.Unprivileged {
		return everybodys
	}
	return everybodys + otherUsers
}

// notInherited stands before the commands for several files: who executes another file has
// what is on that one (capabilities(7), "Transformation of capabilities during execve()").
const notInherited = "# File capabilities are not inherited: each program has its own.\n" +
	"# Those of a script count for nothing.\n"

// inFile is what a means has for the program's file, with what is to be heeded.
func inFile(a Advice, by fileGrant) string {
	if a.script() {
		return `# The kernel ignores the file capabilities of scripts, and those of the
# interpreter would serve every script. Use one of the other ways.`
	}
	if a.cannotHaveFileCaps() {
		return `# This program does or runs whatever it is told to: with capabilities in
# its file, everybody could use them for anything. Use another of the ways.`
	}
	a.Grant = a.held()
	if len(a.Others) == 0 && a.fileSuffices() && !by.lasting {
		return a.nothingToDo()
	}
	hint := ""
	if a.Subject.Contained() && !by.lasting {
		hint = "# To be run when the image is built: the path is one of the image.\n"
	}
	hint += a.secureHint()
	if len(a.Others) > 0 && a.grantsAny() {
		return hint + a.inFiles(by)
	}
	program := Holder{Path: a.Path, Needs: a.Grant, FileHas: a.FileHas}
	file, why := by.quoted(a.Path)
	switch {
	case why != "":
		return why
	case !a.grantsAny():
		return hint + by.remove(file, program)
	case len(a.FileHas) > 0 && !by.lasting:
		hint += listed("# It takes the place of what the file has now: ", a.FileHas) + "\n"
	}
	return hint + a.setIDHint() + a.warnings() + by.add(file, program)
}

// quoted is a path as it stands there, or why it cannot.
func (by fileGrant) quoted(file string) (word, why string) {
	// filecap takes a relative path for the name of a capability
	if !path.IsAbs(file) {
		file = "/path/to/program"
	}
	word, ok := by.quote(file)
	if !ok { // rpmbuild expands a % in comments, too
		return "", "# Its name has characters that have no safe spelling here. Give it another,\n" +
			"# or use one of the other ways:\n# " + strings.ReplaceAll(strconv.QuoteToASCII(file), "%", `\x25`)
	}
	return word, ""
}

// mostOthers is how many other programs get a command. Nobody gives a build's tools their own.
const mostOthers = 5

// inFiles is the same where programs that it executed need some as well.
func (a Advice) inFiles(by fileGrant) string {
	notes, commands := notInherited, []string{}
	for i, h := range append([]Holder{{Path: a.Path, Needs: a.own(), FileHas: a.FileHas}}, a.Others...) {
		file, why := by.quoted(h.Path)
		switch {
		case len(spell(h.Needs, capng.Name)) == 0:
		case i > mostOthers, why != "", i > 0 && !path.IsAbs(h.Path):
			return notes + "# More of them need some (see PROGRAMS): use another of the ways."
		case doesAnything().MatchString(path.Base(h.Path)):
			notes += "# Not " + file + ", which does whatever it is told to: use another of the ways.\n"
		case doesAnything().MatchString(path.Base(h.Code)):
			notes += "# Not " + file + ", which is a script: use another of the ways.\n"
		case len(minus(h.Needs, h.FileHas)) == 0 && !by.lasting:
			notes += listed("# "+file+" has what it needs: ", h.Needs) + "\n"
		default:
			commands = append(commands, by.add(file, h))
		}
	}
	if len(commands) == 0 {
		return strings.TrimSuffix(notes, "\n")
	}
	return notes + a.warnings() + strings.Join(commands, "\n")
}

// own are those of the grant that the program itself needs: all but what only others do.
func (a Advice) own() []int {
	return slices.DeleteFunc(slices.Clone(a.Grant), func(n int) bool {
		others := slices.ContainsFunc(a.Others, func(h Holder) bool { return slices.Contains(h.Needs, n) })
		return others && !slices.Contains(a.Itself, n)
	})
}

// setIDHint is for a set-user-ID program: the kernel gives it what its file has and not all
// that root has (security/commoncap.c, handle_privileged_root()), and root's files still.
func (a Advice) setIDHint() string {
	if !a.Unprivileged || !slices.Contains(a.Gains, audit.GainSetID) {
		return ""
	}
	return "# Where the file is set-user-ID, it begins as root all the same, with these\n" +
		"# alone. Take the bit off (chmod u-s) and audit again: it may need fewer.\n"
}
