package snippets

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// known are the capabilities that snippets can have on this machine.
func known() []int {
	var list []int
	for n := range capng.Last() + 1 {
		if capng.Known(n) {
			list = append(list, n)
		}
	}
	return list
}

// A capability of a kernel newer than libcap-ng is in no snippet.
func TestUnknownCapabilitiesStayOut(t *testing.T) {
	a := Advice{Path: "/bin/true", Grant: []int{13, 63}, Keep: []int{13, 63}}
	for _, kind := range Kinds {
		if text := Emit(kind, a); strings.Contains(text, "63") {
			t.Errorf("%s\n%s", kind, text)
		}
	}
	if diff := cmp.Diff([]int{63}, Unknown(a.Grant)); diff != "" {
		t.Error(diff)
	}
}

// The path comes from outside. Only the commands for file capabilities have it.
func TestPathIsOnlyInFileCommands(t *testing.T) {
	const path = "/tmp/evil*/ '\n\"$(id)`id`;"
	for _, kind := range Kinds {
		text := Emit(kind, Advice{Path: path, Grant: known(), Keep: known()})
		if strings.Contains(text, "evil") != InFile(kind) {
			t.Errorf("%s\n%s", kind, text)
		}
	}
}

// advices are those that each kind should have words for.
func advices() []Advice {
	var list []Advice
	for _, target := range []audit.SubjectKind{"", audit.SubjectCommand, audit.SubjectUnitFile,
		audit.SubjectUnit,
		audit.SubjectPID,
		audit.SubjectCgroup, audit.SubjectContainer, audit.SubjectMerged} {
		for _, grant := range [][]int{nil, {13}, {63}, {6, 7, 13}, known()} {
			for mask := range 1 << 5 {
				list = append(list, Advice{Subject: target, Path: "/bin/true", Grant: grant, Keep: grant,
					User:         "daemon",
					Unprivileged: mask&1 != 0, Gains: audit.Gains[:mask>>1&1],
					Dropped: mask&4 != 0, Script: mask&8 != 0,
					Python: mask&16 != 0})
			}
		}
	}
	return list
}

// Whatever the advice, each kind has something to say, in lines that do not end
// in blanks, with each capability that was meant and nothing that was not.
func TestEachKindReadsWell(t *testing.T) {
	blank := regexp.MustCompile(`[ \t](\n|$)|\n\n\n|^\n|\n$|%!|FILE`)
	others := []Advice{{Path: "/bin/sh", Grant: known()},
		{Grant: []int{6, 7, 13}, Keep: []int{6, 7, 13}, Early: []int{6}, First: "poll"},
		{Grant: known(), Keep: known(), Early: known()}}
	for _, a := range append(advices(), others...) {
		for _, kind := range Kinds {
			text := Emit(kind, a)
			if text == "" || blank.MatchString(text) {
				t.Fatalf("%s for %+v:\n%q", kind, a, text)
			}
			for _, line := range comment.FindAllString(text, -1) {
				if len(line) > columns+4 {
					t.Fatalf("%s has a comment of %d columns: %s", kind, len(line), line)
				}
			}
			for _, n := range named(takenAway.ReplaceAllString(comment.ReplaceAllString(text, ""), "")) {
				if !slices.Contains(a.Grant, n) && !IsFilter(kind) { // system calls are called like them
					t.Fatalf("%s for %+v names %s:\n%s", kind, a, capng.Name(n), text)
				}
			}
		}
	}
}

var comment = regexp.MustCompile(`(?m)^\s*(#[^i]|//).*$`)

// takenAway are those that a snippet takes away by name.
var takenAway = regexp.MustCompile(`(?m)^DropCapability=(.*\\\n)*.*$`)

// anyName is a capability in whatever spelling.
var anyName = sync.OnceValue(func() *regexp.Regexp {
	names := make([]string, 0, 64)
	for _, n := range known() {
		names = append(names, capng.Name(n))
	}
	return regexp.MustCompile(`(?i)\b(?:cap_)?(` + strings.Join(names, "|") + `)\b`)
})

