package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/capng"
)

// WriteMarkdown writes for a README what the program needs: a table as GitHub and GitLab read it, with
// a row for each capability, and below it how far to trust that. Its error is w's.
func WriteMarkdown(w io.Writer, d *Document) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Linux capabilities of %s\n\n", codeSpan(d.subject()))
	if len(d.Recommended) == 0 {
		fmt.Fprintf(&b, "%s\n", prose(d.grant()))
	} else {
		d.markdownTable(&b)
	}
	seen := fmt.Sprintf("Seen by cap-audit %s on Linux %s.", d.Tool.Version, d.SystemContext.KernelVersion)
	fmt.Fprintf(&b, "\n%s\n", prose(strings.Join(append([]string{seen}, d.markdownRest()...), " ")))
	for i, doubt := range d.Doubts() {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", prose(doubt))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d *Document) markdownTable(b *strings.Builder) {
	b.WriteString("| Capability | Needed for | Without it |\n|---|---|---|\n")
	for _, name := range d.Recommended {
		n, _ := capng.Number(name) // names are capng's here
		fmt.Fprintf(b, "| %s | %s | %s |\n", codeSpan(capng.Constant(n)),
			strings.Join(d.neededFor(name), "<br>"), strings.Join(d.withoutIt(name), "<br>"))
	}
}

// neededFor are the objects that a capability was asked for, or else what asked.
func (d *Document) neededFor(name string) []string {
	asked := []string{name}
	for _, l := range d.lessers {
		if capng.Name(l.Enough) == name {
			asked = append(asked, capng.Name(l.Asked))
		}
	}
	var objects, calls []string
	for _, name := range asked {
		for _, line := range d.whatFor(name) {
			objects = append(objects, codeSpan(strings.TrimPrefix(line, "for ")))
		}
		for _, line := range d.whyAsked(name) {
			calls = append(calls, prose(strings.TrimPrefix(line, "used in ")))
		}
	}
	if len(objects) > 0 {
		return slices.Compact(objects)
	}
	return calls
}

// withoutIt is what a repetition showed, and what to do instead.
func (d *Document) withoutIt(name string) []string {
	var list []string
	switch trial := d.Proof.trialWithout(name); {
	case trial == nil:
	case *trial.Verdict == needed:
		list = each(trial.Evidence, func(e Evidence) string { return prose(e.Text) })
	default:
		list = []string{prose(trial.words())}
	}
	if ways := d.instead(name); ways != "" {
		list = append(list, "instead: "+prose(ways))
	}
	if len(list) == 0 {
		return []string{"not tried"}
	}
	return list
}

// markdownRest are sentences on the policy, and on what the code can ask for besides.
func (d *Document) markdownRest() []string {
	var list []string
	if p := d.Policy; p != nil {
		switch {
		case !p.Met:
			list = append(list, fmt.Sprintf("It does not fit the policy %s: %s.", p.Policy, p.Summary()))
		case p.Sure:
			list = append(list, fmt.Sprintf("It fits the policy %s.", p.Policy))
		}
	}
	if n := len(d.Possible); n > 0 && n <= mostPossible && !d.everything {
		list = append(list, "Its code can ask for more, though it did not here: "+
			strings.Join(namesOfPossible(d.Possible), ", ")+".")
	}
	return list
}

// markdownMarks are what Markdown, with GitHub's tables and mathematics, gives a meaning to within a line
// (GitHub Flavored Markdown 0.29, 6). What it makes a link of by itself leads where it says.
var markdownMarks = strings.NewReplacer(`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `~`, `\~`, `[`, `\[`,
	`]`, `\]`, `<`, `\<`, `>`, `\>`, `|`, `\|`, `&`, `\&`, `$`, `\$`)

// prose is a text of a sentence.
func prose(s string) string { return markdownMarks.Replace(printable(s)) }

// codeSpan is a name or what else stands as it is. No mark has a meaning in it; a row of a table ends
// at a bar even there.
func codeSpan(s string) string {
	s = printable(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	pad := ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.TrimSpace(s) != s || s == "" {
		pad = " "
	}
	return fence + pad + strings.ReplaceAll(s, "|", `\|`) + pad + fence
}
