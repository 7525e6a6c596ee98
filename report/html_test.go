package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/cap-audit/cap-audit/audit"
)

// pages are documents of all kinds, some of which try to be more than text.
func pages() map[string]*Document {
	documents := judged()
	for name, f := range examples {
		documents[name] = NewDocument(f)
	}
	for _, s := range []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</style>",
		"{{.}}", "javascript:alert(1)", "&lt;", "-->", "\x00\xff\u202e"} {
		f := hostile(s)
		documents["hostile "+s] = NewDocument(f)
		documents["hostile "+s].Judge(s, f.Fit(0), true)
	}
	return documents
}

// parsedPage is the page of a document.
func parsedPage(t *testing.T, d *Document) *html.Node {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, d); err != nil {
		t.Fatal(err)
	}
	return parsed(t, b.Bytes())
}

// What is in the names is text on the page: there are our elements with our attributes, nothing that
// runs, and nothing that is loaded.
func TestPageIsInert(t *testing.T) {
	allowed := map[string][]string{"html": {"lang"}, "meta": {"charset", "http-equiv", "content", "name"},
		"p": {"class"}, "dl": {"class"}, "section": {"id", "aria-label"}, "div": {"class"},
		"span": {"class"}, "a": {"href"}, "article": {"id"}, "ul": {"class"}, "ol": {"class"},
		"svg":  {"viewBox", "preserveAspectRatio", "aria-hidden"},
		"rect": {"class", "x", "y", "width", "height"}}
	for _, name := range []string{"head", "title", "style", "body", "header", "h1", "h2", "h3", "h4", "code",
		"dt", "dd", "main", "li", "pre", "details", "summary"} {
		allowed[name] = nil
	}
	for name, d := range pages() {
		root := parsedPage(t, d)
		ids := map[string]bool{}
		for _, e := range elements(root, "") {
			attributes, ok := allowed[e.Data]
			for _, a := range e.Attr {
				ok = ok && slices.Contains(attributes, a.Key)
				if a.Key == "id" && ids[a.Val] {
					t.Errorf("%s: the id %s is there twice", name, a.Val)
				}
				if a.Key == "id" {
					ids[a.Val] = true
				}
			}
			if !ok {
				t.Errorf("%s: it became <%s> with %v", name, e.Data, e.Attr)
			}
		}
		for _, a := range elements(root, "a") {
			if id, ok := strings.CutPrefix(attribute(a, "href"), "#"); !ok || !ids[id] {
				t.Errorf("%s: a link leads to %s", name, attribute(a, "href"))
			}
		}
		sum := sha256.Sum256([]byte(content(elements(root, "style")[0])))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'"
		if got := attribute(elements(root, "meta")[1], "content"); got != want {
			t.Errorf("%s: it allows %q, want %q", name, got, want)
		}
		if !strings.Contains(content(elements(root, "h1")[0]), d.subject()) {
			t.Errorf("%s: no heading with %q", name, d.subject())
		}
	}
}

// The page has the numbers of the document.
func TestPageNumbers(t *testing.T) {
	for name, d := range pages() {
		t.Run(name, func(t *testing.T) {
			root := parsedPage(t, d)
			want := map[string]int{
				"needed": len(d.Required) + len(d.Unasked) + len(d.CapsetOnly), "refused": len(d.Denied),
				"not-needed": len(d.advisory()), "nested": len(d.unneeded(d.Nested)),
			}
			if !d.everything {
				want["possible"], want["files"] = len(d.Possible), len(d.OnFiles)
			}
			if p := d.Proof; p != nil && p.Verification != nil {
				want["proof"] = 1 + len(p.Minimization) + len(p.Growth)
				if p.Minimal != nil {
					want["proof"]++
				}
			}
			if d.Held != nil && len(d.Held.Unused) > 0 {
				want["held"] = 1
			}
			if d.Policy != nil {
				want["policy"] = len(d.Violations())
			}
			got := map[string]int{}
			for _, s := range elements(root, "section") {
				if n := len(elements(s, "article")); n > 0 {
					got[attribute(s, "id")] = n
				}
			}
			maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("entries, -document +page:\n%s", diff)
			}
			if diff := cmp.Diff(countsOf(d), countsOn(root)); diff != "" {
				t.Errorf("-document +page:\n%s", diff)
			}
			for _, limit := range d.codeRemarks() {
				if !strings.Contains(content(root), limit) {
					t.Errorf("it does not say: %s", limit)
				}
			}
		})
	}
}

// counts are numbers that a document and its page both have.
type counts struct {
	Facts, Classes, Checks           []string
	Sites, Objects, Frames, Spans, N int
}

