package real

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "measure the programs anew and write the table in "+
	"docs/real-programs.md")

// The document around the table is written by hand.
const (
	tablePath = "../../docs/real-programs.md"
	tableHead = "| program | version | command | as | found | verified | not needed in this run |\n" +
		"|---|---|---|---|---|---|---|\n"
)

// The table in the documentation has a row for each program, in our order. With
// -update the rows of what is installed are measured, by --minimize; the others
// stay.
func TestTable(t *testing.T) {
	text, err := os.ReadFile(tablePath)
	if os.IsNotExist(err) {
		t.Skipf("wanted the source tree: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), tableHead)
	if !found {
		t.Fatalf("%s has no table that begins with:\n%s", tablePath, tableHead)
	}
	old, after := rows(rest)
	var table strings.Builder
	for _, p := range programs {
		row, known := old[p.key()]
		if *update && p.missing() == "" {
			row, known = p.measure(t), true
		}
		switch {
		case known:
			table.WriteString(row)
		case !*update:
			t.Errorf("%s has no row for %q; run go test ./test/real -run Table -update", tablePath, p.key())
		}
		delete(old, p.key())
	}
	for key := range old {
		if !*update {
			t.Errorf("%s has a row for %q, and no case like it", tablePath, key)
		}
	}
	if !*update {
		return
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`^\d+\.\d+`).FindString(unix.ByteSliceToString(name.Release[:]))
	before = regexp.MustCompile(`Measured on Linux [\d.]*\d`).ReplaceAllString(before,
		"Measured on Linux "+version)
	if err := os.WriteFile(tablePath, []byte(before+tableHead+table.String()+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rows are the lines of the table by what they are about, and what follows it.
func rows(text string) (map[string]string, string) {
	table := map[string]string{}
	for strings.HasPrefix(text, "|") {
		line, rest, _ := strings.Cut(text, "\n")
		cells := strings.Split(line, " | ")
		if len(cells) > 3 {
			table[strings.TrimPrefix(cells[0], "| ")+", "+cells[2]+", "+cells[3]] = line + "\n"
		}
		text = rest
	}
	return table, text
}

// account that the program is run as.
func (p *program) account() string {
	if p.as == "" {
		return "root"
	}
	return p.as
}

// key is what a row is about.
func (p *program) key() string {
	return fmt.Sprintf("%s, `%s`, %s", p.title(), p.does, p.account())
}

// title is the program itself.
func (p *program) title() string {
	title, _, _ := strings.Cut(p.name, "-")
	return title
}

// measure makes the row.
func (p *program) measure(t *testing.T) string {
	d, said := p.audit(t, "--minimize")
	p.check(t, d, said)
	verified := "yes"
	if !d.Proof.Verification.Behaved {
		verified = "no"
	}
	names := map[string][]string{} // by what explains them
	var reasons []string
	for _, name := range d.unneeded() {
		why := cmp.Or(p.unneeded[name], p.unneeded[""])
		if why == "" {
			t.Errorf("%s: %s is not needed in this run, and the case does not explain why", p.name, name)
			why = "?"
		}
		if names[why] == nil {
			reasons = append(reasons, why)
		}
		names[why] = append(names[why], name)
	}
	unneeded := []string{}
	for _, why := range reasons {
		unneeded = append(unneeded, list(names[why])+": "+why)
	}
	t.Logf("%s: %s, verified %s", p.name, strings.Join(d.found(), " "), verified)
	return fmt.Sprintf("| %s | %s | `%s` | %s | %s | %s | %s |\n", p.title(), p.release(t), p.does,
		p.account(),
		list(d.found()), verified, cmp.Or(strings.Join(unneeded, "; "), "–"))
}

// release is the version in what the program prints about it.
func (p *program) release(t *testing.T) string {
	cmd := exec.Command("sh", "-c", p.version)
	cmd.Env = environment("/")
	out, err := cmd.Output()
	number := regexp.MustCompile(`\d+([.:]\d+)*[.\w+~-]*`).Find(bytes.TrimSpace(out))
	if number == nil {
		t.Errorf("%s: %v, no version in %q", p.version, err, out)
		return "?"
	}
	return string(number)
}

// list is a set for readers.
func list(names []string) string {
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > 20:
		return fmt.Sprintf("%d capabilities", len(names))
	}
	return strings.Join(slices.Sorted(slices.Values(names)), " ")
}
