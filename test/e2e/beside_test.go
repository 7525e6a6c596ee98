package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// hurry gives what the auditor runs with the policy SCHED_IDLE an ordinary one: where others
// leave no processor idle, its turn comes after minutes.
func (r *running) hurry() {
	listed, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", r.cmd.Process.Pid))
	for _, file := range listed {
		children, _ := os.ReadFile(file)
		for _, child := range strings.Fields(string(children)) {
			threads, _ := filepath.Glob("/proc/" + child + "/task/*")
			for _, thread := range threads {
				id, _ := strconv.Atoi(filepath.Base(thread))
				if has, err := unix.SchedGetAttr(id, 0); err == nil && has.Policy == unix.SCHED_IDLE {
					// it may have ended
					_ = unix.SchedSetAttr(id, &unix.SchedAttr{Policy: unix.SCHED_NORMAL}, 0)
				}
			}
		}
	}
}

// lookedAt is what is known of a program as soon as it was looked at.
func (r *running) lookedAt(path string) (c coverage, d document) {
	r.t.Helper()
	eventually(r.t, "the code of "+path+" has been looked at", func() bool {
		r.hurry()
		d = r.interim()
		at := slices.IndexFunc(d.Coverage.Programs, func(c coverage) bool { return c.Path == path })
		if at < 0 {
			return false
		}
		c = d.Coverage.Programs[at]
		return c.Failed != "not looked at yet"
	})
	return c, d
}

// whileOpen is an audit of a shell script that goes on until its standard input is closed.
func whileOpen(t *testing.T, script string, arguments ...string) *running {
	t.Helper()
	return begin(t, command(t, capAuditPath, ofBackend(append([]string{"-j", "--", tool(t, "sh"), "-c",
		script + "; echo waiting >&2; read line", "sh"}, arguments...)...)...))
}

// What ran is looked at, however it was built, and what it did is possible.
func TestBesideTheRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sh, err := filepath.EvalSymlinks(tool(t, "sh"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		program []string
		// objects are how many at least, 0 where there are none; failed is why.
		objects int
		failed  string
	}{
		"dynamic":   {[]string{built("tree"), "loop", "1"}, 3, ""},
		"static":    {[]string{built("tree-static"), "loop", "1"}, 1, ""},
		"of Go":     {[]string{built("callers-go"), "chroot"}, 1, ""},
		"a script":  {[]string{script(t, filepath.Join(dir, "script"), "#!"+sh+"\n:\n")}, 3, ""},
		"of 32 bit": {[]string{built("int80-i386")}, 0, "is for another machine"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(c.program[0]); err != nil {
				t.Skipf("wanted a program that is built for this machine: %v", err)
			}
			r := whileOpen(t, `"$@" >&2`, c.program...)
			r.await("^waiting$")
			got, d := r.lookedAt(c.program[0])
			if len(got.Objects) < c.objects || got.Analysed != (c.objects > 0) ||
				!strings.HasPrefix(got.Failed, c.failed) || len(got.Missing) > 0 {
				t.Errorf("%+v", got)
			}
			for _, needed := range d.Required {
				if slices.Contains(d.RuledOut, needed.Name) {
					t.Errorf("%s was needed, and is ruled out", needed.Name)
				}
			}
			r.stdin.Close()
			r.end()
		})
	}
}

// A program that is deleted while it runs is looked at, and code that nobody can read is told of:
// then nothing is ruled out.
func TestBesideWhatIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	gone := installedAs(t, filepath.Join(dir, "gone"), tool(t, "sleep"), 0o755)
	r := whileOpen(t, `exec 3>&2; "$1" 600 & until [ "$(readlink /proc/$!/exe)" = "$1" ]; do :; done
		rm "$1"; trap 'kill $!' EXIT`, gone)
	r.await("^waiting$")
	if got, _ := r.lookedAt(gone); !got.Analysed || len(got.Objects) < 3 {
		t.Errorf("deleted: %+v", got)
	}
	r.stdin.Close()
	r.end()

	garbage := filepath.Join(dir, "plugin.so")
	write(t, garbage, "\x7fELF"+strings.Repeat("\xff", 8192))
	interpreter, err := filepath.EvalSymlinks(python(t))
	if err != nil {
		t.Fatal(err)
	}
	r = begin(t, command(t, capAuditPath, ofBackend("-j", "--", interpreter, "-c", `import mmap, sys
with open(sys.argv[1], "rb") as f:
	code = mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
print("waiting", file=sys.stderr, flush=True)
sys.stdin.read()`, garbage)...))
	r.await("^waiting$")
	var got coverage
	var d document
	eventually(t, "the plugin is told of", func() bool {
		got, d = r.lookedAt(interpreter)
		return len(got.Missing) > 0
	})
	if len(got.Missing) != 1 || !strings.HasPrefix(got.Missing[0], garbage+": ") || len(d.RuledOut) > 0 {
		t.Errorf("missing %q, ruled out %q", got.Missing, d.RuledOut)
	}
	r.stdin.Close()
	r.end()
}

// Of what its caller may execute and not read nothing is known; the rest is looked at without
// the capabilities that the auditor has from its file.
func TestBesideAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	secret := installedAs(t, filepath.Join(dir, "secret"), built("tree"), 0o711)
	sh, err := filepath.EvalSymlinks(tool(t, "sh"))
	if err != nil {
		t.Fatal(err)
	}
	r := begin(t, as(command(t, auditor, ofBackend("-j", "--", sh, "-c",
		`"$0" loop 1; echo waiting >&2; read line`, secret)...), nobody))
	r.await("^waiting$")
	if got, _ := r.lookedAt(secret); got.Analysed || got.Failed != "permission denied" {
		t.Errorf("not to be read: %+v", got)
	}
	if got, _ := r.lookedAt(sh); !got.Analysed {
		t.Errorf("the shell: %+v", got)
	}
	r.stdin.Close()
	r.end()
}

func TestNoStatic(t *testing.T) {
	t.Parallel()
	if d := audited(t, built("tree"), "loop", "1"); d.Coverage != nil { // with that option
		t.Errorf("%+v", d.Coverage)
	}
}
