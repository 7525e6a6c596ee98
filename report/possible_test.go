package report

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/reach"
	"github.com/cap-audit/cap-audit/report/snippets"
)

// A snippet names what else is possible where that says anything.
func TestSnippetsNamePossible(t *testing.T) {
	for name, want := range map[string]bool{
		"not-exercised": true, "nothing-ruled-out": false, "granted": false,
	} {
		for _, kind := range []string{"systemd", "kubernetes", "setcap", "docker"} {
			var b bytes.Buffer
			if err := WriteSnippet(&b, NewDocument(examples[name]), kind); err != nil {
				t.Fatal(err)
			}
			if has := strings.Contains(b.String(), "you exercise: "); has != (want && kind != "docker") {
				t.Errorf("%s, %s:\n%s", name, kind, b.String())
			}
		}
	}
	many := *examples["not-exercised"]
	can := map[int][]reach.Operation{}
	for n := range mostPossible + 2 {
		can[n] = []reach.Operation{{Call: "ioctl"}}
	}
	many.Bounds = &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: code("/bin/x", can)}}}
	if list := NewDocument(&many).advice.Possible; list != nil {
		t.Errorf("a snippet is to name %v, which says nothing", list)
	}
	d := NewDocument(examples["service"])
	d.advice.Possible = []int{18}
	var b bytes.Buffer
	if err := WriteSnippet(&b, d, "systemd"); err != nil {
		t.Fatal(err)
	}
	if want := "\n" + snippets.Possible("systemd", d.advice) + "\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("a unit file's block does not end with %q:\n%s", want, b.String())
	}
}

// The last line has the number where that leaves it a line.
func TestAnswerCountsPossible(t *testing.T) {
	f := *examples["not-exercised"]
	if answer := NewDocument(&f).answer(); !strings.HasSuffix(answer, "; 6 more possible") {
		t.Error(answer)
	}
	f.Required = every()[:30]
	if answer := NewDocument(&f).answer(); strings.Contains(answer, "possible") {
		t.Error(answer)
	}
}

func TestDifferenceOfCode(t *testing.T) {
	older, newer := *examples["not-exercised"], *examples["not-exercised"]
	older.Bounds = &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: code("/bin/x", nil)}}}
	for _, c := range []struct {
		old, new *audit.Findings
		want     string
	}{
		{&older, &newer, "  possible now, ruled out before: kill, setuid, net_bind_service, sys_chroot, " +
			"audit_write, syslog\n"},
		{&newer, &older, "  ruled out now, possible before: kill, setuid, net_bind_service, sys_chroot, " +
			"audit_write, syslog\n"},
		{&newer, &newer, "  no difference\n"},
	} {
		var b bytes.Buffer
		if err := NewDifference("old", c.old, "new", c.new).WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), c.want) {
			t.Errorf("want %q in\n%s", c.want, b.String())
		}
	}
}

// What was not looked at is said with the reason.
func TestMissingOfProgram(t *testing.T) {
	for missing, want := range map[string]string{
		"liba.so.1: is gone": "/bin/x needs liba.so.1, which was not looked at (is gone).",
		"liba.so.1":          "/bin/x needs liba.so.1, which was not looked at.",
	} {
		p := CoveredProgram{Path: "/bin/x", Missing: []string{missing}}
		d := &Document{Coverage: &Coverage{Programs: []CoveredProgram{p}}}
		if got := d.unbounded(); got != want {
			t.Errorf("%s: %s", missing, got)
		}
	}
}

// What was running may have an account and a port in its settings: it is its start that was not seen.
func TestExerciseOfWhatRanBefore(t *testing.T) {
	for fromStart, want := range map[bool]string{
		true: "an account to change to in its settings (setuid); a port below 1024 in its settings " +
			"(net_bind_service); reload it and stop it",
		false: "its start (setuid, net_bind_service); reload it and stop it",
	} {
		d := &Document{Subject: Subject{Kind: audit.SubjectPID}, fromStart: fromStart,
			Coverage: &Coverage{}, Possible: []Possible{{Number: unix.CAP_SETUID, Name: "setuid"},
				{Number: unix.CAP_NET_BIND_SERVICE, Name: "net_bind_service"}}}
		if got := d.exercise(); got != want {
			t.Errorf("from its start %t: %q", fromStart, got)
		}
	}
}

