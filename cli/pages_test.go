package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shown finds the command lines of cap-audit that a page shows: in indented blocks,
// with what goes before them, and in spans of code.
var (
	shown = regexp.MustCompile("(?m)" +
		"(?:^(?: {4}|\t|\\.Dl |[#$] )(?:.*?[ (])??|`|^\\.Ql )(cap-audit -[^`\n]*)")
	quoted   = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	afterIt  = regexp.MustCompile(` [#|<>&;].*| [12]>.*|\).*`)
	unroffed = strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\&`, "", `\e`+"\n", "", "\\\n", "")
)

// Each command line that a page shows has options that there are and that go
// together, also where the end-to-end suite cannot run it.
func TestCommandLinesOfPages(t *testing.T) {
	pages := []string{"../README.md", "../CONTRIBUTING.md", "../man/cap-audit.8"}
	for _, pattern := range []string{"../docs/*.md", "../docs/*/*.md", "../packaging/*.md",
		"../packaging/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		pages = append(pages, found...)
	}
	lines := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shown.FindAllStringSubmatch(unroffed.Replace(string(text)), -1) {
			words := strings.Fields(afterIt.ReplaceAllString(quoted.ReplaceAllString(m[1], "quoted"), ""))
			if slices.Contains(words, "...") {
				continue
			}
			lines++
			if _, _, err := read(words[1:]...); err != nil {
				t.Errorf("%s: %s: %v", page, m[1], err)
			}
		}
	}
	if lines < 40 {
		t.Errorf("%d command lines: where are the others?", lines)
	}
}
