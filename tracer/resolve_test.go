package tracer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	dir := t.TempDir()
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

	for name, c := range map[string]struct {
		command string
		path    string
		status  int
		hint    string // in the error's text
	}{
		"in PATH":                          {command: "tool", path: second + "/tool"},
		"a later one that can be executed": {command: "both", path: second + "/both"},
		"executable for its owner only":    {command: "only-its-owner", path: second + "/only-its-owner"},
		"an absolute path":                 {command: second + "/tool", path: second + "/tool"},
		"a relative path":                  {command: "sub/tool", path: "sub/tool"},
		"a relative path with a dot":       {command: "./here", path: "./here"},
		"a relative path upwards": {command: "../" + filepath.Base(dir) + "/here", path: "../" +
			filepath.Base(dir) + "/here"},
		"a link":                               {command: "./link", path: "./link"},
		"a name that is no text":               {command: "./\xff\n", path: "./\xff\n"},
		"an executable that looks like a unit": {command: "web.service", path: second + "/web.service"},

		"not in PATH":                    {command: "nowhere", status: 127, hint: "PATH"},
		"in the directory, but not PATH": {command: "here", status: 127, hint: "PATH"},
		"empty":                          {command: "", status: 127, hint: "PATH"},
		"no such path":                   {command: "./nowhere", status: 127, hint: "no such file"},
		"no such directory":              {command: "/nowhere/tool", status: 127, hint: "no such file"},
		"below a file":                   {command: "./here/tool", status: 127, hint: "no such file"},
		"a dangling link":                {command: "./dangling", status: 127, hint: "no such file"},
		"links in a circle":              {command: "./loop", status: 126, hint: "too many levels"},
		"a directory":                    {command: dir, status: 126, hint: "directory"},
		"a directory in PATH":            {command: "folder", status: 127, hint: "PATH"},
		"in PATH, but not executable":    {command: "plain", status: 126, hint: "chmod"},
		"not executable":                 {command: "first/plain", status: 126, hint: "chmod"},
		"a unit file":                    {command: "./nginx.service", status: 126, hint: "unit"},
		"a unit file's name":             {command: "nginx.service", status: 127, hint: "unit"},
		"a unit file that is not there":  {command: "./gone.socket", status: 127, hint: "unit"},
		"a name too long for any file": {command: "./" + strings.Repeat("x", 300), status: 126,
			hint: "too long"},
		"a device, which nobody can start": {command: "/dev/null", status: 126, hint: "not executable"},
	} {
		t.Run(name, func(t *testing.T) {
			path, err := Resolve(c.command)
			if c.status == 0 {
				if err != nil || path != c.path {
					t.Errorf("Resolve(%q) = %q, %v; want %q", c.command, path, err, c.path)
				}
				return
			}
			var start *StartError
			if !errors.As(err, &start) || start.Status != c.status {
				t.Fatalf("Resolve(%q) = %q, %v; want status %d", c.command, path, err, c.status)
			}
			if !strings.Contains(start.Text, c.hint) {
				t.Errorf("%q does not speak of %q", start.Text, c.hint)
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
}
