package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/lazy"
	"github.com/cap-audit/cap-audit/objects"
)

// foreseen is how many capabilities are of which class.
func (d *Document) foreseen() string {
	parts := []string{fmt.Sprintf("needed %d, possible %d", len(d.advice.Grant), len(d.Possible))}
	if n := len(d.OnFiles); n > 0 {
		parts = append(parts, fmt.Sprintf("depends on files %d", n))
	}
	parts = append(parts, fmt.Sprintf("ruled out %d", len(d.RuledOut)))
	if d.notKnown > 0 {
		parts = append(parts, fmt.Sprintf("not known %d", d.notKnown))
	}
	return strings.Join(parts, ", ")
}

// notExercised shows what the code can ask for besides, and what it cannot.
func (t *text) notExercised() {
	d := t.d
	if d.Coverage == nil {
		return
	}
	t.heading("NOT EXERCISED:")
	switch {
	case d.everything:
		t.prose("  ", "Nothing is ruled out: "+d.unbounded())
	case slices.ContainsFunc(d.Coverage.Programs, func(p CoveredProgram) bool { return p.Analysed }):
		t.classes()
	}
	for _, limit := range d.codeLimits() {
		t.item(printable(limit))
	}
}

// classes show all but what is needed. Of code that was not looked at there is no "none".
func (t *text) classes() {
	d := t.d
	switch n := len(d.Possible); {
	case n > mostPossible, n == 0 && d.notKnown == 0:
		t.labelled("  ", "Possible:", orNone(namesOfPossible(d.Possible)))
	case n > 0:
		t.possible()
		if more := d.exercise(); more != "" {
			t.labelled("  ", "To exercise more:", more)
		}
	}
	if len(d.OnFiles) > 0 {
		t.labelled("  ", "Depends on whose files it meets:",
			strings.Join(namesOfPossible(d.OnFiles), ", "))
	}
	if len(d.RuledOut) > 0 || d.notKnown == 0 {
		t.weightiest("Ruled out:", d.RuledOut)
	}
}

// Where more than mostPossible are possible, as of an interpreter, it matters little why each
// is, and no snippet names them; else mostOperations of each are shown.
const mostPossible, mostOperations = 20, 2

func namesOfPossible(list []Possible) []string {
	return each(list, func(c Possible) string { return c.Name })
}

// possible shows what does each: those that the same does together, and in a line those that
// libraries alone can ask for.
func (t *text) possible() {
	var alike grouped[Possible]
	var alone grouped[string]
	for _, c := range t.d.Possible {
		if !t.d.byProgram(c) {
			alone.add(path.Base(c.Operations[0].Object), c.Name)
		} else {
			alike.add(printable(t.d.operations(c)), c)
		}
	}
	for _, text := range alike.keys {
		list := alike.of[text]
		label := numbered(list[0].Name, list[0].Number) + ":"
		if len(list) > 1 {
			label = strings.Join(namesOfPossible(list), ", ") + ":"
		}
		t.WriteString(wrap("  ", "    ", label+" "+text, t.width))
	}
	if len(alone.keys) > 0 {
		t.labelled("  ", "In libraries alone:", strings.Join(each(alone.keys, func(library string) string {
			return printable(library) + inParens(alone.of[library])
		}), "; "))
	}
}

// operations are the first of a capability that are not the same call, a library's only where there
// are no others.
func (d *Document) operations(c Possible) string {
	var chosen []PossibleOperation
	own := d.byProgram(c)
	choose := func(differs func(a, b PossibleOperation) bool) {
		for _, o := range c.Operations {
			if len(chosen) < mostOperations && d.own(o) == own && !slices.ContainsFunc(chosen,
				func(known PossibleOperation) bool { return !differs(o, known) }) {
				chosen = append(chosen, o)
			}
		}
	}
	choose(func(a, b PossibleOperation) bool { return withoutArguments(a.Call) != withoutArguments(b.Call) })
	choose(func(a, b PossibleOperation) bool { // code without a name adds nothing to a named function
		return !strings.HasPrefix(d.where(b)+" ", d.where(a)+" ") && answers[a.answer()] == ""
	})
	text := ""
	for i, o := range chosen {
		text += objects.InWords(o.Call) + d.answered(c, o)
		switch {
		case i+1 == len(chosen):
			text += d.where(o)
		case d.where(chosen[i+1]) == d.where(o):
			text += ", "
		default:
			text += d.where(o) + "; "
		}
	}
	return text
}

func (o PossibleOperation) answer() audit.Answer {
	return audit.Operation{Call: o.Call, Made: audit.Answer(orEmpty(o.Made))}.Shown()
}

// answers say of a call that was made why it is here all the same.
var answers = map[audit.Answer]string{
	audit.MadeYes: " (made, not asked)", audit.MadeRefused: " (made, refused)",
}