// named are the capabilities that a text names, in ascending order.
func named(text string) []int {
	var list []int
	for _, found := range anyName().FindAllStringSubmatch(text, -1) {
		n, _ := capng.Number(found[1])
		list = append(list, n)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Nobody is told to give capabilities to the file of a script, or of what runs any.
func TestNoSetcapForScripts(t *testing.T) {
	for _, a := range []Advice{{Path: "/bin/x", Script: true}, {Path: "/bin/x.py", Python: true},
		{Path: "/usr/bin/python3.13"}, {Path: "/bin/dash"}} {
		a.Grant = []int{13}
		for _, kind := range Kinds {
			for _, a.Unprivileged = range []bool{false, true} {
				if text := Emit(kind, a); strings.Contains(text, "setcap") {
					t.Errorf("%s for %+v:\n%s", kind, a, text)
				}
			}
		}
	}
}

// What is no script gets each capability it is to have, spelt somehow.
func TestEachKindNamesAll(t *testing.T) {
	for _, kind := range kinds(func(c consumer) bool { return !c.refuses }) { // which grants nothing
		text := Emit(kind, Advice{Path: "/bin/true", Grant: known(), Keep: known()})
		if diff := cmp.Diff(known(), named(text)); diff != "" {
			t.Errorf("%s\n%s\n%s", kind, diff, text)
		}
	}
}

// The text report shows first what fits what was audited, and for a command all
// that the C cap-audit has; --emit has the rest.
func TestKindsThatFit(t *testing.T) {
	const c, python = "c systemd filecap docker kubernetes", "python systemd filecap docker kubernetes"
	for _, c := range []struct {
		advice       Advice
		fitting, all string
	}{
		{Advice{Path: "/usr/bin/ping", Grant: []int{13}}, "filecap", c},
		{Advice{Path: "/usr/bin/true"}, "", c},
		{Advice{Path: "/usr/sbin/nginx", Daemon: true}, "systemd", c},
		{Advice{Path: "/home/anna/server", Grant: []int{13}}, "filecap c", c},
		{Advice{Path: "/home/anna/server.py", Python: true, Script: true, Daemon: true}, "systemd python",
			python},
		{Advice{Path: "/usr/bin/reportbug", Python: true, Script: true}, "", python},
		{Advice{Path: "/usr/bin/python3.11", Grant: []int{13}}, "setpriv python", python},
		{Advice{Path: "/srv/backup", Script: true, Grant: []int{2}}, "setpriv", c},
		{Advice{Path: "/usr/bin/tar", Grant: []int{2}}, "setpriv", c},
		{Advice{Subject: audit.SubjectPID, Path: "/usr/sbin/cron", Daemon: true}, "systemd", c},
		{Advice{Subject: audit.SubjectMerged, Grant: []int{13}}, "filecap", c},
		{Advice{Subject: audit.SubjectUnitFile, Path: "/srv/server"}, "systemd", "systemd"},
		{Advice{Subject: audit.SubjectUnit, Path: "/srv/server"}, "systemd", "systemd"},
		{Advice{Subject: audit.SubjectContainer, Engine: "podman", Path: "/server"}, "docker", "docker"},
		{Advice{Subject: audit.SubjectContainer, Engine: "containerd", Path: "/server"}, "kubernetes",
			"kubernetes"},
	} {
		fitting, all := Fitting(c.advice), All(c.advice)
		if got := kindsOf(fitting); got != c.fitting {
			t.Errorf("%+v: what fits is %s, want %s", c.advice, got, c.fitting)
		}
		if got := kindsOf(all); got != c.all {
			t.Errorf("%+v: all are %s, want %s", c.advice, got, c.all)
		}
	}
	if Emit("no such kind", Advice{}) != "" {
		t.Error("a snippet of no kind")
	}
}

func kindsOf(list []Snippet) string {
	var kinds []string
	for _, s := range list {
		kinds = append(kinds, s.Kind)
	}
	return strings.Join(kinds, " ")
}

// A drop-in replaces what the unit has, and leaves the rest of it alone.
func TestSystemdDropin(t *testing.T) {
	const (
		bounding = "[Service]\n# takes back what the unit has\nCapabilityBoundingSet =\n" +
			"CapabilityBoundingSet=CAP_NET_RAW"
		none    = "\nAmbientCapabilities="
		ambient = "\n# takes back what the unit has\nAmbientCapabilities =\nAmbientCapabilities=CAP_NET_RAW"
	)
	for _, c := range []struct {
		advice Advice
		want   string
	}{
		{Advice{Subject: audit.SubjectUnit, Grant: []int{13}}, bounding},
		{Advice{Subject: audit.SubjectUnitFile}, "[Service]\nCapabilityBoundingSet="},
		{Advice{Subject: audit.SubjectUnit, Grant: []int{13}, Unprivileged: true}, bounding},
		{Advice{Subject: audit.SubjectUnit, Grant: []int{13}, Ambient: []int{0}}, bounding + none},
		{Advice{Subject: audit.SubjectUnit, Grant: []int{13}, Limited: true}, bounding + none},
		{Advice{Subject: audit.SubjectUnit, Grant: []int{13}, Ambient: []int{0, 13}}, bounding + ambient},
		{Advice{Subject: audit.SubjectUnitFile, Grant: []int{13}, Unprivileged: true}, bounding + ambient},
	} {
		if diff := cmp.Diff(c.want, Systemd(c.advice)); diff != "" {
			t.Error(diff)
		}
	}
}

// Scripts take the first line with a key for the answer, so that nothing but an
// answer may look like one.
func TestServiceBlock(t *testing.T) {
	full := SetOfUnit{Set: []int{13}, Replaces: true}
	for name, c := range map[string]struct {
		service Service
		want    string
	}{
		"replaces": {Service{User: "web", Group: "www", Bounding: full, Ambient: full, NoNewPrivileges: true},
			"User=web\nGroup=www\n# takes back what the unit has\nAmbientCapabilities =\n" +
				"AmbientCapabilities=CAP_NET_RAW\n# takes back what the unit has\nCapabilityBoundingSet =\n" +
				"CapabilityBoundingSet=CAP_NET_RAW\nNoNewPrivileges=yes"},
		"dynamic": {Service{Dynamic: true, Bounding: SetOfUnit{Set: []int{13}}, Privileged: true},
			"DynamicUser=yes\nCapabilityBoundingSet=CAP_NET_RAW"},
		"adds": {Service{User: "web", Bounding: SetOfUnit{Set: []int{13}}},
			"User=web\nAmbientCapabilities=\nCapabilityBoundingSet=CAP_NET_RAW"},
		"none": {Service{Privileged: true, Bounding: SetOfUnit{Replaces: true}},
			"CapabilityBoundingSet="},
		"hostile names": {Service{User: "a\nExecStart=b", Group: "%i", Privileged: true},
			"CapabilityBoundingSet="},
	} {
		if diff := cmp.Diff("[Service]\n"+c.want, ServiceBlock(c.service)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// no_new_privs comes with all that can bear it.
func TestNoNewPrivileges(t *testing.T) {
	forbids := regexp.MustCompile(`(?m)^(NoNewPrivileges=(yes|true)|lxc.no_new_privs = 1|` +
		`\s+allowPrivilegeEscalation: false|    security_opt: .*)$|--security-opt=no-new-privileges|` +
		`  security_opt = \["no-new-privileges"\]`)
	for kind, needsFile := range map[string]bool{ // whether another user than root has these by a file alone
		"systemd": false, "quadlet": false, "nspawn": false,
		"docker": true, "compose": true, "kubernetes": true, "kustomize": true, "helm": true, "lxc": true,
		"nomad": true,
	} {
		for _, c := range []struct {
			advice Advice
			want   bool
		}{
			{Advice{}, true},
			{Advice{Grant: []int{13}}, true},
			{Advice{Unprivileged: true}, true},
			{Advice{Grant: []int{13}, Unprivileged: true}, !needsFile},
			{Advice{Grant: []int{13}, Gains: []audit.Gain{audit.GainSetID}}, false},
			{Advice{Gains: []audit.Gain{"of a later version"}}, false},
		} {
			if text := Emit(kind, c.advice); forbids.MatchString(text) != c.want {
				t.Errorf("%s for %+v:\n%s", kind, c.advice, text)
			}
		}
	}
}

// What does anything it is told to would hand its capabilities to everybody.
func TestProgramsThatDoAnythingGetNone(t *testing.T) {
	for name, want := range map[string]bool{
		"/usr/bin/python3.11": true, "/bin/sh": true, "/usr/bin/perl": true, "/usr/bin/php8.2": true,
		"/bin/busybox": true, "/bin/busybox.static": true, "/usr/bin/setpriv": true, "/usr/sbin/capsh": true,
		"/usr/sbin/chroot": true, "/usr/bin/nsenter": true, "/usr/bin/sudo": true, "/usr/bin/find": true,
		"/usr/bin/tar": true, "/usr/bin/vim.basic": true, "/usr/bin/gdb": true, "/usr/bin/strace": true,
		"/usr/bin/env": true, "/usr/bin/timeout": true,
		"/usr/bin/cat": false, "/usr/bin/findmnt": false, "/usr/bin/ping": false, "/usr/sbin/sshd": false,
		"/opt/shell": false, "/usr/bin/python-server": false,
	} {
		for _, kind := range kinds(func(c consumer) bool { return c.inFile }) {
			text := Emit(kind, Advice{Path: name, Grant: []int{13}})
			if got := !strings.Contains(text, "net_raw"); got != want {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

// What file capabilities give, they give to everybody, of a daemon's file too.
func TestFileCapabilitiesSayWhoseTheyAre(t *testing.T) {
	daemon := Advice{Path: "/usr/sbin/daemon", Grant: []int{6, 7}, SwitchesUser: true, Daemon: true}
	i := slices.IndexFunc(All(daemon), func(s Snippet) bool { return s.Kind == "filecap" })
	if got := All(daemon)[i].Text; got != everybodys+otherUsers+"filecap /usr/sbin/daemon setgid setuid" {
		t.Error(got)
	}
	for _, snippet := range []func(Advice) string{Filecap, Setcap} {
		// of a run as another user it is known what such a one needs
		for unprivileged, notes := range map[bool]int{true: 1, false: 2} {
			got := snippet(Advice{Path: "/usr/bin/cat", Grant: []int{2}, Unprivileged: unprivileged})
			if !strings.HasPrefix(got, "# Whoever may execute") || strings.Count(got, "\n") != notes ||
				strings.Contains(got, "--as USER") == unprivileged {
				t.Error(got)
			}
		}
		// to take them away is good for any program
		for _, name := range []string{"/usr/bin/cat", "/usr/bin/setpriv"} {
			if got := snippet(Advice{Path: name}); strings.Contains(got, "Whoever") ||
				!strings.Contains(got, name) {
				t.Error(got)
			}
		}
	}
}

// Who runs an interpreter by hand has a program in its language.
func TestPythonByItsInterpreter(t *testing.T) {
	for name, want := range map[string]string{"/usr/bin/python3": "python", "/usr/bin/python-server": "c"} {
		if got := All(Advice{Path: name})[0].Kind; got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRelativePathIsNotUsed(t *testing.T) {
	if got := Filecap(Advice{Path: "", Grant: []int{13}}); !strings.HasSuffix(got,
		"\nfilecap /path/to/program net_raw") {
		t.Error(got)
	}
}

// Nothing but tabs and line breaks of ours may steer a terminal.
func TestSnippetsArePrintable(t *testing.T) {
	for _, kind := range Kinds {
		for _, r := range Emit(kind, Advice{Path: "/\x1b]0;x\a\xff\u202e\u009b", Grant: known(),
			Keep: known()}) {
			if r != '\n' && (r < ' ' || r > '~') && !(r == '\t' && kind == "go") {
				t.Errorf("%s has a %U", kind, r)
			}
		}
	}
}

func TestFill(t *testing.T) {
	words := strings.Split(strings.Repeat("four ", 40)+"end", " ")
	for line := range strings.Lines(fill("head: ", words, " ", " \\\n    ")) {
		if len(strings.TrimRight(line, "\\\n ")) > columns {
			t.Errorf("%q is wider than %d", line, columns)
		}
	}
}

// shells are those that a snippet may be piped into, by the standard and beyond.
func shells(t testing.TB) []string {
	var found []string
	for _, name := range []string{"sh", "bash"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip("want a POSIX shell and bash:", err)
		}
		found = append(found, path)
	}
	return found
}

var hostilePaths = []string{
	"", "/usr/bin/ping", "a b", "'", `\`, `'\''`, "\n", "\x1b[0m", "\xff", "\xff1", "\xffa'b\\", "$(>pwned)",
	"`>pwned`", "!x", "~", "*", "été", "\u202e", "-n", "#", "a=b", "{a,b}", "\x011", "'; >pwned; #",
	"';>pwned #\n", "\x01'$(>pwned)'", "\xff`>pwned`", "\n>pwned\n", "\r>pwned",
	"$'\\'';>pwned", "\";>pwned;\"",
	"&>pwned", "|>pwned", "\u2028>pwned",
}

// Every shell splits a command into the words that were meant.
func FuzzShellQuote(f *testing.F) {
	for _, seed := range hostilePaths {
		f.Add(seed)
	}
	all := shells(f)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") {
			t.Skip("no path has a zero byte")
		}
		quoted, ok := shellQuote(s)
		if !ok {
			return
		}
		for _, shell := range all {
			out, err := exec.Command(shell, "-c", `printf '%s|' x `+quoted+" y").Output()
			if err != nil {
				t.Fatalf("%s: %q: %v", shell, quoted, err)
			}
			if want := "x|" + s + "|y|"; string(out) != want {
				t.Errorf("%q is %q to %s, want %q", quoted, out, shell, want)
			}
		}
	})
}

// What is shown can be quoted, and what cannot be shown is refused.
func TestShellQuoteRefuses(t *testing.T) {
	for s, want := range map[string]bool{"": true, "it's": true, "été": true, "a\n": false, "\x1b": false,
		"\xff": false, "\u202e": false} {
		if _, ok := shellQuote(s); ok != want {
			t.Errorf("%q: %t, want %t", s, ok, want)
		}
	}
}

// No name of a program becomes a command, whichever shell a snippet is piped
// into. The commands of the snippets themselves are not found.
func FuzzSnippetsInShells(f *testing.F) {
	for _, seed := range hostilePaths {
		f.Add(seed)
	}
	all := shells(f)
	f.Fuzz(func(t *testing.T, name string) {
		if strings.Contains(name, "\x00") {
			t.Skip("no path has a zero byte")
		}
		dir := t.TempDir()
		for _, grant := range [][]int{nil, {13}} {
			for _, kind := range []string{"setcap", "filecap", "docker", "bwrap"} {
				text := Emit(kind, Advice{Path: "/" + name, Grant: grant, User: name})
				for _, shell := range all {
					cmd := exec.Command(shell)
					cmd.Stdin, cmd.Dir, cmd.Env = strings.NewReader(text+"\n"), dir, []string{"PATH=/nowhere"}
					cmd.Run() // the status is that of a command which is not found
					if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
						t.Fatalf("%s has done something at a name's word (%v):\n%s", shell, err, text)
					}
				}
			}
		}
	})
}

// Who ran is named as --as had it.
func TestAccountAndGroup(t *testing.T) {
	for name, c := range map[string]struct{ user, group, systemd, setpriv string }{
		"caller":     {"", "", "\n#User=\n", "--reuid=USER --regid=GROUP "},
		"account":    {"www", "", "\nUser=www\nAmb", `--reuid=www --regid="$(id -g www)" `},
		"with group": {"www", "adm", "\nUser=www\nGroup=adm\nAmb", "--reuid=www --regid=adm "},
		"numbers":    {"12", "13", "\n#User=\n", "--reuid=USER --regid=GROUP "},
		"hostile":    {"www", "adm\nExecStart=x", "\nUser=www\nAmb", `--regid="$(id -g www)" `},
	} {
		a := Advice{Path: "/usr/bin/server", User: c.user, Group: c.group, Unprivileged: true}
		if text := Emit("systemd", a); !strings.Contains(text, c.systemd) {
			t.Errorf("%s: no %q in\n%s", name, c.systemd, text)
		}
		if text := Emit("setpriv", a); !strings.Contains(text, c.setpriv) {
			t.Errorf("%s: no %q in\n%s", name, c.setpriv, text)
		}
	}
}

// What only the bounding set has to have is in that, and no program gets it.
func TestBoundingAloneIsNotHeld(t *testing.T) {
	a := Advice{Path: "/usr/bin/server", User: "www", Unprivileged: true, Grant: []int{12, 13},
		Bounding: []int{12}}
	for kind, want := range map[string]string{
		"systemd": "\nAmbientCapabilities=CAP_NET_RAW\nCapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n",
		"docker":  "--cap-add=NET_ADMIN --cap-add=NET_RAW",
		"setcap":  "\nsetcap cap_net_raw=ep /usr/bin/server",
		"filecap": "\nfilecap /usr/bin/server net_raw",
	} {
		if text := Emit(kind, a); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	a.Bounding = a.Grant
	if text := Setcap(a); !strings.HasSuffix(text, "|| setcap -r /usr/bin/server") {
		t.Error(text)
	}
}

// Where the file has enough already, no command widens it; where it has more, one narrows it.
func TestFileHasEnough(t *testing.T) {
	ping := Advice{Path: "/usr/bin/ping", Grant: []int{12, 13}, Unused: []int{12}, FileRaises: true}
	with := func(change func(*Advice)) Advice { a := ping; change(&a); return a }
	const nothing, replaces = "# Nothing to do, ", "# It takes the place of what the file has now: "
	for name, c := range map[string]struct {
		advice Advice
		want   string
	}{
		"what was used": {with(func(a *Advice) { a.FileHas = []int{13} }),
			nothing + "the file has what was used: net_raw.\n" +
				"# Asked for and not used, so no reason to add it: net_admin."},
		"all":        {with(func(a *Advice) { a.FileHas = a.Grant }), nothing},
		"nothing":    {ping, "# Whoever may"},
		"too little": {with(func(a *Advice) { a.FileHas = []int{12} }), replaces + "net_admin.\n"},
		"too much":   {with(func(a *Advice) { a.FileHas = []int{0, 13} }), replaces + "chown, net_raw.\n"},
		"not raised": {with(func(a *Advice) { a.FileHas, a.FileRaises = []int{13}, false }), replaces},
	} {
		for kind, write := range map[string]func(Advice) string{"setcap": Setcap, "filecap": Filecap} {
			text := write(c.advice)
			command := strings.Contains(text, "\n"+kind+" ")
			if !strings.HasPrefix(text, c.want) || command == strings.HasPrefix(c.want, nothing) {
				t.Errorf("%s, %s: want %q first\n%s", name, kind, c.want, text)
			}
		}
	}
}

// File capabilities are not inherited: who needs some is told apart from who executed it.
func TestFileOfEachProgram(t *testing.T) {
	mtr := Advice{Path: "/usr/bin/mtr", Grant: []int{13},
		Others: []Holder{{Path: "/usr/bin/mtr-packet", Needs: []int{13}}}}
	with := func(change func(*Advice)) Advice {
		a := mtr
		a.Others = slices.Clone(a.Others)
		change(&a)
		return a
	}
	const packet, both = "filecap /usr/bin/mtr-packet net_raw", "filecap /usr/bin/mtr net_raw\n"
	for name, c := range map[string]struct {
		advice  Advice
		want    string
		wantNot string
	}{
		"only the other": {mtr, everybodys + otherUsers + packet, "filecap /usr/bin/mtr "},
		"both": {with(func(a *Advice) { a.Itself = []int{13} }), everybodys + otherUsers + both + packet,
			"# /usr"},
		"what nobody asked for": {with(func(a *Advice) { a.Grant = []int{12, 13} }),
			everybodys + otherUsers + "filecap /usr/bin/mtr net_admin\n" + packet, "# /usr"},
		"it has it": {with(func(a *Advice) { a.Others[0].FileHas = []int{13} }),
			"# /usr/bin/mtr-packet has what it needs: net_raw.", "\nfilecap"},
		"several alike": {with(func(a *Advice) { a.Others[0].Path = "" }), "More of them", "\nfilecap"},
		"a shell": {with(func(a *Advice) { a.Others[0].Path = "/bin/sh" }),
			"# Not /bin/sh, which", "\nfilecap"},
		"a script": {with(func(a *Advice) { a.Others[0].Code = "/usr/bin/python3.11" }),
			"# Not /usr/bin/mtr-packet, which is a script", "\nfilecap"},
		"many": {with(func(a *Advice) {
			for i := range mostOthers {
				a.Others = append(a.Others, Holder{Path: "/bin/" + strconv.Itoa(i), Needs: []int{13}})
			}
		}), "More of them", "\nfilecap"},
	} {
		if text := Filecap(c.advice); !strings.Contains(text, c.want) || strings.Contains(text, c.wantNot) {
			t.Errorf("%s: want %q, and not %q\n%s", name, c.want, c.wantNot, text)
		}
	}
}

// A set-user-ID file that gets capabilities is told what becomes of both.
func TestSetIDFile(t *testing.T) {
	traceroute := Advice{Path: "/usr/bin/tcptraceroute", Grant: []int{7, 13}, Unprivileged: true,
		Gains: []audit.Gain{audit.GainSetID}}
	if text := Setcap(traceroute); !strings.Contains(text, "(chmod u-s)") {
		t.Errorf("nothing of the bit:\n%s", text)
	}
	traceroute.Gains = nil
	if text := Setcap(traceroute); strings.Contains(text, "chmod") {
		t.Errorf("the bit of a file that has none:\n%s", text)
	}
}
