// Package completions holds the shells' completion files. Tests that need a
// shell which is not installed skip.
package completions

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/scratch"
)

// files by the shell that reads them.
var files = map[string]string{"bash": "cap-audit.bash", "zsh": "_cap-audit", "fish": "cap-audit.fish"}

// options are those that cli/options.go knows, as one types them, sorted.
func options(t *testing.T) []string {
	t.Helper()
	source := read(t, "../cli/options.go")
	_, rows, found := strings.Cut(source, "var options = []option{")
	rows, _, end := strings.Cut(rows, "\n}\n")
	if !found || !end {
		t.Fatal("cli/options.go: no table of options where it used to be")
	}
	var list []string
	for _, line := range strings.Split(rows, "\n") {
		line, _, _ = strings.Cut(line, "),") // the flag, before what it goes with
		for _, name := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(line, -1) {
			list = append(list, dashed(name[1]))
		}
	}
	slices.Sort(list)
	return list
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSyntax(t *testing.T) {
	for shell, file := range files {
		t.Run(shell, func(t *testing.T) {
			if out, err := exec.Command(find(t, shell), "-n", file).CombinedOutput(); err != nil ||
				len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func find(t *testing.T, shell string) string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skipf("want %s, which is not installed", shell)
	}
	return path
}

// line is one to complete, and what is asked of the answer.
type line struct {
	words []string // the last one is being typed
	want  []string // among the answers
	not   []string
}

// common holds for all shells.
var common = []line{
	{words: []string{"--fol"}, want: []string{"--follow"}, not: []string{"--json"}},
	{words: []string{"-f", "--js"}, want: []string{"--json"}},
	{words: []string{"--backend", ""}, want: []string{"auto", "fentry", "kprobe", "tracepoint"}},
	{words: []string{"--outcomes", ""}, want: []string{"all", "sampled"}},
	{words: []string{"--backend", "f"}, want: []string{"fentry"}, not: []string{"kprobe"}},
	{words: []string{"-o", "report", "--js"}, want: []string{"--json"}},
	{words: []string{"-jo", "report", "--ve"}, want: []string{"--verbose"}},
	{words: []string{"--backend", "kprobe", "--ve"}, want: []string{"--verbose"}},
	{words: []string{"--as-environment", "c"}, want: []string{"caller"}, not: []string{"service"}},
	{words: []string{"--as-environment", "caller", "--fol"}, want: []string{"--follow"}},
	{words: []string{"--as", "roo"}, want: []string{"root"}},
	{words: []string{"--as", "root", "--ve"}, want: []string{"--verbose", "--verify"}},
	{words: []string{"--test", "true", "--js"}, want: []string{"--json"}},
	// the command and what follows it
	{words: []string{"chow"}, want: []string{"chown"}},
	{words: []string{"--", "chow"}, want: []string{"chown"}},
	{words: []string{"-fj", "chow"}, want: []string{"chown"}},
	{words: []string{"-o", "report", "--", "chow"}, want: []string{"chown"}},
	{words: []string{"true", "--fol"}, not: []string{"--follow"}},
	{words: []string{"--", "true", "--backend", ""}, not: []string{"kprobe"}},
	{words: []string{"--", "--fol"}, not: []string{"--follow"}},
}

func check(t *testing.T, lines []line, complete func(words []string) []string) {
	t.Helper()
	for _, l := range lines {
		got := complete(l.words)
		for _, want := range l.want {
			if !slices.Contains(got, want) {
				t.Errorf("%q: %q is missing from %q", l.words, want, got)
			}
		}
		for _, not := range l.not {
			if slices.Contains(got, not) {
				t.Errorf("%q: %q is among %q", l.words, not, got)
			}
		}
	}
}

// named holds for all shells, too, where programs stands for the system's.
var named = []line{
	{words: []string{"--unit", ""}, want: []string{"a.service", "getty@tty1.service"},
		not: []string{"gone.service", "noise"}},
	{words: []string{"--unit", "a"}, want: []string{"a.service"}, not: []string{"getty@tty1.service"}},
	{words: []string{"--unit", "a.service", "--rest"}, want: []string{"--restart"}},
	{words: []string{"--container", ""}, want: containers(), not: []string{"noise"}},
	{words: []string{"--container", "d"}, want: []string{"db"}, not: []string{"web"}},
}

// containers are those that whoever runs the test is offered.
func containers() []string {
	if os.Geteuid() == 0 {
		return []string{"db", "web"}
	}
	return []string{"db"}
}

// programs are a systemctl, podman and docker of the test's own, and what names their
// place in the environment. More of a program stands for what it does first.
func programs(t *testing.T, more map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, says := range map[string]string{
		"systemctl": "a.service loaded active running A b\n" +
			"getty@tty1.service loaded inactive dead C\n" +
			`dev\\x2dx.service loaded active running D` + "\n" +
			"gone.service not-found inactive dead gone.service\n",
		"podman": "web\n",
		"docker": "db\n",
	} {
		file := filepath.Join(dir, name)
		scratch.Write(t, file, "#!/bin/sh\n"+more[name]+"\necho noise >&2\nprintf '"+says+"'\n")
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	socket := scratch.Write(t, filepath.Join(dir, "socket"), "")
	return []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "DOCKER_HOST=unix://" + socket, "HOME=" + dir}
}

// mostPatient is how long a shell may take whose programs do not answer.
const mostPatient = 20 * time.Second

// unanswered has completion go on where programs do not answer, or cannot be asked.
func unanswered(t *testing.T, start func(environ []string) func([]string) []string) {
	t.Helper()
	began := time.Now()
	complete := start(programs(t, map[string]string{"systemctl": "exec sleep 600"}))
	check(t, []line{{words: []string{"--unit", ""}, not: []string{"a.service"}},
		{words: []string{"--unit", "x", "--rest"}, want: []string{"--restart"}}}, complete)
	if took := time.Since(began); took > mostPatient {
		t.Errorf("it took %s", took)
	}
	none := append(programs(t, nil), "DOCKER_HOST=ssh://user@machine")
	check(t, []line{{words: []string{"--container", ""}, not: []string{"db", "noise"}}}, start(none))
}

// inBash completes words with a function of bash-completion's name, if
// wanted, that only says what it was asked.
const inBash = `
[ "$1" = plain ] || eval "$1() { COMPREPLY=(offset \"\$1\"); }"
compopt() { COMPREPLY=(compopt "$@"); }
. ./cap-audit.bash
shift
COMP_WORDS=(cap-audit "$@")
COMP_CWORD=$#
COMP_LINE=${COMP_WORDS[*]}
COMP_POINT=${#COMP_LINE}
COMPREPLY=()
_cap_audit
printf '%s\n' "${COMPREPLY[@]}"
`

// startBash has bash complete words, with that function of bash-completion's.
func startBash(t *testing.T, helper string, environ []string) func([]string) []string {
	bash := find(t, "bash")
	return func(words []string) []string {
		cmd := exec.Command(bash, append([]string{"--norc", "-c", inBash, "bash", helper}, words...)...)
		cmd.Env = append(os.Environ(), environ...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", words, err, out)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
}

func TestBash(t *testing.T) {
	t.Parallel()
	with := func(helper string) func([]string) []string { return startBash(t, helper, programs(t, nil)) }
	check(t, slices.Concat(common, named, []line{
		{words: []string{"--unit", "=", "a"}, want: []string{"a.service"}},
		{words: []string{"--unit", "getty", "@"}, want: []string{"@tty1.service"},
			not: []string{"a.service"}},
		{words: []string{"--unit", "=", "getty", "@", "tt"}, want: []string{"@tty1.service"}},
		// where COMP_WORDBREAKS has no @
		{words: []string{"--unit", "getty@tt"}, want: []string{"getty@tty1.service"}},
		{words: []string{"--unit", "getty", "@", "tty1", "--rest"}, want: []string{"--restart"}},
		{words: []string{"--unit", "dev"}, want: []string{`dev\\x2dx.service`}}, // as the shell reads it
	}), with("plain"))
	unanswered(t, func(environ []string) func([]string) []string { return startBash(t, "plain", environ) })
	readline := []string{"compopt", "-o", "default"}
	check(t, []line{
		{words: []string{"-o", ""}, want: readline},
		{words: []string{"--output", "=", "/et"}, want: readline},
		{words: []string{"./pro"}, want: readline},
		{words: []string{"true", "/et"}, want: readline},
		{words: []string{"--merge", "chow"}, want: readline},
		{words: []string{"-j", "--diff", "old", "chow"}, want: readline},
		{words: []string{"--merge", "--check", "x", "chow"}, want: readline},
		{words: []string{"--backend", "="}, want: []string{"kprobe"}},
		{words: []string{"--backend", "=", "kp"}, want: []string{"kprobe"}},
		{words: []string{"--as", "="}, want: []string{"root"}},
		{words: []string{"--as", "=", "root", ":"}, want: []string{"root"}},
		{words: []string{"--as", "root", ":", "roo"}, want: []string{"root"}},
		{words: []string{"--as", "root", ":", "root", "--js"}, want: []string{"--json"}},
	}, with("plain"))
	offered := with("plain")([]string{"-"})
	slices.Sort(offered)
	if diff := cmp.Diff(append([]string{"--"}, options(t)...), offered); diff != "" {
		t.Errorf("- cli/options.go, + %s:\n%s", files["bash"], diff)
	}
	for _, helper := range []string{"_command_offset", "_comp_command_offset"} {
		check(t, []line{
			{words: []string{"tru"}, want: []string{"offset", "1"}},
			{words: []string{"--", "tru"}, want: []string{"offset", "2"}},
			{words: []string{"--backend", "=", "kprobe", "-f", "--", "true", "-"},
				want: []string{"offset", "6"}},
			{words: []string{"-o", "report", "true", "-o", ""}, want: []string{"offset", "3"}},
		}, with(helper))
	}
}

// startFish has fish complete words; answers are whole, with their descriptions.
func startFish(t *testing.T, environ []string) (complete func([]string) []string,
	answers func([]string) string) {
	fish := find(t, "fish")
	answers = func(words []string) string {
		cmd := exec.Command(fish, "--no-config", "-c",
			"source cap-audit.fish; complete -C 'cap-audit "+strings.Join(words, " ")+"'")
		cmd.Env = append(os.Environ(), environ...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", words, err, out)
		}
		return string(out)
	}
	complete = func(words []string) (list []string) {
		for answer := range strings.Lines(answers(words)) {
			name, _, _ := strings.Cut(strings.TrimSpace(answer), "\t") // then a description
			list = append(list, name)
		}
		return list
	}
	return complete, answers
}

func TestFish(t *testing.T) {
	t.Parallel()
	complete, answers := startFish(t, programs(t, nil))
	check(t, named, complete)
	unanswered(t, func(environ []string) func([]string) []string {
		complete, _ := startFish(t, environ)
		return complete
	})
	// a description is of the option, and says nothing of one of its arguments
	for _, option := range []string{"--unit", "--container", "--as-environment", "--format", "--emit",
		"--backend", "--outcomes"} {
		for answer := range strings.Lines(answers([]string{option, ""})) {
			if _, description, _ := strings.Cut(strings.TrimSuffix(answer, "\n"), "\t"); description != "" {
				t.Errorf("%s: %q", option, answer)
			}
		}
	}
	check(t, common, complete)
	all := options(t)
	check(t, []line{
		{words: []string{"-o", "/et"}, want: []string{"/etc/"}},
		{words: []string{"--output=/et"}, want: []string{"--output=/etc/"}},
		{words: []string{"--merge", "/et"}, want: []string{"/etc/"}},
		{words: []string{"-j", "--diff", "/dev/null", "/et"}, want: []string{"/etc/"}},
		{words: []string{"--merge", "--js"}, want: []string{"--json"}},
		{words: []string{"--backend=k"}, want: []string{"--backend=kprobe"}},
		{words: []string{"-"}, want: all},
	}, complete)
	// nothing that cli/options.go lacks
	for _, option := range complete([]string{"-"}) {
		if !slices.Contains(all, option) {
			t.Errorf("%s offers %s, which cli/options.go does not know", files["fish"], option)
		}
	}
}
