package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is an argument for each option that takes one.
var sample = map[string]string{
	"service": "a.service", "unit": "a", "pid": "1", "cgroup": "/c", "container": "web", "pod": "a/b",
	"as": "nobody", "as-environment": "caller", "duration": "1s", "until-idle": "1s", "test": ":",
	"check":  "chown",
	"output": "out", "format": "yaml", "emit": "c", "policy-out": "policy", "backend": "kprobe",
	"outcomes": "all", "events": "events", "each-depth": "2",
}

// spelt is an option as it is typed.
func (o option) spelt() []string {
	if o.takesArgument() {
		return []string{"--" + o.name(), sample[o.name()]}
	}
	return []string{"--" + o.name()}
}

// completions make a command line of what is none yet.
var completions = [][]string{
	nil, {"--", "true"}, {"--restart"}, {"--restart", "--check", "kill"}, {"--check", "kill"},
	{"--unit", "b"}, {"--unit", "b", "--restart"}, {"--unit", "b", "--restart", "--check", "kill"},
	{"--unit", "b", "--check", "kill"}, {"--check", "kill", "--", "true"},
	{"--merge", "--check", "kill", "--", "one"}, {"--diff", "--", "one", "two"}, {"--static", "--", "one"},
	{"--", "one", "two"},
	{"--each"}, {"--cgroup", "/c"}, {"--cgroup", "/c", "--each"},
	{"--as", "nobody", "--", "true"}, {"--as", "nobody", "--check", "kill", "--", "true"},
}

// Two options work together, and neither is passed over, or one sentence names
// both.
func TestPairsOfOptions(t *testing.T) {
	t.Chdir(t.TempDir())
	worked, refused := 0, 0
	for i, a := range options {
		for _, b := range options[i+1:] {
			if slices.ContainsFunc([]option{a, b}, isAbout) {
				continue
			}
			pair := slices.Concat(a.spelt(), b.spelt())
			said := tryPair(t, a, b)
			switch {
			case said == nil:
				worked++
			case slices.ContainsFunc(said, func(s string) bool { return names(s, a) && names(s, b) }):
				refused++
			default:
				t.Errorf("%q: no sentence names both:\n%s", pair, strings.Join(said, "\n"))
			}
		}
	}
	if worked < 100 || refused < 100 {
		t.Errorf("%d pairs work and %d are refused: that is hardly a test", worked, refused)
	}
}

// isAbout: asked for help or the version, cap-audit looks at nothing else.
func isAbout(o option) bool { return o.name() == "help" || o.name() == "version" }

// tryPair returns nil if a command line with both was taken, else what was
// said of each.
func tryPair(t *testing.T, a, b option) (said []string) {
	t.Helper()
	pair := slices.Concat(a.spelt(), b.spelt())
	for _, completion := range completions {
		if slices.ContainsFunc(completion, func(word string) bool { return slices.Contains(pair, word) }) {
			continue
		}
		both, _, err := read(slices.Concat(pair, completion)...)
		if err != nil {
			said = append(said, err.Error())
			continue
		}
		for _, one := range []option{a, b} {
			alone, _, err := read(slices.Concat(one.spelt(), completion)...)
			if err == nil && !warned(a, b) && cmp.Equal(alone, both, cmp.AllowUnexported(line{})) {
				t.Errorf("%q: of two options --%s alone counts", pair, one.name())
			}
		}
		return nil
	}
	return said
}

// warned: of --json and --yaml the first counts, and a warning says so.
func warned(a, b option) bool { return a.name() == "json" && b.name() == "yaml" }

// names tells whether a sentence names an option, and not only a longer one.
func names(sentence string, o option) bool {
	for _, word := range strings.FieldsFunc(sentence, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z')
	}) {
		if word == "--"+o.name() {
			return true
		}
	}
	return false
}

// Each kind of subject has an option of that name, for an audit.
func TestOptionsForSubjects(t *testing.T) {
	for _, name := range subjects {
		i := slices.IndexFunc(options, func(o option) bool { return o.name() == name })
		if i < 0 || !options[i].takesArgument() || !slices.Contains(options[i].with, auditing) {
			t.Errorf("no option --%s names a subject", name)
		}
	}
}
