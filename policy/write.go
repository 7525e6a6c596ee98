package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// maxReasons bounds the system calls and the programs that are named for one
// capability.
const maxReasons = 6

// Write is the policy that a run satisfies, as a file that is reviewed and kept
// in a repository: two runs that needed the same for the same reasons give the
// same bytes.
func Write(f *audit.Findings) []byte {
	var b bytes.Buffer
	subject := comment(f.Application.Path)
	if f.Application.Path == "" {
		subject = "several programs"
	}
	fmt.Fprintf(&b, "# What %s needs of the Linux capabilities, as cap-audit saw it.\n", subject)
	if f.RunAs != "" {
		fmt.Fprintf(&b, "# It ran as %s.\n", comment(f.RunAs))
	}
	if f.Untraced() {
		b.WriteString("# Found by repetitions, without tracing.\n")
	}
	if f.Unsure() != "" {
		b.WriteString("# The recording was not complete: it may need more.\n")
	}
	if f.Unbegun() != "" {
		b.WriteString("# Its start was not seen: it may need more for that.\n")
	}
	b.WriteString("# cap-audit --check FILE compares a run with it.\n")
	fmt.Fprintf(&b, "%s: %d\n", keyVersion, Version)
	set := capng.Numbers(f.Recommended())
	if len(set) == 0 {
		fmt.Fprintf(&b, "%s: []\n", keyCapabilities)
		return b.Bytes()
	}
	fmt.Fprintf(&b, "%s:\n", keyCapabilities)
	for _, n := range set {
		for _, reason := range reasons(f, n) {
			fmt.Fprintf(&b, "  # %s\n", reason)
		}
		fmt.Fprintf(&b, "  - %s\n", capng.Name(n))
	}
	return b.Bytes()
}

// reasons say why capability n is in the policy. No kernel functions: their
// names differ between kernels, and which of them are seen can depend on
// chance.
func reasons(f *audit.Findings, n int) []string {
	var list []string
	for _, l := range f.Lessers() {
		if l.Enough == n {
			list = append(reasons(f, l.Asked), "in place of "+capng.Name(l.Asked)+", which the kernel asks "+
				"for first")
		}
	}
	for _, c := range f.Required {
		if c.Number == n && c.ByRepetition() {
			list = append(list, "without it the program did not behave the same")
		} else if c.Number == n {
			calls := []string{c.Syscall.Name}
			for _, s := range c.CallSites {
				if s.Advisory == "" {
					calls = append(calls, s.Syscall.Name)
				}
			}
			list = append(list, "used in "+some(calls))
		}
	}
	for _, c := range f.CapsetOnly {
		if c.Number == n {
			list = append(list, "not used, but asked for by capset")
		}
	}
	var programs []string
	for _, p := range f.Programs {
		if slices.Contains(p.Needs, n) {
			programs = append(programs, p.Path)
		}
	}
	if len(programs) > 0 {
		list = append(list, "by "+some(programs))
	}
	return list
}

// some joins words that are not there twice, in order, the first few of them.
func some(words []string) string {
	words = slices.Compact(slices.Sorted(slices.Values(words)))
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	more := ""
	if len(words) > maxReasons {
		more = fmt.Sprintf(" and %d more", len(words)-maxReasons)
		words = words[:maxReasons]
	}
	for i, w := range words {
		words[i] = comment(w)
	}
	return strings.Join(words, ", ") + more
}

// comment is s in a comment of YAML: on one line, and printable.
func comment(s string) string {
	quoted := strconv.Quote(s)
	if quoted[1:len(quoted)-1] == s {
		return s
	}
	return quoted
}
