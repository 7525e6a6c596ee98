package real

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/reach"
)

const (
	boundsPath = "../../docs/bounds.md"
	boundsHead = "| program | Debian's package | Decap | here | possible | depends on files |\n" +
		"|---|---|---|---|---|---|\n"
)

// sample are the programs of Decap's published sample, with the number of
// capabilities that it gives each (RAID 2022).
var sample = []struct {
	name, pkg, path string
	theirs          int
}{
	{"nginx", "nginx", "usr/sbin/nginx", 23},
	{"passwd", "passwd", "usr/bin/passwd", 23},
	{"ping", "iputils-ping", "bin/ping", 16},
	{"dmcrypt-get-device", "eject", "usr/lib/eject/dmcrypt-get-device", 23},
	{"lpr", "lpr", "usr/bin/lpr", 17},
	{"exim4", "exim4-daemon-light", "usr/sbin/exim4", 24},
	{"unix_chkpwd", "libpam-modules-bin", "sbin/unix_chkpwd", 20},
	{"tcpdump", "tcpdump", "usr/bin/tcpdump", 22},
	{"httpd", "apache2-bin", "usr/sbin/apache2", 25},
	{"lighttpd", "lighttpd", "usr/sbin/lighttpd", 23},
}

// boundsOf are the numbers in the column "here", by program, and what follows the table.
func boundsOf(t *testing.T, text string) (map[string]int, string) {
	t.Helper()
	numbers := map[string]int{}
	for strings.HasPrefix(text, "|") {
		line, rest, _ := strings.Cut(text, "\n")
		cells := strings.Split(line, " | ")
		n, err := strconv.Atoi(cells[min(3, len(cells)-1)])
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		numbers[strings.TrimPrefix(cells[0], "| ")] = n
		text = rest
	}
	return numbers, text
}

// inAll is the sentence after the table, with the sum and the mean of the ratios.
func inAll(t *testing.T, numbers map[string]int) string {
	t.Helper()
	ours, theirs, ratios, programs := 0, 0, 0.0, 0
	for _, s := range sample {
		if n, ok := numbers[s.name]; ok {
			ours, theirs = ours+n, theirs+s.theirs
			ratios += float64(n) / float64(s.theirs)
			programs++
		}
	}
	sum, mean := float64(ours)/float64(theirs), ratios/float64(programs)
	if programs == 0 || sum > 0.6 || mean > 0.6 {
		t.Errorf("%d capabilities where Decap has %d, the mean of the ratios is %f", ours, theirs, mean)
	}
	return fmt.Sprintf("\nIn all %d where Decap has %d, which is %.2f of it; "+
		"the mean of the ratios is %.2f.\n", ours, theirs, sum, mean)
}

// The table of bounds has a row for each program that was there, and is at most 0.6
// of Decap's on average. With -update and the directory that scripts/bounds made in
// CAP_AUDIT_BOUNDS, it is measured.
func TestBounds(t *testing.T) {
	text, err := os.ReadFile(boundsPath)
	if err != nil {
		t.Skipf("wanted the source tree: %v", err)
	}
	before, rest, found := strings.Cut(string(text), boundsHead)
	if !found {
		t.Fatalf("%s has no table that begins with:\n%s", boundsPath, boundsHead)
	}
	numbers, after := boundsOf(t, rest)
	said, after, _ := strings.Cut(after, ".\n")
	said += ".\n"
	if tree := os.Getenv("CAP_AUDIT_BOUNDS"); *update && tree != "" {
		table := measureBounds(t, filepath.Join(tree, "tree"))
		numbers, _ = boundsOf(t, table)
		said = inAll(t, numbers)
		if err := os.WriteFile(boundsPath, []byte(before+boundsHead+table+said+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := inAll(t, numbers); said != want {
		t.Errorf("%s says of its table %q, want %q", boundsPath, said, want)
	}
}

func measureBounds(t *testing.T, tree string) string {
	t.Helper()
	var table strings.Builder
	for _, s := range sample {
		path := filepath.Join(tree, s.path)
		if _, err := os.Stat(path); err != nil {
			t.Logf("%s is not there: %v", s.name, err)
			continue
		}
		r, err := reach.Analyze(path, reach.Options{})
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if len(r.Missing) > 0 {
			t.Errorf("%s: %v", s.name, r.Missing)
			continue
		}
		var possible, files []string
		for n, v := range r.Capabilities {
			switch v.Class {
			case reach.Possible:
				possible = append(possible, capng.Name(n))
			case reach.OnFiles:
				files = append(files, capng.Name(n))
			}
		}
		fmt.Fprintf(&table, "| %s | %s | %d | %d | %s | %s |\n", s.name, s.pkg, s.theirs,
			len(possible)+len(files), strings.Join(possible, " "), strings.Join(files, " "))
	}
	return table.String()
}
