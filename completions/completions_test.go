// Package completions holds the shells' completion files. Tests that need a
// shell which is not installed skip.
package completions

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// The zsh file is read as text, because completion there needs a terminal.
func TestZshKnowsEveryOption(t *testing.T) {
	var got []string
	for _, line := range strings.Split(read(t, files["zsh"]), "\n") {
		if !strings.HasPrefix(line, "\t'(") && !strings.HasPrefix(line, "\t'-") {
			continue
		}
		line = regexp.MustCompile(`^\t'\([^)]*\)`).ReplaceAllString(line, "") // what excludes it
		spec, _, _ := strings.Cut(line, "[")
		got = append(got, regexp.MustCompile(`-[\w-]+`).FindAllString(spec, -1)...)
	}
	slices.Sort(got)
	if diff := cmp.Diff(options(t), got); diff != "" {
		t.Errorf("- cli/options.go, + %s:\n%s", files["zsh"], diff)
	}
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

// common holds for bash and fish alike.
var common = []line{
	{words: []string{"--fol"}, want: []string{"--follow"}, not: []string{"--json"}},
	{words: []string{"-f", "--js"}, want: []string{"--json"}},
	{words: []string{"--backend", ""}, want: []string{"auto", "fentry", "kprobe", "tracepoint"}},
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

func TestBash(t *testing.T) {
	bash := find(t, "bash")
	with := func(helper string) func([]string) []string {
		return func(words []string) []string {
			cmd := exec.Command(bash, append([]string{"--norc", "-c", inBash, "bash", helper}, words...)...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%q: %v\n%s", words, err, out)
			}
			return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		}
	}
	check(t, common, with("plain"))
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

func TestFish(t *testing.T) {
	fish := find(t, "fish")
	complete := func(words []string) []string {
		cmd := exec.Command(fish, "--no-config", "-c",
			"source cap-audit.fish; complete -C 'cap-audit "+strings.Join(words, " ")+"'")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", words, err, out)
		}
		var list []string
		for answer := range strings.Lines(string(out)) {
			name, _, _ := strings.Cut(strings.TrimSpace(answer), "\t") // then a description
			list = append(list, name)
		}
		return list
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
