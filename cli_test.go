package main

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/cap-audit/cap-audit/report/snippets"
	"github.com/cap-audit/cap-audit/tracer"
)

// parse reads a command line as main does and stops where an audit would begin.
// cfg is nil when something else was asked for than an audit or a probe.
func parse(args ...string) (cfg *config, stdout string, err error) {
	var out bytes.Buffer
	app := newApp()
	app.Writer = &out
	app.Action = func(c *cli.Context) (err error) {
		cfg, err = parseConfig(c)
		return err
	}
	err = app.Run(append([]string{"cap-audit"}, args...))
	return cfg, out.String(), err
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

func TestCommandLines(t *testing.T) {
	command := []string{"ping", "-c", "1"}
	for line, want := range map[string]config{
		"ping -c 1":                         {},
		"-- ping -c 1":                      {},
		"-v ping -c 1":                      {verbose: true},
		"-v -- ping -c 1":                   {verbose: true},
		"--verbose --follow ping -c 1":      {verbose: true, follow: true},
		"-f ping -c 1":                      {follow: true},
		"-j ping -c 1":                      {format: formatJSON},
		"--json -- ping -c 1":               {format: formatJSON},
		"-y ping -c 1":                      {format: formatYAML},
		"--yaml ping -c 1":                  {format: formatYAML},
		"-jv ping -c 1":                     {format: formatJSON, verbose: true},
		"-vfy -- ping -c 1":                 {format: formatYAML, verbose: true, follow: true},
		"-o out ping -c 1":                  {output: "out"},
		"--output out -- ping -c 1":         {output: "out"},
		"--output=out ping -c 1":            {output: "out"},
		"-o=out ping -c 1":                  {output: "out"},
		"-jo out ping -c 1":                 {format: formatJSON, output: "out"},
		"-o - ping -c 1":                    {output: "-"},
		"-json ping -c 1":                   {format: formatJSON},
		"--as nobody ping -c 1":             {as: "nobody"},
		"--as=nobody:adm ping -c 1":         {as: "nobody:adm"},
		"--verify ping -c 1":                {verify: true},
		"--minimize -f ping -c 1":           {minimize: true, follow: true},
		"--verify --minimize -- ping -c 1":  {verify: true, minimize: true},
		"--test true ping -c 1":             {test: "true"},
		"--backend auto ping -c 1":          {},
		"--backend kprobe ping -c 1":        {backends: []tracer.Backend{tracer.Kprobe}},
		"--backend=tracepoint -v ping -c 1": {verbose: true, backends: []tracer.Backend{tracer.Tracepoint}},
		"--verbose=false ping -c 1":         {},

		"-s a.service -- ping -c 1":            {service: "a.service"},
		"--cgroup /c ping -c 1":                {cgroup: "/c"},
		"--if-possible --propagate ping -c 1":  {ifPossible: true, propagate: true},
		"-d 90 --until-idle 1.5m ping -c 1":    {duration: 90 * time.Second, untilIdle: 90 * time.Second},
		"--check a,b --check-unused ping -c 1": {check: "a,b", checkUnused: true},
		"--format text ping -c 1":              {},
		"--format junit ping -c 1":             {format: formatJUnit},
		"--emit rust ping -c 1":                {format: formatSnippet, emit: "rust"},
		"--policy-out p --json ping -c 1":      {format: formatJSON, policyOut: "p"},
		"--unit a --restart --write-dropin": {unit: "a", restart: true, writeDropin: true,
			command: []string{}},
		"--unit a --revert-dropin":    {unit: "a", job: jobRevert, command: []string{}},
		"-p 42 -d 1h":                 {pid: 42, duration: time.Hour, command: []string{}},
		"--cgroup /c":                 {cgroup: "/c", command: []string{}},
		"--container web --test true": {container: "web", test: "true", command: []string{}},
		"-s a.service --verify":       {service: "a.service", verify: true, command: []string{}},
		"--merge -j ping -c 1":        {job: jobMerge, format: formatJSON},
		"--diff old new":              {job: jobDiff, command: []string{"old", "new"}},
	} {
		t.Run(line, func(t *testing.T) {
			if want.command == nil {
				want.command = command
			}
			if want.format == "" {
				want.format = formatText
			}
			if want.backends == nil {
				want.backends = auto(t)
			}
			got, stdout, err := parse(strings.Fields(line)...)
			if err != nil || stdout != "" {
				t.Fatalf("%v, printed %q", err, stdout)
			}
			if diff := cmp.Diff(&want, got, cmp.AllowUnexported(config{})); diff != "" {
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
			cfg, stdout, err := parse(append(before, command...)...)
			if err != nil || stdout != "" || cfg == nil {
				t.Errorf("%q %q: %v, printed %q", before, command, err, stdout)
				continue
			}
			if diff := cmp.Diff(command, cfg.command); diff != "" {
				t.Errorf("%q: command (-given +audited):\n%s", before, diff)
			}
		}
	}
	// what looks like an option is a command after --
	for _, command := range []string{"-v", "--help", "-", "--", "-x"} {
		cfg, _, err := parse("--", command)
		if err != nil || cfg == nil || len(cfg.command) != 1 || cfg.command[0] != command {
			t.Errorf("-- %s: %+v, %v", command, cfg, err)
		}
	}
}

func TestProbeCommandLines(t *testing.T) {
	for line, want := range map[string]config{
		"--probe":                  {backends: auto(t)},
		"--probe -j":               {format: formatJSON, backends: auto(t)},
		"--yaml --probe":           {format: formatYAML, backends: auto(t)},
		"--probe --backend fentry": {backends: []tracer.Backend{tracer.Fentry}},
		"--probe --":               {backends: auto(t)},
	} {
		got, _, err := parse(strings.Fields(line)...)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		want.job, want.command = jobProbe, []string{}
		if want.format == "" {
			want.format = formatText
		}
		if diff := cmp.Diff(&want, got, cmp.AllowUnexported(config{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	const usageHint = "see cap-audit --help"
	for name, c := range map[string]struct {
		args []string
		want []string // in the error
	}{
		"nothing":                      {nil, []string{"no command", usageHint}},
		"only the end of options":      {[]string{"--"}, []string{"no command", usageHint}},
		"options and no command":       {[]string{"-v", "-j"}, []string{"no command", usageHint}},
		"JSON and YAML":                {[]string{"-j", "-y", "true"}, []string{"--json", "--yaml", "exclude"}},
		"both in one word":             {[]string{"-jy", "true"}, []string{"--json", "--yaml", "exclude"}},
		"both with a probe":            {[]string{"--probe", "-jy"}, []string{"--json", "--yaml", "exclude"}},
		"an unknown option":            {[]string{"--frobnicate", "true"}, []string{"frobnicate", usageHint}},
		"an unknown letter":            {[]string{"-x", "true"}, []string{"-x", usageHint}},
		"an unknown letter among some": {[]string{"-vxj", "true"}, []string{"x", usageHint}},
		"no file":                      {[]string{"-o"}, []string{"-o", usageHint}},
		"no account":                   {[]string{"--as"}, []string{"-as", usageHint}},
		"an empty file":                {[]string{"-o", "", "true"}, []string{"--output", "empty"}},
		"an empty file, assigned":      {[]string{"--output=", "true"}, []string{"--output", "empty"}},
		"an empty account":             {[]string{"--as", "", "true"}, []string{"--as", "empty"}},
		"an empty test":                {[]string{"--test=", "true"}, []string{"--test", "empty"}},
		"no truth value":               {[]string{"--json=maybe", "true"}, []string{"maybe", usageHint}},
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
		"two subjects":             {[]string{"--unit", "a", "-p", "1"}, []string{"--unit", "--pid", "exclude"}},
		"a unit and a command":     {[]string{"--unit", "a", "true"}, []string{"--unit", "no command"}},
		"a container that is verified": {[]string{"--container", "a", "--verify"},
			[]string{"--verify", "--container"}},
		"a group that is followed": {[]string{"--cgroup", "/c", "-f"}, []string{"--follow", "--cgroup"}},
		"a process that is none":   {[]string{"-p", "-1"}, []string{"--pid", "-1", "positive"}},
		"a process by name":        {[]string{"--pid", "sshd"}, []string{"--pid", "sshd", "positive"}},
		"no time":                  {[]string{"-d", "soon", "true"}, []string{"--duration", "soon", "90s"}},
		"no time at all":           {[]string{"-d", "0", "true"}, []string{"--duration", "90s"}},
		"less than no time":        {[]string{"--until-idle", "-3s", "true"}, []string{"--until-idle", "-3s"}},
		"an endless time":          {[]string{"-d", "1e300", "true"}, []string{"--duration", "1e300"}},
		"an unknown format":        {[]string{"--format", "xml", "true"}, []string{"--format", "xml", "junit"}},
		"an unknown kind":          {[]string{"--emit", "basic", "true"}, []string{"--emit", "basic", "quadlet"}},
		"a format and JSON": {[]string{"-j", "--format", "text", "true"},
			[]string{"--json", "--format", "exclude"}},
		"a snippet and YAML": {[]string{"-y", "--emit", "c", "true"},
			[]string{"--yaml", "--emit", "exclude"}},
		"a restart of nothing":  {[]string{"--restart", "true"}, []string{"--restart", "--unit"}},
		"a drop-in for nothing": {[]string{"--write-dropin", "true"}, []string{"--write-dropin", "--unit"}},
		"nothing to revert":     {[]string{"--revert-dropin"}, []string{"--revert-dropin", "--unit"}},
		"revert and write": {[]string{"--revert-dropin", "--write-dropin", "--unit", "a"},
			[]string{"--revert-dropin", "alone"}},
		"an account and a service": {[]string{"--as", "a", "-s", "a.service"},
			[]string{"--as", "--service", "User="}},
		"unused of nothing":     {[]string{"--check-unused", "true"}, []string{"--check-unused", "--check"}},
		"nothing to merge":      {[]string{"--merge"}, []string{"--merge", "standard input"}},
		"a merge that watches":  {[]string{"--merge", "--pid", "1", "a"}, []string{"--merge", "--pid"}},
		"one report to compare": {[]string{"--diff", "a"}, []string{"--diff", "two"}},
		"a merge and a diff":    {[]string{"--diff", "--merge", "a", "b"}, []string{"exclude"}},
		"a probe with JUnit":    {[]string{"--probe", "--format", "junit"}, []string{"--probe", "junit"}},
		"not an option of the old one": {[]string{"--generate-bash-completion"},
			[]string{"generate-bash-completion", usageHint}},
	} {
		t.Run(name, func(t *testing.T) {
			_, stdout, err := parse(c.args...)
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
			if exitStatus(err) != 1 {
				t.Errorf("exit status %d", exitStatus(err))
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-v", "-h"}, {"-vh"}, {"--help", "ping"},
		{"-h", "--"}} {
		var out bytes.Buffer
		app := newApp() // its own action: this one runs nothing
		app.Writer = &out
		if err := app.Run(append([]string{"cap-audit"}, args...)); err != nil || out.String() != usage {
			t.Errorf("%q: %v, printed %q", args, err, out.String())
		}
	}
}

func TestWhereProgressGoes(t *testing.T) {
	for name, c := range map[string]struct {
		config config
		want   *os.File
	}{
		"before a text":                  {config{format: formatText}, os.Stdout},
		"while a file gets the text":     {config{output: "out"}, os.Stdout},
		"not before a document":          {config{format: formatJSON}, os.Stderr},
		"not before one in YAML":         {config{format: formatYAML}, os.Stderr},
		"while a file gets the document": {config{format: formatJSON, output: "out"}, os.Stdout},
	} {
		if got := c.config.humans(); got != c.want {
			t.Errorf("%s: %s", name, got.Name())
		}
	}
}

// The help, the manual and the completions name each kind of snippet, and no
// other, in one order.
func TestKindsAreDocumented(t *testing.T) {
	words := regexp.MustCompile(`[a-z]+`)
	for file, between := range map[string][2]string{
		"cli.go":                     {"for one of:", "--policy-out"},
		"man/cap-audit.8":            {"\nhas it:\n", "\nSee\n"},
		"completions/cap-audit.bash": {"--emit) mapfile -t COMPREPLY < <(compgen -W '", "'"},
		"completions/_cap-audit":     {"[print only how to grant the set]:kind:(", ")"},
		"completions/cap-audit.fish": {" -l emit -x -a '", "'"},
	} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, text, found := strings.Cut(string(raw), between[0])
		text, _, ends := strings.Cut(text, between[1])
		if !found || !ends {
			t.Errorf("%s: no list of kinds between %q and %q", file, between[0], between[1])
			continue
		}
		kinds := words.FindAllString(strings.NewReplacer(".Cm ", "", "\nor\n", "\n").Replace(text), -1)
		if diff := cmp.Diff(snippets.Kinds, kinds); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

// However they are spelt, two names of one file are one.
func TestSameFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "there", "")
	write(t, "other", "")
	if err := errors.Join(os.Mkdir("folder", 0o755), os.Symlink("folder", "link"),
		os.Symlink("there", "alias"), os.Link("there", "hard")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"x1", "./x1", true},
		{"x1", dir + "/x1", true},
		{"folder/../x1", "x1", true},
		{"folder/x1", "link/x1", true},
		{"there", "alias", true},
		{"there", "hard", true},
		{"nowhere/x1", "./nowhere//x1", true},
		{"x1", "x2", false},
		{"there", "other", false},
		{"folder/x1", "x1", false},
		{"", "", false},
		{"x1", "", false},
	} {
		if sameFile(c.a, c.b) != c.same || sameFile(c.b, c.a) != c.same {
			t.Errorf("%q and %q: want %t", c.a, c.b, c.same)
		}
	}
	for _, line := range [][]string{{"-o", "x1", "--policy-out", "./x1", "true"},
		{"--check", "alias", "--policy-out", "./there", "true"}} {
		if _, _, err := parse(line...); err == nil || !strings.Contains(err.Error(), "same file") {
			t.Errorf("%q: %v", line, err)
		}
	}
}
