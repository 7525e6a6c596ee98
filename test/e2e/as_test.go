package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/test/machine"
)

// stranger is an account that --as takes and nobody has.
const stranger = "4000000:4000001"

// inDir runs a cap-audit --as stranger there.
func inDir(t *testing.T, dir string, arguments ...string) result {
	t.Helper()
	cmd := capAudit(t, append([]string{"-o", "/dev/null", "--as", stranger}, arguments...)...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash",
		"PATH=/nowhere:/usr/bin:/bin", "OTHER=1", "PWD=" + dir, "OLDPWD=/root"}
	r := finish(t, cmd)
	if r.status != 0 {
		t.Fatalf("%q: status %d\n%s", cmd.Args, r.status, r.stderr)
	}
	return r
}

// mkdir makes a directory with that very mode, for that group.
func mkdir(t *testing.T, path string, mode os.FileMode, group int) string {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 0, group); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// The working directory stays where the user gets there by its own rights,
// though it has every capability. Else it is the root directory, in one line.
func TestAsInDirectory(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	show := installed(t, dir, built("show"), 0o755)
	closed := mkdir(t, filepath.Join(dir, "closed"), 0o700, 0)
	for name, c := range map[string]struct {
		dir   string
		stays bool
	}{
		"open to all":            {mkdir(t, filepath.Join(dir, "open"), 0o755, 0), true},
		"not to be read":         {mkdir(t, filepath.Join(dir, "search"), 0o711, 0), true},
		"open to its group":      {mkdir(t, filepath.Join(dir, "group"), 0o710, 4000001), true},
		"closed":                 {closed, false},
		"open below a closed":    {mkdir(t, filepath.Join(closed, "open"), 0o755, 0), false},
		"open to another group":  {mkdir(t, filepath.Join(dir, "others"), 0o770, 4000002), false},
		"closed to its group":    {mkdir(t, filepath.Join(dir, "not group"), 0o705, 4000001), false},
		"with a strange name":    {mkdir(t, filepath.Join(dir, "\x1b[2J"), 0o700, 0), false},
		"readable, not entrable": {mkdir(t, filepath.Join(dir, "listed"), 0o744, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := inDir(t, c.dir, "--verify", "--", show, "cwd")
			want, lines := "/", 1
			if c.stays {
				want, lines = c.dir, 0
			}
			wantDirectory(t, r, want)
			said := string(withoutProgress(r.stderr))
			warnings := strings.Count(said, "Warning: --as 4000000: ")
			if strings.Count(said, "\n") != lines || warnings != lines || strings.Contains(said, "\x1b") {
				t.Errorf("on standard error:\n%q", said)
			}
			r = inDir(t, c.dir, "--as-environment", "caller", "--", show, "cwd")
			wantDirectory(t, r, c.dir)
			if said := withoutProgress(r.stderr); len(said) != 0 {
				t.Errorf("on standard error, with the caller's environment:\n%q", said)
			}
		})
	}
}

// wantDirectory reads what show printed.
func wantDirectory(t *testing.T, r result, dir string) {
	t.Helper()
	line := "cwd " + strings.ReplaceAll(dir, "\x1b", `\x1b`) + "\n"
	if !strings.Contains(string(r.stdout), line) {
		t.Errorf("wanted %q:\n%s", line, r.stdout)
	}
}

// A program that is named from a directory which is left is that program still.
func TestAsWithProgramOfClosedDirectory(t *testing.T) {
	t.Parallel()
	closed := mkdir(t, filepath.Join(publicDir(t), "closed"), 0o700, 0)
	installed(t, closed, built("show"), 0o755)
	r := inDir(t, closed, "--", "./show", "args", "cwd")
	if !strings.Contains(string(r.stdout), "arg ./show\narg args\narg cwd\n") {
		t.Errorf("%s", r.stdout)
	}
}

// The environment is that of a service of the user where it names a user's
// things, and the caller's in all else.
func TestAsEnvironment(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	show := installed(t, dir, built("show"), 0o755)
	environ := func(arguments ...string) []string {
		var list []string
		r := inDir(t, dir, append(arguments, "--", show, "env")...)
		for line := range strings.Lines(string(r.stdout)) {
			v, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "env ")
			if ok && !strings.HasPrefix(v, "PATH=") {
				list = append(list, v)
			}
		}
		slices.Sort(list)
		return list
	}
	for name, c := range map[string]struct{ arguments, want []string }{
		"a number that is no user's": {nil, []string{"OTHER=1", "PWD=" + dir}},
		"the same, said in full": {[]string{"--as-environment", "service"},
			[]string{"OTHER=1", "PWD=" + dir}},
		"the caller's": {[]string{"--as-environment", "caller"}, []string{"HOME=/root", "LOGNAME=root",
			"OLDPWD=/root", "OTHER=1", "PWD=" + dir, "SHELL=/bin/bash", "USER=root"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, environ(c.arguments...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a program looks for in root's home is no need of a user's service. It
// would be one for whoever keeps the caller's environment.
func TestAsNeedsNothingOfTheCaller(t *testing.T) {
	t.Parallel()
	home := mkdir(t, filepath.Join(publicDir(t), "home"), 0o700, 0)
	for _, c := range []struct{ whose, want string }{{"service", ""}, {"caller", "dac_read_search"}} {
		// built in: /bin/sh starts no other program for it
		cmd := capAudit(t, "-j", "--as", stranger, "--as-environment", c.whose, "--", "/bin/sh", "-c",
			`[ -e "$HOME/.profile" ]; :`)
		cmd.Dir, cmd.Env = home, []string{"HOME=" + home, "PATH=/usr/bin:/bin", "PWD=" + home}
		d := documentOf(t, cmd)
		d.wholeAndConsistent(t)
		if got := strings.Join(d.Recommended, " "); got != c.want {
			t.Errorf("in the environment of the %s: %q, want %q", c.whose, got, c.want)
		}
	}
}

// A failure that no refusal explains: some programs look at their user ID or at
// their sets instead of trying.
func TestAsOfProgramThatDoesNotTry(t *testing.T) {
	t.Parallel()
	bwrap, show := machine.Program(t, "bwrap"), installed(t, publicDir(t), built("show"), 0o755)
	for name, c := range map[string]struct {
		as      string
		command []string
		said    bool
	}{
		"one that fails":            {stranger, []string{show, "exit", "1"}, true},
		"one that does not fail":    {stranger, []string{show, "exit", "0"}, false},
		"one that a signal ends":    {stranger, []string{show, "kill", "TERM"}, false},
		"one that fails as root":    {"root", []string{show, "exit", "1"}, false},
		"one that wants no ambient": {stranger, []string{bwrap, "--ro-bind", "/", "/", "true"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := finish(t, capAudit(t, append([]string{"--emit", "c", "--as", c.as, "--"}, c.command...)...))
			for _, word := range []string{"without --as", "setpriv"} {
				if strings.Contains(string(r.stderr), word) != c.said {
					t.Errorf("on standard error, %q:\n%s", word, r.stderr)
				}
			}
		})
	}
}
