package tracer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// launch has the stub become the target, as Start does but for the kernel
// half, and returns what the target printed.
func launch(t *testing.T, target Target) (string, error) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	target.Stdout = write
	p, err := startStub(target)
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	failed := p.become(target)
	out, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	reap(t, p)
	return string(out), failed
}

func reap(t *testing.T, p *process) unix.WaitStatus {
	t.Helper()
	var status unix.WaitStatus
	if _, err := unix.Wait4(p.pid, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	unix.Close(p.pidfd)
	return status
}

func TestArgumentsArriveAsTheyWere(t *testing.T) {
	for name, args := range map[string][]string{
		"none":             {},
		"empty":            {"", "", ""},
		"blanks and lines": {" a  b ", "\n", "\t\r\x01\x1b[2J\x7f"},
		"what JSON quotes": {`"\`, "<>&", "\u2028\u2029", `\u0041`, "{}", "null"},
		"beyond the BMP":   {"🐧", "\u200d"},
		"no text":          {"\xff\xfe", "latin-1: \xe9", "\xc3", "\xed\xa0\x80", "\xf0\x9f\x90"},
		"long":             {strings.Repeat("x", 100_000)},
	} {
		t.Run(name, func(t *testing.T) {
			argv := append([]string{"sh", "-c", `printf '%s\0' "$0" "$@"`, "zero"}, args...)
			out, err := launch(t, Target{Path: "/bin/sh", Argv: argv})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
			if diff := cmp.Diff(argv[3:], got); diff != "" {
				t.Errorf("arguments (-given +received):\n%s", diff)
			}
		})
	}
}

// argv[0] is the caller's word for the program, not its path.
func TestArgumentZero(t *testing.T) {
	out, err := launch(t, Target{Path: "/bin/cat", Argv: []string{"a cat", "/proc/self/cmdline"}})
	if want := "a cat\x00/proc/self/cmdline\x00"; err != nil || out != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
}

func TestProgramWhosePathIsNoText(t *testing.T) {
	path := newFile(t, filepath.Join(t.TempDir(), "\xff\xfe", "script"), "#!/bin/sh\necho ran\n", 0o755)
	out, err := launch(t, Target{Path: path, Argv: []string{path}})
	if err != nil || out != "ran\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// The test's own environment is what its caller gave it: t.Setenv does not
// change /proc/self/environ.
func TestEnvironmentIsInherited(t *testing.T) {
	want, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		t.Skip(err)
	}
	t.Setenv("CAP_AUDIT_TEST", "set by the auditor itself")
	out, err := launch(t, Target{Path: "/bin/cat", Argv: []string{"cat", "/proc/self/environ"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\x00"), strings.Split(out, "\x00")); diff != "" {
		t.Errorf("environment (-ours +the target's):\n%s", diff)
	}
}

func TestTargetThatCannotBeExecuted(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		status int
	}{
		"gone":                 {"/nowhere/tool", 127},
		"a directory":          {t.TempDir(), 126},
		"no program":           {newScript(t, "\x00\x01\x02"), 126},
		"no permission":        {newFile(t, filepath.Join(t.TempDir(), "plain"), "#!/bin/sh\n", 0o644), 126},
		"without interpreter":  {newScript(t, "#!/no/such/shell\n"), 126},
		"broken ELF":           {newScript(t, "\x7fELF"), 126},
		"interpreter of a ELF": {newScript(t, string(elfFile("/no/such/ld.so"))), 126},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := launch(t, Target{Path: c.path, Argv: []string{"x"}})
			var start *StartError
			if !errors.As(err, &start) || start.Status != c.status || start.Path != c.path {
				t.Errorf("%v, want status %d for %q", err, c.status, c.path)
			}
			if out != "" {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestAbandonedStubRunsNothing(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "ran")
	p, err := startStub(Target{Path: "/bin/sh", Argv: []string{"sh", "-c", "> " + marker}})
	if err != nil {
		t.Fatal(err)
	}
	p.abandon()
	if _, err := unix.Wait4(p.pid, nil, 0, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("the stub was not reaped: %v", err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the target ran")
	}
}
