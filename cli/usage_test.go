package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every option is in the usage text, and no other.
func TestUsageNamesEveryOption(t *testing.T) {
	var known []string
	for _, flag := range newApp(nil).Flags {
		for _, name := range flag.Names() {
			known = append(known, dashed(name))
		}
	}
	known = append(known, "--") // not a flag
	slices.Sort(known)

	_, list, _ := strings.Cut(usage, "\nWhat to audit:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var told []string
	for _, line := range strings.Split(list, "\n") {
		// "  -f, --follow   wait" or "      --as USER"; deeper lines go on with prose
		if m := regexp.MustCompile(`^ {2,6}(-\S*?)(?:, (-\S+))?( |$)`).FindStringSubmatch(line); m != nil {
			told = append(told, slices.DeleteFunc(m[1:3], func(s string) bool { return s == "" })...)
		}
	}
	slices.Sort(told)
	if diff := cmp.Diff(known, told); diff != "" {
		t.Errorf("options (-known +in the usage):\n%s", diff)
	}
}

func TestUsageFitsATerminal(t *testing.T) {
	for _, line := range strings.Split(usage, "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}
