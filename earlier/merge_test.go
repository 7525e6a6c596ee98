package earlier

import (
	"slices"
	"strings"
	"testing"
)

// A list of any bytes names files that can be, in its order, or says why it is none.
func FuzzReportNames(f *testing.F) {
	for _, list := range []string{"", "a.json\nb.json\n", "\n\n", "a\r\n", "-\n", "\xff\x00",
		strings.Repeat("x", maxName), strings.Repeat("x", maxName+1),
		"a\n" + strings.Repeat("y", 2*maxName)} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		var names []string
		var failed error
		for name, err := range reportNames([]string{"first", "-", "last"}, strings.NewReader(list)) {
			if failed = err; err == nil {
				names = append(names, name)
			}
		}
		longest := 0
		want := []string{"first"}
		for line := range strings.SplitSeq(list, "\n") {
			longest = max(longest, len(line))
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				want = append(want, line)
			}
		}
		if failed != nil {
			if longest < maxName || !slices.Equal(names, want[:min(len(names), len(want))]) {
				t.Errorf("%q, then %v", names, failed)
			}
			return
		}
		if want = append(want, "last"); !slices.Equal(names, want) || longest > maxName+1 {
			t.Errorf("%q, want %q", names, want)
		}
	})
}