// answered is what is said of a call that was made.
func (d *Document) answered(c Possible, o PossibleOperation) string {
	asked := func(number int, sites []CallSite) bool {
		return number == c.Number && slices.ContainsFunc(sites, func(s CallSite) bool {
			return s.Syscall == withoutArguments(o.Call)
		})
	}
	switch {
	case o.answer() != audit.MadeYes:
	case slices.ContainsFunc(d.Required, func(r Capability) bool { return asked(r.Number, r.CallSites) }):
		return " (used, not needed)"
	case slices.ContainsFunc(d.Denied, func(r Denied) bool { return asked(r.Number, r.CallSites) }):
		return answers[audit.MadeRefused]
	case slices.ContainsFunc(d.Advisory, func(u Unneeded) bool { return asked(u.Number, u.CallSites) }):
		return " (made, advisory)"
	}
	return answers[o.answer()]
}

// exercised: the kernel was asked for it, and not as a probe.
func (d *Document) exercised(number int) bool {
	return slices.ContainsFunc(d.Required, func(r Capability) bool { return r.Number == number }) ||
		slices.ContainsFunc(d.Denied, func(r Denied) bool { return r.Number == number })
}

// withoutArguments is an operation without its arguments.
func withoutArguments(operation string) string {
	name, _, _ := strings.Cut(operation, "(")
	return name
}

// where is whose code makes it. A function that has no name is none to look for.
func (d *Document) where(o PossibleOperation) string {
	if o.Object == "" {
		return ", which it was given"
	}
	where := " in " + o.Object
	if o.Object != o.Program {
		where = " in " + path.Base(o.Object)
	}
	if o.Function != "" && !strings.HasPrefix(o.Function, "+") {
		where += " " + o.Function
	}
	if o.Object != o.Program && len(d.Coverage.Programs) > 1 {
		where += " of " + path.Base(o.Program)
	}
	return where
}

// weightiest names in a line those of a list that matter most. What the kernel asks for by itself
// (see ADVISORY CAPABILITIES) is none of these: no code asks for it.
func (t *text) weightiest(label string, list []string) {
	label = "  " + label + " "
	var first, rest []string
	for _, name := range list {
		n, _ := capng.Number(name)
		advisory := slices.ContainsFunc(t.d.Advisory, func(u Unneeded) bool { return u.Number == n })
		if !advisory && (nearlyRoot[n] != "" || slices.Contains(weighty, n)) {
			first = append(first, name)
		} else {
			rest = append(rest, name)
		}
	}
	names := append(first, rest...)
	line := label + orNone(names)
	for shown := len(names) - 1; shown > 0 && len(line) > t.width; shown-- {
		line = fmt.Sprintf("%s%s and %d more", label, strings.Join(names[:shown], ", "), len(names)-shown)
	}
	t.line("%s", line)
}

// weighty are those that are named first besides what is nearly root.
var weighty = []int{unix.CAP_SYS_TIME, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}

// exercises are what brings a program to use capabilities.
var exercises = []struct {
	how string
	// of is what the program has to be, nil for whatever it is.
	of func(*Document) bool
	// inLibraries: also for what only they can ask for.
	inLibraries  bool
	capabilities []int
}{
	{"log in", (*Document).logsIn, true, []int{unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SYS_CHROOT,
		unix.CAP_SYS_RESOURCE, unix.CAP_AUDIT_WRITE, unix.CAP_AUDIT_CONTROL}},
	{"its start", (*Document).startUnseen, false,
		[]int{unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_NET_BIND_SERVICE}},
	{"an account to change to in its settings", (*Document).serves, false,
		[]int{unix.CAP_SETGID, unix.CAP_SETUID}},
	{"a port below 1024 in its settings", (*Document).serves, false, []int{unix.CAP_NET_BIND_SERVICE}},
	{"a signal to a process of another user", nil, false, []int{unix.CAP_KILL}},
	{"a higher priority", nil, false, []int{unix.CAP_SYS_NICE}},
	{"a higher limit", nil, false, []int{unix.CAP_SYS_RESOURCE}},
	{"locked memory", nil, false, []int{unix.CAP_IPC_LOCK}},
}

// byProgram: the file of a program, or of a script's interpreter, asks for it, or it was given what
// does. Nobody knows how to bring a library to that.
func (d *Document) byProgram(c Possible) bool {
	return len(c.Operations) == 0 || slices.ContainsFunc(c.Operations, d.own)
}

// own: it is no library's.
func (d *Document) own(o PossibleOperation) bool {
	return o.Object == "" || o.Object == o.Program || slices.ContainsFunc(d.Coverage.Programs,
		func(p CoveredProgram) bool { return len(p.Objects) > 0 && p.Objects[0] == o.Object })
}

func (d *Document) logsIn() bool {
	return d.LogsIn || slices.Contains(d.advice.Gains, audit.GainSessions)
}

// startUnseen: what its settings have of accounts and ports, it may have done before.
func (d *Document) startUnseen() bool { return !d.fromStart && d.serves() }

// serves: it has settings, and goes on until it is stopped.
func (d *Document) serves() bool {
	listens := func(p Program) bool { return slices.Contains(p.Syscalls, "listen") }
	return d.Subject.Kind.Adopted() || d.Subject.Kind.Service() || slices.ContainsFunc(d.Programs, listens)
}

