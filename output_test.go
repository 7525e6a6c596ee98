package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/report"
)

func fdName(f *os.File) string { return fmt.Sprint(f.Fd()) }

func document() *report.Document {
	return report.NewDocument(&audit.Findings{Application: audit.Application{PID: 4242, Path: "/usr/bin/ping",
		Ended: true}})
}

// check says whether text is a whole report of that format.
func check(t *testing.T, f format, text string) {
	t.Helper()
	tree := map[string]any{}
	var err error
	switch f {
	case formatJSON:
		err = json.Unmarshal([]byte(text), &tree)
	case formatYAML:
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

var formatsByName = map[string]format{"text": formatText, "JSON": formatJSON, "YAML": formatYAML}

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
			got := captured(t, &os.Stdout, func() {
				if err := (&output{cfg: &config{format: f}}).write(document()); err != nil {
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
			got := captured(t, &os.Stdout, func() {
				out, err := openOutput(&config{format: f, output: file})
				if err != nil {
					t.Fatal(err)
				}
				if err := out.write(document()); err != nil {
					t.Error(err)
				}
			})
			check(t, f, contents(t, file))
			if got != "" {
				t.Errorf("and on standard output %q", got)
			}
		})
	}
}

func TestOutputThatCannotBeIsRefusedBeforeTheRun(t *testing.T) {
	for _, file := range []string{t.TempDir(), "/nowhere/\x1b[2J/report"} {
		_, err := openOutput(&config{output: file})
		if err == nil || !strings.Contains(err.Error(), "choose another file") ||
			strings.Contains(err.Error(), "\x1b") {
			t.Errorf("--output %q: %v", file, err)
		}
	}
}

// The run is over and cannot be had again: the report must be somewhere.
func TestFileThatBecameUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gone", "report")
	got := captured(t, &os.Stdout, func() {
		err := (&output{cfg: &config{output: file}}).write(document())
		if err == nil || !strings.Contains(err.Error(), file) ||
			!strings.Contains(err.Error(), "standard output instead") {
			t.Errorf("%v", err)
		}
	})
	check(t, formatText, got)
}

func TestFullStandardOutput(t *testing.T) {
	for name, f := range formatsByName {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			full(t)
			err := (&output{cfg: &config{format: f}}).write(document())
			saved := names(t, dir)
			if len(saved) != 1 || !strings.HasSuffix(saved[0], "."+f.extension()) {
				t.Fatalf("saved in %q (%v)", saved, err)
			}
			path := filepath.Join(dir, saved[0])
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%v does not say where the report is", err)
			}
			check(t, f, contents(t, path))
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
	if err := (&output{cfg: &config{}}).write(document()); err == nil ||
		strings.Contains(err.Error(), "%!") || len(names(t, dir)) != 1 {
		t.Errorf("%v, saved in %q", err, names(t, dir))
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
	if err := (&output{cfg: &config{}}).write(document()); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
	if saved := names(t, dir); len(saved) != 0 {
		t.Errorf("saved in %q", saved)
	}
}

func TestNeitherFileNorStandardOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	full(t)
	file := filepath.Join(t.TempDir(), "gone", "report")
	err := (&output{cfg: &config{output: file}}).write(document())
	if saved := names(t, dir); err == nil || len(saved) != 1 || !strings.Contains(err.Error(), file) ||
		!strings.Contains(err.Error(), saved[0]) {
		t.Errorf("%v, saved in %q", err, saved)
	}
}

// The last resort is standard error.
func TestNoPlaceAtAll(t *testing.T) {
	full(t)
	got := captured(t, &os.Stderr, func() {
		t.Setenv("TMPDIR", "/nowhere") // captured has made its file
		if err := (&output{cfg: &config{format: formatJSON}}).write(document()); !errors.Is(err,
			syscall.ENOSPC) {
			t.Errorf("%v", err)
		}
	})
	check(t, formatJSON, got)
}

func TestSaveElsewhere(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	first, err1 := saveElsewhere([]byte("one"), formatYAML)
	second, err2 := saveElsewhere([]byte("two"), formatYAML)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if contents(t, first) != "one" || contents(t, second) != "two" || filepath.Ext(first) != ".yaml" {
		t.Errorf("%s, %s", first, second)
	}
}
