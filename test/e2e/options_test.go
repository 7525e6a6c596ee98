package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// option is one with its spellings.
type option struct {
	short, long string
	argument    string // as the help calls it, "" for none
}

// helpOptions are those of --help. "--" alone is not one.
func helpOptions(t *testing.T) []option {
	t.Helper()
	r := finish(t, command(t, capAuditPath, "--help"))
	expression := regexp.MustCompile(`(?m)^  (?:-(\w), |    )--([a-z-]+)( [A-Z]\S*)? `)
	var list []option
	for _, found := range expression.FindAllStringSubmatch(string(r.stdout), -1) {
		list = append(list, option{found[1], found[2], strings.TrimSpace(found[3])})
	}
	if len(list) < 9 {
		t.Fatalf("%d options in the help:\n%s", len(list), r.stdout)
	}
	return list
}

// source reads a file of the tree; a suite that was compiled to run elsewhere
// has none.
func source(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", filepath.FromSlash(name))
	raw, err := os.ReadFile(path)
	if err == nil {
		return string(raw)
	}
	if _, tree := os.Stat(filepath.Join("..", "..", "go.mod")); tree == nil {
		t.Fatal(err)
	}
	t.Skipf("wanted the tree: %v", err)
	return ""
}

// What --help lists, the manual and the completions list, too, and no more.
func TestOptionsAreDocumented(t *testing.T) {
	t.Parallel()
	options := helpOptions(t)
	var long, short []string
	for _, o := range options {
		long = append(long, o.long)
		if o.short != "" {
			short = append(short, o.short)
		}
	}
	slices.Sort(long)
	slices.Sort(short)
	for _, test := range []struct {
		file        string
		within      string // expression for the parts of the file that list options
		long, short string // expressions for the options in there
	}{
		{"man/cap-audit.8", `^\.It Fl .*`, `Fl Fl ([a-z-]+)`, `Fl (\w)(?: |$)`},
		{"completions/cap-audit.bash", `'-\w --[^']*'`, `--([a-z]+(?:-[a-z]+)*)`, `['\s]-(\w)\s`},
		{"completions/_cap-audit", `^\t'[(-].*`, `--([a-z]+(?:-[a-z]+)*)`, `\{-(\w),`},
		{"completions/cap-audit.fish", `^complete .* -d .*`, ` -l ([a-z-]+)`, ` -s (\w) `},
	} {
		t.Run(filepath.Base(test.file), func(t *testing.T) {
			text := strings.Join(regexp.MustCompile("(?m)"+test.within).FindAllString(source(t, test.file),
				-1), "\n")
			if diff := cmp.Diff(long, findAll(text, test.long)); diff != "" {
				t.Errorf("long options (-help +%s):\n%s", test.file, diff)
			}
			got := findAll(text, test.short)
			if diff := cmp.Diff(short, got); diff != "" {
				t.Errorf("short options (-help +%s):\n%s", test.file, diff)
			}
		})
	}
}

// findAll are the distinct first submatches, sorted.
func findAll(text, expression string) []string {
	var all []string
	for _, found := range regexp.MustCompile("(?m)"+expression).FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// uses has a command line for each option of the help that is not just put
// before a command.
func uses(t *testing.T) map[string][]string {
	file := filepath.Join(t.TempDir(), "file")
	earlier := filepath.Join(t.TempDir(), "report.json")
	if r := finish(t, capAudit(t, "-j", "-o", earlier, "--", "true")); r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	return map[string][]string{
		"help":     {},
		"version":  {},
		"probe":    {},
		"static":   {capAuditPath},
		"output":   {file, "--", "true"},
		"as":       {fmt.Sprint(nobody), "--", "true"},
		"test":     {"true", "--", "true"},
		"backend":  {"auto", "--", "true"},
		"outcomes": {"all", "--", "true"},
		"format":   {"json", "--", "true"},
		"service":  {unitFile(t, filepath.Dir(file), "used.service", "ExecStart=SHOW exit 0")},

		"pid":          {fmt.Sprint(os.Getpid()), "--duration", "0.1s"},
		"cgroup":       {"/", "--", "true"},
		"duration":     {"0.1s", "--", "sleep", "60"},
		"until-idle":   {"0.1s", "--", "sleep", "60"},
		"check":        {"none", "--", "true"},
		"check-unused": {"--check", "none", "--", "true"},
		"policy-out":   {file, "--", "true"},
		"events":       {file, "--", "true"},
		"merge":        {earlier},
		"diff":         {earlier, earlier},
		"emit":         {"systemd", "--", "true"},

		"as-environment": {"caller", "--as", fmt.Sprint(nobody), "--", "true"},
	}
}

// ofServices are options that want systemd as the first process: they have their
// uses in test/services.
var ofServices = []string{"unit", "restart", "write-dropin", "revert-dropin"}

// ofContainers are options that want a container: TestContainer and TestPods use them.
var ofContainers = []string{"container", "pod"}

// ofGroups are options that want control groups below one: TestEach uses them.
var ofGroups = []string{"each", "each-depth"}

// Every option of the help is taken by the program.
func TestOptionsWork(t *testing.T) {
	t.Parallel()
	uses := uses(t)
	for _, o := range helpOptions(t) {
		if slices.Contains(slices.Concat(ofServices, ofContainers, ofGroups), o.long) {
			continue
		}
		arguments, ok := uses[o.long]
		if !ok {
			if o.argument != "" {
				t.Errorf("--%s takes a %s, and this test has no use of it", o.long, o.argument)
				continue
			}
			arguments = []string{"--", "true"}
		}
		spellings := []string{"--" + o.long}
		if o.short != "" {
			spellings = append(spellings, "-"+o.short)
		}
		for _, spelling := range spellings {
			line := append([]string{spelling}, arguments...)
			if r := finish(t, command(t, capAuditPath, line...)); r.status != 0 ||
				strings.Contains(string(r.stderr), "Error") {
				t.Errorf("%q: status %d: %s", line, r.status, r.stderr)
			}
		}
	}
}