// exercise is a word on how to see more of what the code can do.
func (d *Document) exercise() string {
	var parts []string
	told := map[int]bool{}
	for _, e := range exercises {
		var names []string
		for _, c := range d.Possible {
			if slices.Contains(e.capabilities, c.Number) && !told[c.Number] && !d.exercised(c.Number) &&
				(e.of == nil || e.of(d)) && (e.inLibraries || d.byProgram(c)) {
				names = append(names, c.Name)
				told[c.Number] = true
			}
		}
		if len(names) > 0 {
			parts = append(parts, e.how+inParens(names))
		}
	}
	if d.serves() {
		parts = append(parts, "reload it and stop it")
	}
	return strings.Join(parts, "; ")
}

// unbounded says why nothing is ruled out.
func (d *Document) unbounded() string {
	for _, p := range d.Coverage.Programs {
		if len(p.Missing) > 0 {
			missing := strings.SplitN(p.Missing[0], ": ", 2)
			return printable(fmt.Sprintf("%s needs %s, which was not looked at%s.", p.Path, missing[0],
				inParens(missing[1:])))
		}
	}
	for _, p := range d.Coverage.Programs {
		if p.AnySystemCall {
			return printable(p.Path) + " can make any system call, by a number that is not in its code."
		}
	}
	return ""
}

// mostReasons of why programs were not looked at are shown.
const mostReasons = 3

// codeLimits are what the answer does not cover.
func (d *Document) codeLimits() []string {
	if d.everything {
		return d.codeIsData()
	}
	var list []string
	var failed grouped[string]
	for _, p := range d.Coverage.Programs {
		if p.Failed != nil {
			failed.add(*p.Failed, cmp.Or(p.Path, "a program not known"))
		}
	}
	for _, reason := range failed.keys[:min(len(failed.keys), mostReasons)] {
		list = append(list, "Not looked at: "+firstOf(failed.of[reason], 2)+inParens([]string{reason})+".")
	}
	list = append(list, d.otherCode()...)
	if n := d.Coverage.Untold; n > 0 {
		list = append(list, count(n, "report says", "reports say")+" nothing of code.")
	}
	return append(list, d.codeIsData()...)
}

// otherCode is what the programs could have brought in, and did not in this run.
func (d *Document) otherCode() []string {
	var execute, load, list []string
	for _, p := range d.Coverage.Programs {
		if p.Executes && !slices.Contains(execute, p.file()) {
			execute = append(execute, p.file())
		}
		if p.Loads && !slices.Contains(load, p.file()) {
			load = append(load, p.file())
		}
	}
	if len(execute) > 0 {
		list = append(list, "Not looked at: programs that "+firstOf(execute, 3)+" can execute and did not.")
	}
	if len(load) > 0 {
		list = append(list, "Not looked at: plugins that "+firstOf(load, 3)+" can load and did not.")
	}
	return list
}

// file is what its code is in: of a script its interpreter.
func (p CoveredProgram) file() string {
	if len(p.Objects) > 0 {
		return path.Base(p.Objects[0])
	}
	return path.Base(p.Path)
}

// firstOf joins some, and counts the others.
func firstOf(list []string, most int) string {
	if left := len(list) - most; left > 0 {
		list = append(slices.Clone(list[:most]), fmt.Sprintf("%d more", left))
	}
	return strings.Join(list, ", ")
}

// interpreters are programs, or their libraries, whose code does what they are told to by a file.
var interpreters = lazy.Regexp(`^(?:(?:python|pypy|perl|ruby|node|nodejs|php|php-fpm|lua|luajit|tclsh|` +
	`expect|java|guile|gawk|mawk|sh|bash|dash|ash|ksh|mksh|zsh|fish|csh|tcsh|busybox)[0-9.]*|` +
	`lib(?:python|perl|ruby|lua|php|tcl|guile|node|jvm)[-0-9.]*\.so[0-9.]*)$`)

// codeIsData says so of interpreters, in a sentence.
func (d *Document) codeIsData() []string {
	var names []string
	for _, p := range d.Coverage.Programs {
		files := []string{p.file()}
		if !d.everything {
			files = append(files, p.Objects...)
		}
		for _, file := range files {
			name := path.Base(file)
			if p.Analysed && interpreters().MatchString(name) {
				names = append(names, name)
				break // and not its library as well
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	names = distinct(names)
	loaded := "it loads"
	if len(names) > 1 {
		loaded = "they load"
	}
	return []string{"The code is data: possible is all that " + firstOf(names, 3) + " and what " + loaded +
		" can do." + d.mentioned()}
}

// mentioned are the capabilities of what the script has a name for, and that it did not need.
func (d *Document) mentioned() string {
	var parts []string
	for _, m := range d.Coverage.Mentions {
		if more := minus(m.Capabilities, d.Recommended); len(more) > 0 {
			parts = append(parts, m.Word+inParens(more))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " The script mentions " + firstOf(parts, 5) + "."
}
