package report

import (
	"bytes"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/test/machine"
)

// GitHub's own reader finds a row for each capability, and nothing in it that is not ours, whatever is
// in the names.
func TestMarkdown(t *testing.T) {
	cmark := machine.Program(t, "cmark-gfm")
	documents := judged()
	for name, f := range examples {
		documents[name] = NewDocument(f)
	}
	for _, s := range []string{"|", "`", "``|`", "*x* _y_ ~~z~~", "<b>&amp;", "[x](y)", "\n\n# x\n| a |\n",
		"https://example.org www.example.org x@example.org", "\\", "", " ", "\\|"} {
		documents["hostile "+s] = NewDocument(hostile(s))
	}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		t.Run(name, func(t *testing.T) {
			d := documents[name]
			var b bytes.Buffer
			if err := WriteMarkdown(&b, d); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			cmd := exec.Command(cmark, "-e", "table", "-e", "strikethrough", "-e", "autolink")
			cmd.Stdin = &b
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			for _, row := range elements(parsed(t, out), "tr")[min(len(d.Recommended), 1):] {
				rows = append(rows, content(elements(row, "td")[0]))
				if n := len(elements(row, "td")); n != 3 {
					t.Errorf("%d cells in %q", n, content(row))
				}
			}
			want := each(d.Recommended, func(name string) string {
				n, _ := capng.Number(name)
				return capng.Constant(n)
			})
			if diff := cmp.Diff(want, append([]string{}, rows...)); diff != "" {
				t.Errorf("-needed +rows:\n%s\n%s", diff, text)
			}
			for _, element := range elements(parsed(t, out), "") {
				if element.Data == "a" && leadsThere(element) {
					continue
				}
				if !slices.Contains([]string{"html", "head", "body", "h3", "p", "code", "table", "thead",
					"tbody", "tr", "th", "td", "br", "ul", "li"}, element.Data) {
					t.Errorf("it became <%s>:\n%s", element.Data, text)
				}
			}
		})
	}
}

// leadsThere: a link's text says where it leads.
func leadsThere(link *html.Node) bool {
	return slices.Contains([]string{"http://", "mailto:", ""},
		strings.TrimSuffix(link.Attr[0].Val, content(link)))
}

// Names come through as they are.
func TestMarkdownNames(t *testing.T) {
	cmark := machine.Program(t, "cmark-gfm")
	for _, name := range []string{"a|b", "`a`", "a``b", "`", "*a*", "a\\b", "<b>", "&lt;", " a "} {
		for spelt, text := range map[string]string{"code": codeSpan(name), "prose": prose(name)} {
			cmd := exec.Command(cmark, "-e", "table")
			cmd.Stdin = strings.NewReader("| x |\n|---|\n| " + text + " |\n")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			cells := elements(parsed(t, out), "td")
			want := name
			if spelt == "prose" {
				want = strings.TrimSpace(name)
			}
			if want = printable(want); len(cells) != 1 || content(cells[0]) != want {
				t.Errorf("%s %q came out as %s", spelt, name, out)
			}
		}
	}
}

func parsed(t *testing.T, page []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// elements are those of that name below a node, all for "".
func elements(root *html.Node, name string) []*html.Node {
	var list []*html.Node
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && (node.Data == name || name == "") {
			list = append(list, node)
		}
	}
	return list
}

// content is the text of a node.
func content(root *html.Node) string {
	var b strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.TextNode {
			b.WriteString(node.Data)
		}
	}
	return b.String()
}
