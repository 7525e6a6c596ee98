package report

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/test/page"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The goldens have the names of all capabilities that they show.
func needNames(t *testing.T) {
	t.Helper()
	if !capng.Known(40) {
		t.Skip("want a kernel (5.9) and a libcap-ng with all 41 capabilities, have", capng.Last()+1)
	}
}

func TestGoldens(t *testing.T) {
	needNames(t)
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		d := NewDocument(examples[name])
		d.Tool.Version = "1.2.3"
		for kind, write := range map[string]func(io.Writer) error{
			"txt":  func(w io.Writer) error { return WriteText(w, d, Page{Width: 80}) },
			"json": func(w io.Writer) error { return WriteJSON(w, d) },
			"yaml": func(w io.Writer) error { return WriteYAML(w, d) },
		} {
			golden(t, name+"."+kind, write)
		}
	}
	for name, width := range map[string]int{"denied.40": 40, "advisory.132": 132, "granted.0": 0} {
		example, _, _ := bytes.Cut([]byte(name), []byte("."))
		golden(t, name+".txt", func(w io.Writer) error {
			return WriteText(w, NewDocument(examples[string(example)]), Page{Width: width})
		})
	}
	for _, name := range []string{"denied", "minimized", "without"} {
		golden(t, name+".md", func(w io.Writer) error {
			return WriteMarkdown(w, NewDocument(examples[name]))
		})
	}
	for _, name := range []string{"granted", "dropped"} {
		golden(t, name+".terminal.txt", func(w io.Writer) error {
			return WriteText(w, NewDocument(examples[name]), Page{80, true})
		})
	}
}

func TestReportFits80Columns(t *testing.T) {
	for name, f := range examples {
		for _, terminal := range []bool{false, true} {
			var b bytes.Buffer
			if err := WriteText(&b, NewDocument(f), Page{80, terminal}); err != nil {
				t.Fatal(err)
			}
			for _, line := range page.Wide(b.String()) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func golden(t *testing.T, name string, write func(io.Writer) error) {
	t.Run(name, func(t *testing.T) {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v (go test ./report -update writes it)", err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("- golden, + now:\n%s", diff)
		}
	})
}

// A report that could not be written is an error, never a success.
func TestWriteErrors(t *testing.T) {
	d := NewDocument(examples["granted"])
	for name, write := range map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return WriteText(w, d, Page{Width: 80}) },
		"json": func(w io.Writer) error { return WriteJSON(w, d) },
		"yaml": func(w io.Writer) error { return WriteYAML(w, d) },
	} {
		if err := write(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s to a full disk: %v", name, err)
		}
	}
}

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
