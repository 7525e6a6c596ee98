package output

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
	"github.com/cap-audit/cap-audit/test/scratch"
)

func document() *report.Document {
	return report.NewDocument(&audit.Findings{Application: audit.Application{PID: 4242, Path: "/usr/bin/ping",
		Ended: true}})
}

// check says whether text is a whole report of that format.
func check(t *testing.T, f Format, text string) {
	t.Helper()
	tree := map[string]any{}
	var err error
	switch f {
	case JSON, NDJSON:
		err = json.Unmarshal([]byte(text), &tree)
	case YAML:
		err = yaml.Unmarshal([]byte(text), &tree)
	default:
		if strings.Contains(text, "CAPABILITY ANALYSIS FOR: /usr/bin/ping (PID 4242)") &&
			strings.Contains(text, "SUMMARY:") {
			return
		}
	}
	if app, ok := tree["application"].(map[string]any); err != nil || !ok || app["comm"] != "/usr/bin/ping" {
		t.Errorf("no report (%v): %.200q", err, text)
	}
}

var formatsByName = map[string]Format{"text": Text, "JSON": JSON, "NDJSON": NDJSON, "YAML": YAML}

// replaced makes a file the standard output until the test ends.
func replaced(t *testing.T, stdout *os.File) {
	t.Helper()
	was := os.Stdout
	os.Stdout = stdout
	t.Cleanup(func() {
		os.Stdout = was
		stdout.Close()
	})
}

// full is a standard output that is full.
func full(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	replaced(t, f)
}

func TestReportOnStandardOutput(t *testing.T) {
	for name, f := range formatsByName {
		t.Run(name, func(t *testing.T) {
			got := scratch.Captured(t, &os.Stdout, func() {
				if err := (&Output{Options: Options{Format: f}}).Write(document()); err != nil {
					t.Error(err)
				}
			})
			check(t, f, got)
		})
	}
}

func TestReportInAFile(t *testing.T) {
	for name, f := range formatsByName {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "report")
			got := scratch.Captured(t, &os.Stdout, func() {
				out, err := Open(Options{Format: f, File: file})
				if err != nil {
					t.Fatal(err)
				}
				if err := out.Write(document()); err != nil {
					t.Error(err)
				}
			})
			check(t, f, scratch.Contents(t, file))
			if got != "" {
				t.Errorf("and on standard output %q", got)
			}
		})
	}
}

func TestOutputThatCannotBeIsRefusedBeforeTheRun(t *testing.T) {
	for _, file := range []string{t.TempDir(), "/nowhere/\x1b[2J/report"} {
		_, err := Open(Options{File: file})
		if err == nil || !strings.Contains(err.Error(), "choose another file") ||
			strings.Contains(err.Error(), "\x1b") {
			t.Errorf("--output %q: %v", file, err)
		}
	}
}

// The run is over and cannot be had again: the report must be somewhere.
func TestFileThatBecameUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gone", "report")
	got := scratch.Captured(t, &os.Stdout, func() {
		err := (&Output{Options: Options{File: file}}).Write(document())
		if err == nil || !strings.Contains(err.Error(), file) ||
			!strings.Contains(err.Error(), "standard output instead") {
			t.Errorf("%v", err)
		}
	})
	check(t, Text, got)
}

func TestFullStandardOutput(t *testing.T) {
	for name, f := range formatsByName {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			full(t)
			err := (&Output{Options: Options{Format: f}}).Write(document())
			saved := scratch.Names(t, dir)
			if len(saved) != 1 || !strings.HasSuffix(saved[0], "."+f.extension()) {
				t.Fatalf("saved in %q (%v)", saved, err)
			}
			path := filepath.Join(dir, saved[0])
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%v does not say where the report is", err)
			}
			check(t, f, scratch.Contents(t, path))
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v: others may read it", info.Mode(), err)
			}
		})
	}
}

func TestClosedStandardOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	closed, err := os.Create(filepath.Join(t.TempDir(), "closed"))
	if err != nil {
		t.Fatal(err)
	}
	replaced(t, closed)
	closed.Close()
	if err := (&Output{Options: Options{}}).Write(document()); err == nil ||
		strings.Contains(err.Error(), "%!") || len(scratch.Names(t, dir)) != 1 {
		t.Errorf("%v, saved in %q", err, scratch.Names(t, dir))
	}
}

// Who closes a pipe early, such as head, has seen what it wanted.
func TestReaderThatWentAway(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	replaced(t, writer)
	if err := (&Output{Options: Options{}}).Write(document()); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
	if saved := scratch.Names(t, dir); len(saved) != 0 {
		t.Errorf("saved in %q", saved)
	}
}

func TestNeitherFileNorStandardOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	full(t)
	file := filepath.Join(t.TempDir(), "gone", "report")
	err := (&Output{Options: Options{File: file}}).Write(document())
	if saved := scratch.Names(t, dir); err == nil || len(saved) != 1 ||
		!strings.Contains(err.Error(), file) ||
		!strings.Contains(err.Error(), saved[0]) {
		t.Errorf("%v, saved in %q", err, saved)
	}
}

// The last resort is standard error.
func TestNoPlaceAtAll(t *testing.T) {
	full(t)
	got := scratch.Captured(t, &os.Stderr, func() {
		t.Setenv("TMPDIR", "/nowhere") // captured has made its file
		if err := (&Output{Options: Options{Format: JSON}}).Write(document()); !errors.Is(err,
			syscall.ENOSPC) {
			t.Errorf("%v", err)
		}
	})
	check(t, JSON, got)
}

// A policy is read before anything runs: what would wait for a writer is refused.
func TestPolicyInAFifoIsRefused(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Check: fifo}); err == nil {
		t.Error("no error")
	}
}

func TestWhereProgressGoes(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		want    *os.File
	}{
		"before a text":                  {Options{Format: Text}, os.Stdout},
		"while a file gets the text":     {Options{File: "out"}, os.Stdout},
		"not before a document":          {Options{Format: JSON}, os.Stderr},
		"not before one in YAML":         {Options{Format: YAML}, os.Stderr},
		"while a file gets the document": {Options{Format: JSON, File: "out"}, os.Stdout},
	} {
		if got := c.options.Humans(); got != c.want {
			t.Errorf("%s: %s", name, got.Name())
		}
	}
}