func countsOf(d *Document) counts {
	c := counts{Facts: []string{fmt.Sprint(d.TotalChecks), fmt.Sprint(d.Tasks)}}
	c.Classes = append(c.Classes, fmt.Sprint("Needed ", len(d.Recommended)))
	if d.Coverage != nil {
		c.Classes = append(c.Classes, fmt.Sprint("Possible ", len(d.Possible)))
		if !d.everything {
			if len(d.OnFiles) > 0 {
				c.Classes = append(c.Classes, fmt.Sprint("Depends on files ", len(d.OnFiles)))
			}
			c.Classes = append(c.Classes, fmt.Sprint("Ruled out ", len(d.RuledOut)))
			if d.notKnown > 0 {
				c.Classes = append(c.Classes, fmt.Sprint("Not known ", d.notKnown))
			}
		}
	}
	add := func(sites []CallSite) {
		c.Sites += len(sites)
		for _, s := range sites {
			c.Objects += len(s.Objects)
			for _, stack := range s.Stacks {
				c.Frames += len(stack.Frames)
				if stack.Ended != nil {
					c.Frames++
				}
			}
		}
	}
	for _, r := range d.Required {
		if !r.byRepetition {
			c.Checks = append(c.Checks,
				fmt.Sprintf("%d granted, %d denied", r.Checks.Granted, r.Checks.Denied))
		}
		if r.FirstSeconds != nil {
			c.Spans++
		}
		add(r.CallSites)
	}
	for _, r := range d.Denied {
		c.Checks = append(c.Checks, fmt.Sprintf("%d denied", r.NotGrantedChecks))
		add(r.CallSites)
	}
	for _, u := range append(d.advisory(), d.unneeded(d.Nested)...) {
		add(u.CallSites)
	}
	for _, p := range d.Programs {
		c.N += int(p.standsFor())
	}
	if _, bare := d.trees(); bare == uint64(c.N) {
		c.N = 0 // nothing to show
	}
	return c
}

func countsOn(root *html.Node) counts {
	var c counts
	for _, line := range elements(elements(root, "header")[0], "div") {
		if name := content(elements(line, "dt")[0]); name == "Checks" || name == "Tasks" {
			c.Facts = append(c.Facts, content(elements(line, "dd")[0]))
		}
	}
	for _, class := range elements(section(root, "classes"), "h2") {
		c.Classes = append(c.Classes, content(class))
	}
	for _, article := range elements(root, "article") {
		for _, line := range elements(article, "div") {
			if content(elements(line, "dt")[0]) == "Checks" {
				c.Checks = append(c.Checks, content(elements(line, "dd")[0]))
			}
		}
	}
	for _, list := range append(elements(root, "ul"), elements(root, "ol")...) {
		n := 0
		for item := range list.ChildNodes() {
			if item.Data == "li" {
				n++
			}
		}
		switch attribute(list, "class") {
		case "sites":
			c.Sites += n
		case "objects":
			c.Objects += n
		case "stack":
			c.Frames += n
		case "times":
			c.Spans += n
		}
	}
	programs := section(root, "programs")
	if programs == nil {
		return c
	}
	for _, item := range append(elements(programs, "li"), elements(programs, "p")...) {
		n := 1
		own := item.FirstChild
		if own.Type == html.ElementNode {
			own = own.FirstChild
		}
		if m := regexp.MustCompile(`^(?:And (\d+) more|.* \((\d+) programs\)$)`).FindStringSubmatch(
			own.Data); m != nil {
			n, _ = strconv.Atoi(m[1] + m[2])
		} else if own.Data == "(not known which)" {
			n = 0
		}
		c.N += n
	}
	return c
}

func section(root *html.Node, id string) *html.Node {
	for _, s := range elements(root, "section") {
		if attribute(s, "id") == id {
			return s
		}
	}
	return nil
}

func attribute(e *html.Node, key string) string {
	for _, a := range e.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// A browser runs no script on the page, and it fits a phone.
func TestPageInChromium(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skipf("wanted a browser: %v", err)
	}
	const script = "<script>document.title = document.documentElement.scrollWidth</script></body>"
	policy := regexp.MustCompile(`<meta http-equiv=[^>]*>`)
	for name, page := range map[string]*Document{"objects": NewDocument(examples["objects"]),
		"hostile": NewDocument(hostile(strings.Repeat("x", 300)))} {
		var b bytes.Buffer
		if err := WriteHTML(&b, page); err != nil {
			t.Fatal(err)
		}
		scripted := strings.Replace(b.String(), "</body>", script, 1)
		title := func(text string) string {
			file := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu",
				"--user-data-dir="+t.TempDir(), "--window-size=500,900", "--dump-dom", "file://"+file).Output()
			if err != nil {
				t.Skipf("wanted a browser that works here: %v", err)
			}
			return content(elements(parsed(t, out), "title")[0])
		}
		if got := title(scripted); !strings.HasPrefix(got, "Capabilities of ") {
			t.Errorf("%s: a script ran: %s", name, got)
		}
		width, err := strconv.Atoi(title(policy.ReplaceAllString(scripted, "")))
		if err != nil || width > 500 {
			t.Errorf("%s: it is %d wide in a window of 500: %v", name, width, err)
		}
	}
}

// A setting of -1 is one that could not be read, but for one, as in the text.
func TestSettings(t *testing.T) {
	s := SystemContext{byKey: map[string]int{}}
	for _, k := range audit.SysctlKeys {
		s.byKey[k.Key] = -1
	}
	s.byKey["kptr_restrict"] = 1
	want := []fact{{"kernel.kptr_restrict", "1"}, {"kernel.perf_event_paranoid", "-1"}}
	if diff := cmp.Diff(want, s.settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}
