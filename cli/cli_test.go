package cli

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/output"
	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/session"
	"github.com/cap-audit/cap-audit/test/scratch"
	"github.com/cap-audit/cap-audit/tracer"
)

// read reads a command line as main does and stops where an audit would begin.
// l is nil when something else was asked for than an audit or a probe.
func read(args ...string) (l *line, stdout string, err error) {
	var out bytes.Buffer
	words := append([]string{"cap-audit"}, args...)
	app := newApp(words)
	app.Writer = &out
	app.Action = func(c *cli.Context) (err error) {
		l, err = parse(c)
		return err
	}
	err = app.Run(words)
	return l, out.String(), err
}

// auto is what is tried when no backend is named; the order is the kernel's matter.
func auto(t *testing.T) []tracer.Backend {
	t.Helper()
	list, err := tracer.ParseBackend("auto")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// audits and reports are command lines with these options and no others.
func audits(o session.Options) line { return line{Options: o} }

func reports(o output.Options) line { return audits(session.Options{Output: o}) }

func TestCommandLines(t *testing.T) {
	command := []string{"ping", "-c", "1"}
	for words, want := range map[string]line{
		"ping -c 1":                    {},
		"-- ping -c 1":                 {},
		"-v ping -c 1":                 audits(session.Options{Verbose: true}),
		"-v -- ping -c 1":              audits(session.Options{Verbose: true}),
		"--verbose --follow ping -c 1": audits(session.Options{Verbose: true, Follow: true}),
		"-f ping -c 1":                 audits(session.Options{Follow: true}),
		"-q ping -c 1":                 audits(session.Options{Quiet: true}),
		"-q --unit a --revert-dropin": {reverting, session.Options{Option: "unit", Name: "a",
			Quiet: true, Command: []string{}}},

		"-j ping -c 1":        reports(output.Options{Format: output.JSON}),
		"--json -- ping -c 1": reports(output.Options{Format: output.JSON}),
		"-y ping -c 1":        reports(output.Options{Format: output.YAML}),
		"--yaml ping -c 1":    reports(output.Options{Format: output.YAML}),
		"-jv ping -c 1": audits(session.Options{Verbose: true,
			Output: output.Options{Format: output.JSON}}),
		"-vfy -- ping -c 1": audits(session.Options{Verbose: true, Follow: true,
			Output: output.Options{Format: output.YAML}}),
		"-jy ping -c 1":             reports(output.Options{Format: output.JSON}),
		"--yaml --json ping -c 1":   reports(output.Options{Format: output.JSON}),
		"-o out ping -c 1":          reports(output.Options{File: "out"}),
		"--output out -- ping -c 1": reports(output.Options{File: "out"}),
		"--output=out ping -c 1":    reports(output.Options{File: "out"}),
		"-o=out ping -c 1":          reports(output.Options{File: "out"}),
		"-jo out ping -c 1": reports(output.Options{Format: output.JSON,
			File: "out"}),
		"-o - ping -c 1":            reports(output.Options{}),
		"-o ./- ping -c 1":          reports(output.Options{File: "./-"}),
		"-json ping -c 1":           reports(output.Options{Format: output.JSON}),
		"--as nobody ping -c 1":     audits(session.Options{As: "nobody"}),
		"--as=nobody:adm ping -c 1": audits(session.Options{As: "nobody:adm"}),

		"--as nobody --as-environment caller ping -c 1": audits(session.Options{As: "nobody",
			CallersEnvironment: true}),
		"--as nobody --as-environment service ping -c 1": audits(session.Options{As: "nobody"}),

		"--verify ping -c 1":               audits(session.Options{Verify: true}),
		"--minimize -f ping -c 1":          audits(session.Options{Minimize: true, Follow: true}),
		"--verify --minimize -- ping -c 1": audits(session.Options{Verify: true, Minimize: true}),
		"--test true ping -c 1":            audits(session.Options{Test: "true"}),
		"--backend auto ping -c 1":         {},

		"--backend kprobe ping -c 1": audits(session.Options{Backends: []tracer.Backend{tracer.Kprobe}}),
		"--backend=tracepoint -v ping -c 1": audits(session.Options{Verbose: true,
			Backends: []tracer.Backend{tracer.Tracepoint}}),
		"--verbose=false ping -c 1": {},

		"-s a.service -- ping -c 1": audits(session.Options{Option: "service", Name: "a.service"}),
		"--cgroup /c ping -c 1":     audits(session.Options{Option: "cgroup", Name: "/c"}),
		"--if-possible --propagate ping -c 1": audits(session.Options{IfPossible: true,
			Output: output.Options{Propagate: true}}),
		"-d 90 --until-idle 1.5m ping -c 1": audits(session.Options{Duration: 90 * time.Second,
			UntilIdle: 90 * time.Second}),
		"--check a,b --check-unused ping -c 1": reports(output.Options{Check: "a,b",
			CheckUnused: true}),
		"--format text ping -c 1":            {},
		"--format junit ping -c 1":           reports(output.Options{Format: output.JUnit}),
		"--format sarif --check p ping -c 1": reports(output.Options{Format: output.SARIF, Check: "p"}),
		"--emit rust ping -c 1": reports(output.Options{Format: output.Snippet,
			Emit: "rust"}),
		"--policy-out p --json ping -c 1": reports(output.Options{Format: output.JSON, PolicyOut: "p"}),
		"--unit a --restart --write-dropin": audits(session.Options{Option: "unit", Name: "a",
			Restart: true, WriteDropin: true, Command: []string{}}),
		"--unit a --revert-dropin": {reverting, session.Options{Option: "unit", Name: "a",
			Command: []string{}}},
		"-p 42 -d 1h": audits(session.Options{Option: "pid", Name: "42", Duration: time.Hour,
			Command: []string{}}),
		"--cgroup /c": audits(session.Options{Option: "cgroup", Name: "/c", Command: []string{}}),
		"--container web --test true": audits(session.Options{Option: "container", Name: "web",
			Test: "true", Command: []string{}}),
		"--pod a/b -d 1h": audits(session.Options{Option: "pod", Name: "a/b", Duration: time.Hour,
			Command: []string{}}),
		"-s a.service --verify": audits(session.Options{Option: "service", Name: "a.service", Verify: true,
			Command: []string{}}),
		"--merge -j ping -c 1": {merging, session.Options{Output: output.Options{Format: output.JSON}}},
		"--diff old new":       {comparing, session.Options{Command: []string{"old", "new"}}},
		"--static a b.so":      {bounding, session.Options{Command: []string{"a", "b.so"}}},
	} {
		t.Run(words, func(t *testing.T) {
			if want.Command == nil {
				want.Command = command
			}
			if want.Output.Format == "" {
				want.Output.Format = output.Text
			}
			if want.Backends == nil {
				want.Backends = auto(t)
			}
			got, stdout, err := read(strings.Fields(words)...)
			if err != nil || stdout != "" {
				t.Fatalf("%v, printed %q", err, stdout)
			}
			if diff := cmp.Diff(&want, got, cmp.AllowUnexported(line{})); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

// Options end at the first word that is none: the rest is the command's.
func TestCommandsKeepTheirArguments(t *testing.T) {
	for _, command := range [][]string{
		{"help"}, {"h"}, {"help", "ping"}, {"version"}, {"completion", "bash"}, {"cap-audit", "--help"},
		{"ls", "-j"}, {"ls", "-v", "--json", "--", "-y"}, {"ls", "--help"}, {"ls", "-h"}, {"ls", "-V"},
		{"ls", "--"}, {"ls", "-Zz"},
		{"ls", "-jv", "-o"}, {"sh", "-c", "exit 3"}, {"ls", "--generate-bash-completion"}, {"ls", ""}, {""},
		{"ls", "\xff"}, {"a b", "c\nd"},
	} {
		for _, before := range [][]string{nil, {"--"}, {"-v"}, {"-v", "--"}, {"-vf", "-o", "out"},
			{"-jv", "--as", "nobody", "--"}} {
			cfg, stdout, err := read(append(before, command...)...)
			if err != nil || stdout != "" || cfg == nil {
				t.Errorf("%q %q: %v, printed %q", before, command, err, stdout)
				continue
			}
			if diff := cmp.Diff(command, cfg.Command); diff != "" {
				t.Errorf("%q: command (-given +audited):\n%s", before, diff)
			}
		}
	}
	// what looks like an option is a command after --
	for _, command := range []string{"-v", "--help", "-", "--", "-x"} {
		cfg, _, err := read("--", command)
		if err != nil || cfg == nil || len(cfg.Command) != 1 || cfg.Command[0] != command {
			t.Errorf("-- %s: %+v, %v", command, cfg, err)
		}
	}
}

func TestProbeCommandLines(t *testing.T) {
	for words, want := range map[string]line{
		"--probe": audits(session.Options{Backends: auto(t)}),
		"--probe -j": audits(session.Options{Backends: auto(t),
			Output: output.Options{Format: output.JSON}}),
		"--yaml --probe": audits(session.Options{Backends: auto(t),
			Output: output.Options{Format: output.YAML}}),
		"--probe --backend fentry": audits(session.Options{Backends: []tracer.Backend{tracer.Fentry}}),
		"--probe --":               audits(session.Options{Backends: auto(t)}),
	} {
		got, _, err := read(strings.Fields(words)...)
		if err != nil {
			t.Fatalf("%s: %v", words, err)
		}
		want.job, want.Command = probing, []string{}
		if want.Output.Format == "" {
			want.Output.Format = output.Text
		}
		if diff := cmp.Diff(&want, got, cmp.AllowUnexported(line{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", words, diff)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	const usageHint = "see cap-audit --help"
	for name, c := range map[string]struct {
		args []string
		want []string // in the error
	}{
		"nothing":                 {nil, []string{"no command", usageHint}},
		"only the end of options": {[]string{"--"}, []string{"no command", usageHint}},
		"options and no command":  {[]string{"-v", "-j"}, []string{"no command", usageHint}},

		"an unknown option":           {[]string{"--frob", "true"}, []string{" --frob;", usageHint}},
		"an unknown option, assigned": {[]string{"-f", "--frob=ni"}, []string{" --frob;", usageHint}},
		"a word with one dash":        {[]string{"-bogus", "true"}, []string{" -bogus;", usageHint}},
		"an option with three dashes": {[]string{"---json", "true"}, []string{" ---json;", usageHint}},
		"an unknown letter":           {[]string{"-x", "true"}, []string{" -x;", usageHint}},
		"an unknown letter among some": {[]string{"-vxj", "true"},
			[]string{" -x in -vxj;", usageHint}},
		"no file":                 {[]string{"-o"}, []string{"-o: ", usageHint}},
		"no account":              {[]string{"--as"}, []string{"--as: ", usageHint}},
		"an empty file":           {[]string{"-o", "", "true"}, []string{"--output", "empty"}},
		"an empty file, assigned": {[]string{"--output=", "true"}, []string{"--output", "empty"}},
		"an empty account":        {[]string{"--as", "", "true"}, []string{"--as", "empty"}},
		"an empty test":           {[]string{"--test=", "true"}, []string{"--test", "empty"}},
		"no truth value":          {[]string{"--json=maybe", "true"}, []string{`--json="maybe": `, usageHint}},

		"an unknown backend": {[]string{"--backend", "magic", "true"},
			[]string{"--backend", `"magic"`, "fentry"}},
		"a probe of a command":     {[]string{"--probe", "true"}, []string{"--probe", "no command"}},
		"a probe of a command, --": {[]string{"--probe", "--", "true"}, []string{"--probe", "no command"}},
		"a probe, verbose":         {[]string{"--probe", "-v"}, []string{"--probe"}},
		"a probe that follows":     {[]string{"-f", "--probe"}, []string{"--probe"}},
		"a probe into a file":      {[]string{"--probe", "-o", "out"}, []string{"--probe"}},
		"a probe of an account":    {[]string{"--probe", "--as", "nobody"}, []string{"--probe"}},
		"a probe that verifies":    {[]string{"--probe", "--verify"}, []string{"--probe"}},
		"a probe that minimizes":   {[]string{"--probe", "--minimize"}, []string{"--probe"}},
		"a probe that tests":       {[]string{"--probe", "--test", "true"}, []string{"--probe"}},

		"two subjects":         {[]string{"--unit", "a", "-p", "1"}, []string{"--unit", "--pid", "exclude"}},
		"a unit and a command": {[]string{"--unit", "a", "true"}, []string{"--unit", "no command"}},
		"outcomes of another kind": {[]string{"--outcomes", "some", "--", "true"},
			[]string{"--outcomes some", "all, sampled"}},
		"a proof by a sample": {[]string{"--outcomes", "sampled", "--minimize", "--", "true"},
			[]string{"--minimize", "--outcomes sampled"}},
		"a filter by a sample": {[]string{"--outcomes", "sampled", "--emit", "seccomp", "--", "true"},
			[]string{"--emit seccomp", "--outcomes sampled"}},
		"a filter of nothing": {[]string{"--untraced", "--emit", "systemcallfilter", "--", "true"},
			[]string{"--emit systemcallfilter", "--untraced"}},
		"a filter of systemd's in a container": {[]string{"--container", "a", "--emit", "systemcallfilter"},
			[]string{"--emit systemcallfilter", "container"}},
		"a container that is verified": {[]string{"--container", "a", "--verify"},
			[]string{"--verify", "--container"}},
		"a group that is followed": {[]string{"--cgroup", "/c", "-f"}, []string{"--follow", "--cgroup"}},

		"a process that is none": {[]string{"-p", "-1"}, []string{"--pid", "-1", "positive"}},
		"a process by name":      {[]string{"--pid", "sshd"}, []string{"--pid", "sshd", "positive"}},
		"no time":                {[]string{"-d", "soon", "true"}, []string{"--duration", "soon", "90s"}},
		"no time at all":         {[]string{"-d", "0", "true"}, []string{"--duration", "90s"}},
		"less than no time":      {[]string{"--until-idle", "-3s", "true"}, []string{"--until-idle", "-3s"}},
		"an endless time":        {[]string{"-d", "1e300", "true"}, []string{"--duration", "1e300"}},

		"an unknown format": {[]string{"--format", "xml", "true"}, []string{"--format", "xml", "junit"}},
		"a verdict on nothing": {[]string{"--format", "sarif", "true"},
			[]string{"--format sarif", "--check"}},
		"a verdict on nothing merged": {[]string{"--merge", "--format", "gitlab", "a"},
			[]string{"--format gitlab", "--check"}},
		"a difference in SARIF": {[]string{"--diff", "--format", "sarif", "a", "b"},
			[]string{"--diff", "sarif"}},
		"an unknown kind": {[]string{"--emit", "basic", "true"}, []string{"--emit", "basic", "quadlet"}},
		"a format and JSON": {[]string{"-j", "--format", "text", "true"},
			[]string{"--json", "--format", "exclude"}},
		"a snippet and YAML": {[]string{"-y", "--emit", "c", "true"},
			[]string{"--yaml", "--emit", "exclude"}},
		"a restart of nothing":  {[]string{"--restart", "true"}, []string{"--restart", "--unit"}},
		"a drop-in for nothing": {[]string{"--write-dropin", "true"}, []string{"--write-dropin", "--unit"}},
		"nothing to revert":     {[]string{"--revert-dropin"}, []string{"--revert-dropin", "--unit"}},
		"revert and write": {[]string{"--revert-dropin", "--write-dropin", "--unit", "a"},
			[]string{"--revert-dropin", "alone"}},
		"an environment of nobody": {[]string{"--as-environment", "caller", "true"},
			[]string{"--as-environment", "--as "}},
		"an environment there is not": {[]string{"--as", "a", "--as-environment", "mine\n", "true"},
			[]string{"--as-environment", `"mine\n"`, "caller", "service"}},
		"an account and a service": {[]string{"--as", "a", "-s", "a.service"},
			[]string{"--as", "--service", "User="}},
		"unused of nothing":     {[]string{"--check-unused", "true"}, []string{"--check-unused", "--check"}},
		"nothing to merge":      {[]string{"--merge"}, []string{"--merge", "standard input"}},
		"a merge that watches":  {[]string{"--merge", "--pid", "1", "a"}, []string{"--merge", "--pid"}},
		"no program's file":     {[]string{"--static"}, []string{"--static", "name"}},
		"options at the end":    {[]string{"--static", "a", "-j"}, []string{"-j", "before"}},
		"static with a run":     {[]string{"--static", "--follow", "a"}, []string{"--static", "--follow"}},
		"one report to compare": {[]string{"--diff", "a"}, []string{"--diff", "two"}},
		"a merge and a diff":    {[]string{"--diff", "--merge", "a", "b"}, []string{"exclude"}},
		"a probe with JUnit":    {[]string{"--probe", "--format", "junit"}, []string{"--probe", "junit"}},
		"not an option of the old one": {[]string{"--generate-bash-completion"},
			[]string{" --generate-bash-completion;", usageHint}},
	} {
		t.Run(name, func(t *testing.T) {
			_, stdout, err := read(c.args...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") || stdout != "" {
				t.Errorf("more than one line: %q; printed %q", err, stdout)
			}
			if _, ok := err.(*output.Answer); ok {
				t.Error("it is an answer, with an exit status of its own")
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-v", "-h"}, {"-vh"}, {"--help", "ping"},
		{"-h", "--"}} {
		var out bytes.Buffer
		app := newApp(args)
		app.Writer = &out
		app.Action = func(c *cli.Context) error { return act(c, "1.2.3") }
		if err := app.Run(append([]string{"cap-audit"}, args...)); err != nil || out.String() != usage {
			t.Errorf("%q: %v, printed %q", args, err, out.String())
		}
	}
}

// documented is the part of a file that lists what an argument can be.
func documented(t *testing.T, file string, between [2]string) string {
	t.Helper()
	_, text, found := strings.Cut(scratch.Contents(t, file), between[0])
	text, _, ends := strings.Cut(text, between[1])
	if !found || !ends {
		t.Errorf("%s: no list between %q and %q", file, between[0], between[1])
	}
	return text
}

// The help, the manual and the completions name each kind of snippet, and no
// other, in one order.
func TestKindsAreDocumented(t *testing.T) {
	words := regexp.MustCompile(`[a-z-]+`)
	for file, between := range map[string][2]string{
		"usage.go":                      {"for one of:", "--policy-out"},
		"../man/cap-audit.8":            {"\nhas it:\n", "\nSee\n"},
		"../completions/cap-audit.bash": {"--emit) mapfile -t COMPREPLY < <(compgen -W '", "'"},
		"../completions/_cap-audit":     {"[print only how to grant the set]:kind:(", ")"},
		"../completions/cap-audit.fish": {" -l emit -x -a '(__cap_audit_plain ", ")'"},
	} {
		text := documented(t, file, between)
		kinds := words.FindAllString(strings.NewReplacer(".Cm ", "", `\-`, "-", "\nor\n", "\n").Replace(text), -1)
		if diff := cmp.Diff(snippets.Kinds, kinds); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// So they do with each format. The manual says of each what it is.
func TestFormatsAreDocumented(t *testing.T) {
	for file, between := range map[string][2]string{
		"usage.go":                      {"--format NAME", "--emit"},
		"../man/cap-audit.8":            {"\n.It Fl Fl format ", "\n.It "},
		"../completions/cap-audit.bash": {"--format) mapfile -t COMPREPLY < <(compgen -W '", "'"},
		"../completions/_cap-audit":     {"[choose the format of the report]:format:(", ")"},
		"../completions/cap-audit.fish": {" -l format -x -a '(__cap_audit_plain ", ")'"},
	} {
		text, word := documented(t, file, between), regexp.MustCompile(`[a-z]+`)
		if strings.HasPrefix(file, "../man/") {
			word = regexp.MustCompile(`(?m)^\.Cm .*`)
		}
		var formats []output.Format
		text = strings.NewReplacer("(default)", "", "with --check", "").Replace(text)
		for _, name := range word.FindAllString(text, -1) {
			name = strings.TrimRight(strings.TrimPrefix(name, ".Cm "), " ,")
			formats = append(formats, output.Format(name))
		}
		if diff := cmp.Diff(output.Formats, formats); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// The manual names all options that --untraced excludes, by the short name where there is one.
func TestExclusionsOfUntracedAreDocumented(t *testing.T) {
	text := documented(t, "../man/cap-audit.8", [2]string{".It Fl Fl untraced\n", ".It "})
	_, text, _ = strings.Cut(text, "\nNot together with\n")
	for _, e := range exclusions {
		if !slices.Contains(e.these, "untraced") {
			continue
		}
		for _, o := range options {
			flag := ".Fl Fl " + o.name()
			if names := o.Names(); len(names) > 1 {
				flag = ".Fl " + names[1]
			}
			named := strings.Contains(text, flag+" ") || strings.Contains(text, flag+"\n")
			if slices.Contains(e.those, o.name()) && !named {
				t.Errorf("not %s", flag)
			}
		}
	}
}

// Standard output, with the report, is no place for anything else.
func TestStandardOutputIsTheReports(t *testing.T) {
	for _, option := range []string{"--policy-out", "--events"} {
		_, _, err := read("-o", "file", option, "-", "true")
		if err == nil || !strings.HasPrefix(err.Error(), option+" -: ") {
			t.Errorf("%s -: %v", option, err)
		}
	}
}

// One file is not for two things.
func TestOneFileForTwoThings(t *testing.T) {
	t.Chdir(t.TempDir())
	scratch.Write(t, "there", "")
	if err := os.Symlink("there", "alias"); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"-o", "x1", "--policy-out", "./x1", "true"},
		{"-o", "x1", "--events", "./x1", "true"}, {"--policy-out", "x1", "--events", "./x1", "true"},
		{"--check", "alias", "--events", "./there", "true"},
		{"--check", "alias", "--policy-out", "./there", "true"}} {
		if _, _, err := read(words...); err == nil || !strings.Contains(err.Error(), "same file") {
			t.Errorf("%q: %v", words, err)
		}
	}
}

// Any words are a command line or an error that is told, and a command's own words
// stay as they are.
func FuzzCommandLine(f *testing.F) {
	for _, words := range []string{"--\x00ping", "-jvo\x00out\x00-d=1.5m\x00x", "--emit\x00rust\x00x",
		"-p\x0042", "--merge\x00a\x00-", "--unit\x00a\x00--restart", "--test=\xff\x1b[2J\x00x", "--backend=x",
		"--no-such\nthing", "-d\x009e999h\x00x", "--as=:\x00x", "--format\x00\u202e\x00x",
		"-fff\x00--\x00-j"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, "\x00")
		l, _, err := read(words...)
		if err != nil {
			if err.Error() == "" { // which is the audited command's failure, and said by none
				t.Errorf("%q: refused without a word", words)
			}
			return
		}
		if l != nil && (l.Duration < 0 || l.UntilIdle < 0 || len(l.Command) > len(words) ||
			!slices.Equal(l.Command, words[len(words)-len(l.Command):])) {
			t.Errorf("%q: %+v", words, l)
		}
	})
}
