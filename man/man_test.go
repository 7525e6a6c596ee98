// Package man holds the manual page.
package man

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const page = "cap-audit.8"

func TestLint(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("want mandoc, which is not installed")
	}
	out, _ := exec.Command(mandoc, "-T", "lint", "-W", "style", page).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		// mandoc's data base of pages is a matter of the machine
		if !strings.Contains(line, "mandoc.db") && !strings.Contains(line, "referenced manual not found") {
			t.Error(strings.TrimSpace(line))
		}
	}
}

// Every option of the usage text is in OPTIONS, and no other.
func TestOptions(t *testing.T) {
	usage := cut(t, read(t, "../cli/usage.go"), "\nWhat to audit:\n", "\n\n")
	var want []string
	for line := range strings.Lines(usage) {
		// up to two columns of the left half: "  -f, --follow   wait …"
		left, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		for _, option := range regexp.MustCompile(`(?:^|, )(--?[\w-]*)`).FindAllStringSubmatch(left, -1) {
			want = append(want, option[1])
		}
	}
	slices.Sort(want)

	section := cut(t, read(t, page), "\n.Sh OPTIONS\n", "\n.Sh ")
	var got []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, ".It Fl ") {
			continue
		}
		for _, option := range regexp.MustCompile(`Fl (Fl )?(\S+)`).FindAllStringSubmatch(line, -1) {
			name := "-" + strings.TrimPrefix(option[2], `\&`)
			if option[1] != "" {
				name = "-" + name
			}
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- usage, + %s:\n%s", page, diff)
	}
	if len(want) < 10 {
		t.Errorf("only %q in the usage text", want)
	}
}

// Every key of a document is explained.
func TestKeys(t *testing.T) {
	section := cut(t, read(t, page), "\n.Ss Keys of the documents\n", "\n.Sh ")
	for _, key := range regexp.MustCompile("(?m)^\t[A-Z]\\w*\\s+\\S+\\s+`json:\"(\\w+)").
		FindAllStringSubmatch(cut(t, read(t, "../report/document.go"), "type Document struct {", "\n}"), -1) {
		if !regexp.MustCompile(`(?m)^\.It Cm .*\b` + key[1] + `\b`).MatchString(section) {
			t.Errorf("%s says nothing about the key %s", page, key[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func cut(t *testing.T, s, after, before string) string {
	t.Helper()
	_, s, found := strings.Cut(s, after)
	s, _, end := strings.Cut(s, before)
	if !found || !end {
		t.Fatalf("no text between %q and %q", after, before)
	}
	return s
}
