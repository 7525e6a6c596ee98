package cli

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is accepted to testdata/options.golden")

// occasion is a command line to which an option can be added.
type occasion struct {
	name          string
	before, after []string
}

var occasions = []occasion{
	{"command", nil, []string{"--", "true"}},
	{"service", []string{"--service", "b.service"}, nil},
	{"unit", []string{"--unit", "b"}, nil},
	{"restart", []string{"--unit", "b", "--restart"}, nil},
	{"pid", []string{"--pid", "2"}, nil},
	{"cgroup", []string{"--cgroup", "/b"}, nil},
	{"each", []string{"--cgroup", "/b", "--each", "--output", "out"}, nil},
	{"in cgroup", []string{"--cgroup", "/b"}, []string{"--", "true"}},
	{"container", []string{"--container", "b"}, nil},
	{"pod", []string{"--pod", "b/c"}, nil},
	{"probe", []string{"--probe"}, nil},
	{"merge", []string{"--merge"}, []string{"--", "one"}},
	{"diff", []string{"--diff"}, []string{"--", "one", "two"}},
	{"static", []string{"--static"}, []string{"--", "one", "two"}},
	{"revert", []string{"--revert-dropin", "--unit", "b"}, nil},
}

// with is the command line with more options, and what these need.
func (o occasion) with(more ...option) []string {
	words := slices.Clone(o.before)
	for _, m := range more {
		for _, n := range needs {
			other := options[slices.IndexFunc(options, func(o option) bool { return o.name() == n.other })]
			if n.option == m.name() && !slices.Contains(words, other.spelt()[0]) {
				words = append(words, other.spelt()...)
			}
		}
		words = append(words, m.spelt()...)
	}
	return append(words, o.after...)
}

// has tells whether the occasion itself has the option.
func (o occasion) has(other option) bool { return slices.Contains(o.before, "--"+other.name()) }

// The golden file is the truth about what goes with what, to be read in a
// review: which options are accepted when, and which of these not together.
func TestWhatGoesWithWhat(t *testing.T) {
	t.Chdir(t.TempDir())
	got := matrix() + "\nOf these not together:\n" + strings.Join(conflicts(), "\n") + "\n"
	t.Chdir(packageDirectory)
	const golden = "testdata/options.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test ./cli -update writes it anew:\n%s", golden, diff)
	}
}

// packageDirectory is where tests begin.
var packageDirectory = func() string { dir, _ := os.Getwd(); return dir }()

func matrix() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-15s", "")
	for _, o := range occasions {
		fmt.Fprintf(&b, " %9s", o.name)
	}
	b.WriteString("\n")
	for _, option := range options {
		if isAbout(option) {
			continue
		}
		fmt.Fprintf(&b, "--%-13s", option.name())
		for _, o := range occasions {
			verdict := "-"
			if _, _, err := read(o.with(option)...); err == nil {
				verdict = "yes"
			}
			if o.has(option) {
				verdict = "."
			}
			fmt.Fprintf(&b, " %9s", verdict)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// conflicts are what is said of two options that go with an occasion each, but
// not both.
func conflicts() []string {
	said := map[string]bool{}
	for _, o := range occasions {
		var fit []option
		for _, option := range options {
			_, isJob := works[job(option.name())] // the matrix has all of that
			_, _, err := read(o.with(option)...)
			if err == nil && !isAbout(option) && !isJob && !o.has(option) {
				fit = append(fit, option)
			}
		}
		for i, a := range fit {
			for _, b := range fit[i+1:] {
				if _, _, err := read(o.with(a, b)...); err != nil {
					said[err.Error()] = true
				}
			}
		}
	}
	var list []string
	for sentence := range said {
		list = append(list, sentence)
	}
	slices.Sort(list)
	return list
}
