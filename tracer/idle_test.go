package tracer

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Before is_idle() is called, a table is asked whether it looks at the system call. One
// that is missing there would never count as idle.
func TestCallsLookedAt(t *testing.T) {
	raw, err := os.ReadFile("../bpf/idle.bpf.h")
	if err != nil {
		t.Fatal(err)
	}
	between := func(first, last string) string {
		_, after, found := strings.Cut(string(raw), first)
		text, _, ended := strings.Cut(after, last)
		if !found || !ended {
			t.Fatalf("no text between %q and %q", first, last)
		}
		return text
	}
	names := func(pattern, text string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return all
	}
	table := names(`NUMBERED\(word, (NR_\w+)\)`, between("#define CALLS_LOOKED_AT(word)", "static const"))
	cases := names(`case (NR_\w+):`, between("__noinline int is_idle(", "\n}\n"))
	if len(cases) == 0 || !slices.Equal(table, cases) {
		t.Errorf("the table has\n%v\nand is_idle() looks at\n%v", table, cases)
	}
}
