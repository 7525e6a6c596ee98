package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/cap-audit/cap-audit/report/snippets"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// pageTemplate is the page. What a template cannot say in a word is made in the functions below it.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"shown": printable, "frame": frameText, "inCall": inSyscall,
		"shownLines": shownLines, "needs": needs, "sentence": sentence,
		"checks": func(n uint64) string { return count(n, "check", "checks") },
		"name":   Program.name, "says": Program.says, "need": Program.needs,
	}).Parse(pageText))
})

// htmlPage is what the page shows, in its order.
type htmlPage struct {
	Style template.CSS
	// Allowed is the Content-Security-Policy: its own style, and nothing from anywhere.
	Allowed string

	Title    string
	Answer   string
	Failure  string
	Verdict  *htmlVerdict
	Facts    []fact
	Classes  []htmlClass
	Timeline *timeline
	Sections []htmlSection
	Anchors  map[string]bool
	Trees    []branch
	Bare     uint64
	Trust    []string
	Snippets []snippets.Snippet
	Exposure string
	Host     []fact
}

// fact is a line of a table: printable.
type fact struct{ Name, Value string }

type htmlVerdict struct {
	Met        bool
	Text       string
	Violations []Violation
}

// WriteHTML writes the document as one page that needs nothing else: no script, no other file. Its error
// is w's.
func WriteHTML(w io.Writer, d *Document) error {
	sum := sha256.Sum256([]byte(pageStyle))
	trees, bare := d.trees()
	sections := d.htmlSections()
	page := htmlPage{
		Style: template.CSS(pageStyle),
		Allowed: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'",

		Title:    d.subject(),
		Answer:   d.answer(),
		Failure:  d.failure(),
		Verdict:  d.htmlVerdict(),
		Facts:    d.facts(),
		Classes:  d.htmlClasses(),
		Timeline: d.timeline(),
		Sections: sections,
		Anchors:  anchors(sections),
		Trees:    trees,
		Bare:     bare,
		Trust:    slices.Concat(d.caveats(), d.gaps(), d.codeRemarks()),
		Exposure: d.Exposure.words(),
		Host:     d.SystemContext.settings(),
	}
	if !d.unknown() {
		page.Snippets = snippets.Fitting(d.advice)
	}
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, page); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (d *Document) htmlVerdict() *htmlVerdict {
	p := d.Policy
	switch {
	case p == nil:
		return nil
	case !p.Met:
		return &htmlVerdict{Violations: d.Violations(),
			Text: "It does not fit the policy " + printable(p.Policy) + ": " + p.Summary() + "."}
	case !p.Sure:
		return &htmlVerdict{Text: "It is not known whether it fits the policy " + printable(p.Policy) + ": " +
			printable(*p.Unsure) + "."}
	}
	return &htmlVerdict{Met: true, Text: "It fits the policy " + printable(p.Policy) + "."}
}

// shownLines are lines of ours with the program's path in them.
func shownLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, "\t", "    ")
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// frameText is a frame as debuggers write it.
func frameText(f Frame) string {
	module := path.Base(orEmpty(f.Module))
	switch {
	case f.Module == nil:
		return fmt.Sprintf("%#x, in no file", f.Offset)
	case f.Function == nil:
		return printable(fmt.Sprintf("%s+%#x", module, f.Offset))
	}
	return printable(fmt.Sprintf("%s+%#x in %s", *f.Function, f.Offset, module))
}
