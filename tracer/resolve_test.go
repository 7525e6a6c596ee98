package tracer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// toResolve makes the files that the tests look for, in the working directory
// and in those of PATH.
func toResolve(t *testing.T) (dir, second string) {
	t.Helper()
	dir = t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	newFile(t, filepath.Join(first, "plain"), "", 0o644)
	newFile(t, filepath.Join(first, "both"), "", 0o644)
	newFile(t, filepath.Join(second, "both"), "", 0o755)
	newFile(t, filepath.Join(second, "tool"), "", 0o755)
	newFile(t, filepath.Join(second, "only-its-owner"), "", 0o100)
	newFile(t, filepath.Join(second, "web.service"), "", 0o755)
	newFile(t, filepath.Join(dir, "here"), "", 0o755)
	newFile(t, filepath.Join(dir, "nginx.service"), "[Service]\n", 0o644)
	newFile(t, filepath.Join(dir, "sub", "tool"), "", 0o755)
	newFile(t, filepath.Join(dir, "\xff\n"), "", 0o755)
	if err := errors.Join(os.Mkdir(filepath.Join(second, "folder"), 0o755),
		os.Symlink("loop", filepath.Join(dir, "loop")),
		os.Symlink("gone", filepath.Join(dir, "dangling")),
		os.Symlink("second/tool", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("PATH", first+":"+second)
	return dir, second
}

func TestResolve(t *testing.T) {
	dir, second := toResolve(t)
	upwards := "../" + filepath.Base(dir) + "/here"
	for name, c := range map[string]struct{ command, path string }{
		"in PATH":                              {"tool", second + "/tool"},
		"a later one that can be executed":     {"both", second + "/both"},
		"executable for its owner only":        {"only-its-owner", second + "/only-its-owner"},
		"an absolute path":                     {second + "/tool", second + "/tool"},
		"a relative path":                      {"sub/tool", "sub/tool"},
		"a relative path with a dot":           {"./here", "./here"},
		"a relative path upwards":              {upwards, upwards},
		"a link":                               {"./link", "./link"},
		"a name that is no text":               {"./\xff\n", "./\xff\n"},
		"an executable that looks like a unit": {"web.service", second + "/web.service"},
	} {
		t.Run(name, func(t *testing.T) {
			if path, err := Resolve(c.command); err != nil || path != c.path {
				t.Errorf("Resolve(%q) = %q, %v; want %q", c.command, path, err, c.path)
			}
		})
	}
}

func TestResolveExplains(t *testing.T) {
	dir, _ := toResolve(t)
	for name, c := range map[string]struct {
		command string
		status  int
		text    string // in what went wrong
		hint    string // in what to try, "" where there is no hint
	}{
		"not in PATH":                    {"nowhere", 127, "PATH", "spelling"},
		"in the directory, but not PATH": {"here", 127, "PATH", "spelling"},
		"empty":                          {"", 127, "PATH", "spelling"},
		"no such path":                   {"./nowhere", 127, "no such file", ""},
		"no such directory":              {"/nowhere/tool", 127, "no such file", ""},
		"below a file":                   {"./here/tool", 127, "no such file", ""},
		"a dangling link":                {"./dangling", 127, "no such file", ""},
		"links in a circle":              {"./loop", 126, "too many levels", ""},
		"a directory":                    {dir, 126, "directory", "name the program in it"},
		"a directory in PATH":            {"folder", 127, "PATH", "spelling"},
		"in PATH, but not executable":    {"plain", 126, "not executable", "chmod"},
		"not executable":                 {"first/plain", 126, "not executable", "chmod"},
		"a unit file":                    {"./nginx.service", 126, "unit", "--unit"},
		"a unit file's name":             {"nginx.service", 127, "PATH", "spelling; --service FILE"},
		"a unit file that is not there":  {"./gone.socket", 127, "no such file", "--unit"},
		"a name too long for any file":   {"./" + strings.Repeat("x", 300), 126, "too long", ""},

		"a device, which nobody can start": {"/dev/null", 126, "not executable", "chmod"},
	} {
		t.Run(name, func(t *testing.T) {
			path, err := Resolve(c.command)
			var start *StartError
			if !errors.As(err, &start) || start.Status != c.status {
				t.Fatalf("Resolve(%q) = %q, %v; want status %d", c.command, path, err, c.status)
			}
			if !strings.Contains(start.Text, c.text) {
				t.Errorf("%q does not speak of %q", start.Text, c.text)
			}
			if !strings.Contains(start.Hint, c.hint) || (start.Hint == "") != (c.hint == "") {
				t.Errorf("the hint %q does not speak of %q", start.Hint, c.hint)
			}
		})
	}
}

// An element of PATH that is empty or no absolute path is looked up from the
// working directory, as execvp does.
func TestResolveInRelativePATH(t *testing.T) {
	dir := t.TempDir()
	newFile(t, filepath.Join(dir, "tool"), "", 0o755)
	newFile(t, filepath.Join(dir, "bin", "other"), "", 0o755)
	t.Chdir(dir)
	for path, c := range map[string]struct{ command, want string }{
		"/nowhere:":    {"tool", "tool"},
		":/nowhere":    {"tool", "tool"},
		"/nowhere:.":   {"tool", "tool"},
		"/nowhere:bin": {"other", "bin/other"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Setenv("PATH", path)
			if got, err := Resolve(c.command); err != nil || got != c.want {
				t.Errorf("Resolve(%q) = %q, %v", c.command, got, err)
			}
		})
	}
}

// Without PATH execvp looks in confstr(_CS_PATH), which is /bin:/usr/bin
// (execvp(3)), so that `env -i cap-audit true` audits true.
func TestResolveWithoutPATH(t *testing.T) {
	t.Setenv("PATH", "") // has it put back afterwards
	os.Unsetenv("PATH")
	path, err := Resolve("true")
	if err != nil || path != "/bin/true" && path != "/usr/bin/true" {
		t.Errorf("Resolve(true) = %q, %v", path, err)
	}
}

func TestStartErrorIsOneLine(t *testing.T) {
	e := &StartError{Path: "/tmp/\x1b[2J\nx", Text: "no such file"}
	if got, want := e.Error(), `"/tmp/\x1b[2J\nx": no such file`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	e.Hint = "make it"
	if got, want := e.Error(), `"/tmp/\x1b[2J\nx": no such file; make it`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