// How to exercise more is said of what the program itself asks for; and of a library that is an
// interpreter, that what it can do is not what it does.
func TestExercise(t *testing.T) {
	of := func(object string) *Document {
		kill := PossibleOperation{Operation: Operation{Call: "kill", Object: object}, Program: "/bin/x"}
		return &Document{Coverage: &Coverage{},
			Possible: []Possible{{5, "kill", []PossibleOperation{kill}, 0}}}
	}
	if got := of("/bin/x").exercise(); got != "a signal to a process of another user (kill)" {
		t.Error(got)
	}
	if got := of("/lib/liby.so").exercise(); got != "" {
		t.Errorf("nobody can bring a library to that: %s", got)
	}
	for _, name := range []string{"python3.11", "sh", "libpython3.11.so.1.0", "libperl.so.5.36",
		"libruby-3.1.so.3.1"} {
		if !interpreters().MatchString(name) {
			t.Errorf("%s is an interpreter", name)
		}
	}
	for _, name := range []string{"sshd", "libpythonic.so.1", "libperlx.so", "libc.so.6"} {
		if interpreters().MatchString(name) {
			t.Errorf("%s is no interpreter", name)
		}
	}
}

// What the same call can ask for is one entry, and what libraries alone can is one line.
func TestPossibleIsShort(t *testing.T) {
	op := func(call, object string, made audit.Answer) PossibleOperation {
		return PossibleOperation{Operation{Call: call, Object: object}, "/bin/x", optional(string(made))}
	}
	own := op("ioctl", "/bin/x", audit.MadeYes)
	d := &Document{
		Coverage: &Coverage{Programs: []CoveredProgram{{Path: "/bin/x", Analysed: true}}},
		Possible: []Possible{
			{5, "kill", []PossibleOperation{own}, 0},
			{7, "setuid", []PossibleOperation{op("setuid", "/bin/x", audit.MadeYes)}, 0},
			{10, "net_bind_service", []PossibleOperation{op("bind", "/bin/x", audit.MadeYes)}, 0},
			{14, "ipc_lock", []PossibleOperation{op("mlock", "/lib/liby.so.1", "")}, 0},
			{17, "sys_rawio", []PossibleOperation{own}, 0},
			{23, "sys_nice", []PossibleOperation{op("setpriority", "/bin/x", audit.MadeYes)}, 0},
			{34, "syslog", []PossibleOperation{op("/dev/kmsg", "/lib/libz.so.2", "")}, 0},
			{38, "perfmon", []PossibleOperation{op("/proc", "/lib/liby.so.1", "")}, 0},
		},
		Advisory: []Unneeded{{Number: 7, CallSites: []CallSite{{Syscall: "setuid"}}}},
		Required: []Capability{{Number: 23, CallSites: []CallSite{{Syscall: "setpriority"}}}},
		Denied:   []Denied{{Number: 10, CallSites: []CallSite{{Syscall: "bind"}}}},
		RuledOut: []string{"chown", "setpcap", "sys_admin"},
	}
	page := &text{d: d, width: 50}
	page.classes()
	want := `  kill, sys_rawio: ioctl (made, not asked) in
    /bin/x
  setuid (#7): setuid (made, advisory) in /bin/x
  net_bind_service (#10): bind (made, refused) in
    /bin/x
  sys_nice (#23): setpriority (used, not needed)
    in /bin/x
  In libraries alone: liby.so.1 (ipc_lock,
    perfmon); libz.so.2 (syslog)
  To exercise more: a signal to a process of
    another user (kill)
  Ruled out: chown, sys_admin, setpcap
`
	if page.String() != want {
		t.Errorf("want\n%s\nis\n%s", want, page)
	}
	d.Advisory = []Unneeded{{Number: 21, Name: "sys_admin"}}
	page = &text{d: d, width: 80}
	page.weightiest("Ruled out:", d.RuledOut)
	if want := "  Ruled out: chown, setpcap, sys_admin\n"; page.String() != want {
		t.Errorf("what the kernel asks for by itself is among the first: %s", page)
	}
}

// Code without a name adds nothing to a function of the same file that has one.
func TestPossibleInNamedFunction(t *testing.T) {
	for want, functions := range map[string][2]string{
		"kill in /bin/x stop":                         {"stop", "+0x40"},
		"kill in /bin/x":                              {"+0x20", "+0x40"},
		"kill in /bin/x stopped; kill in /bin/x stop": {"stopped", "stop"},
	} {
		c := Possible{Number: 5, Name: "kill"}
		for _, function := range functions {
			c.Operations = append(c.Operations, PossibleOperation{
				Operation: Operation{Call: "kill", Object: "/bin/x", Function: function}, Program: "/bin/x"})
		}
		if got := (&Document{Coverage: &Coverage{}}).operations(c); got != want {
			t.Errorf("of %q: %q, want %q", functions, got, want)
		}
	}
}

// A library's alone is no line to add, unless what it does for whoever logs in.
func TestSnippetsNameOwnPossible(t *testing.T) {
	f := *examples["not-exercised"]
	f.Gains = nil
	if list := NewDocument(&f).advice.Possible; len(list) != 4 {
		t.Errorf("a snippet names %v", list)
	}
}
