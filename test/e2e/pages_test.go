package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cap-audit/cap-audit/test/machine"
	"github.com/cap-audit/cap-audit/test/scratch"
	"github.com/cap-audit/cap-audit/test/transcript"
)

// A page is a document whose commands are run, as package transcript reads
// them: in order, in a directory of its own. /usr/bin/cap-audit is a copy of the
// built one there, and first in PATH.
type page struct {
	programs []string // that its commands want
	// prepare makes what the reader is said to have, in a directory that becomes
	// theirs, and returns variables for the environment.
	prepare func(t *testing.T, dir string) []string
	// untilCtrlC has the commands that the reader ends, by how they begin, and what
	// the shell has to find before.
	untilCtrlC map[string]string
	// elsewhere has the commands that are not run, by how they begin, and why not.
	elsewhere map[string]string
}

// The pages of docs/how-to: every command of these is run.
var howTo = map[string]page{
	"container.md":     {programs: []string{"podman"}, prepare: imageOfWeb},
	"daemon.md":        {programs: []string{"busybox", "curl"}},
	"ordinary-user.md": {prepare: programsOfAnna},
	"package-build.md": {programs: []string{"gcc", "patch"}, prepare: packageOfQuoted},
	"prove-a-set.md":   {programs: []string{"busybox", "curl", "jq"}},
}

func TestHowTo(t *testing.T) {
	t.Parallel()
	const dir = "../../docs/how-to"
	treeAt(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			t.Parallel()
			p, ok := howTo[entry.Name()]
			if !ok {
				t.Fatal("howTo does not say what this page wants")
			}
			p.run(t, readText(t, filepath.Join(dir, entry.Name())))
		})
	}
	if len(entries) != len(howTo) {
		t.Errorf("%d pages, howTo has %d", len(entries), len(howTo))
	}
}

const (
	needsUnits = "needs a unit that systemd runs; test/services runs the like in VMs"
	needsImage = "needs an image of cap-audit; test/image runs the like"
)

// listeningOn is what to find of a server on that port before it is ended: whether it
// answers would keep the port from the next.
func listeningOn(port string) string { return "ss -Htln sport = :" + port + " | grep -q ." }

// What the README shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	const file = "../../README.md"
	treeAt(t, file)
	page{
		programs: []string{"busybox", "ip", "jq", "make", "ping", "ss"},
		prepare:  programsOfAnna,
		untilCtrlC: map[string]string{
			"cap-audit -- busybox httpd -f": listeningOn("80"),
			"cap-audit -f -- busybox httpd": listeningOn("8080") + " && grep -q 'Application exited' printed",
		},
		elsewhere: map[string]string{
			"cap-audit --minimize --test 'curl": "needs nginx; daemon.md has the like",
			"make demo":                         "CI itself, see test/fresh-root",
			"make test":                         "CI itself, and what runs this",
			"cap-audit --service":               "needs chrony; daemon.md has the like",
			"cap-audit --unit nginx":            needsUnits,
			"cap-audit --pid 4242":              "is a process of the reader's",
			"cap-audit --container web -d 15m":  "takes 15 minutes; container.md has the like",
			"cap-audit --cgroup system.slice":   needsUnits,
			"cap-audit --pod shop/web-0":        "needs Kubernetes; TestEachContainer has the like",
		},
	}.run(t, readText(t, file))
}

// What the manual shows, in EXAMPLES and all other sections.
func TestManual(t *testing.T) {
	t.Parallel()
	const file = "../../man/cap-audit.8"
	treeAt(t, file)
	text := must(t, nil, machine.Program(t, "mandoc"), "-T", "markdown", file)
	page{
		programs:   []string{"busybox", "curl", "ip", "jq", "make", "ping", "ss", "/usr/bin/python3"},
		prepare:    programsOfAnna,
		untilCtrlC: map[string]string{"cap-audit -- busybox httpd -f": listeningOn("80")},
		elsewhere: map[string]string{
			"podman inspect -f '{{.State.Pid}}' web": "needs a container; container.md has the like",
			"cap-audit --pid 4242":                   "is a process of the reader's",
			"find /var/lib/cap-audit":                "is about other machines; merge.txtar has the like",
			"podman run --rm --cap-drop=ALL":         needsImage,
			"docker run --rm --cap-drop=ALL":         needsImage,
			"docker run $(cap-audit --emit docker":   "needs an image; container.md has the like",
		},
	}.run(t, onlyCommands(text))
}

// prompt is how a command begins in an indented block.
var prompt = regexp.MustCompile(`^(\t| {4})[#$] `)

// onlyCommands leaves out all of a manual but its commands: mandoc indents lists, too.
func onlyCommands(markdown string) string {
	lines := strings.Split(markdown, "\n")
	command := false
	for i, line := range lines {
		command = prompt.MatchString(line) || command && strings.HasPrefix(line, "\t")
		if !command {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// treeAt skips where the source is not, as in VMs.
func treeAt(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); os.Getenv("CAP_AUDIT_VM") != "" && errors.Is(err, os.ErrNotExist) {
		t.Skipf("wanted the source, there is the test alone, in a VM: %v", err)
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run hands the commands to testscript, and sees to it that it has run them.
func (p page) run(t *testing.T, text string) {
	t.Helper()
	steps, err := transcript.Parse(text)
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d commands: %v", len(steps), err)
	}
	steps = p.here(t, steps)
	waits := matched(t, "untilCtrlC", p.untilCtrlC, steps)
	for _, name := range p.programs {
		machine.Program(t, name)
	}
	bin := privileged(t)
	s := &session{steps: steps, waits: waits, bin: bin, room: newRoom(t)}
	installed(t, bin, capAuditPath, 0o755)
	t.Cleanup(func() {
		if s.next != len(steps) && !t.Skipped() {
			t.Errorf("%d of %d commands were run", s.next, len(steps))
		}
	})
	given := t.TempDir()
	var variables []string
	if p.prepare != nil {
		variables = p.prepare(t, given)
	}
	testscript.RunT(inTurn{t}, testscript.Params{
		Files:               []string{s.script(t)},
		WorkdirRoot:         publicDir(t),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+":/usr/sbin:/usr/bin:/sbin:/bin")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LC_ALL", "C")
			env.Vars = append(env.Vars, variables...)
			if err := os.Chmod(env.WorkDir, 0o755); err != nil {
				return err
			}
			return scratch.Executable(func() error { return os.CopyFS(env.WorkDir, os.DirFS(given)) })
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"step": s.step},
	})
}

// inTurn is for the one script of a test that has waited for its turn.
type inTurn struct{ *testing.T }

func (inTurn) Parallel() {}

func (inTurn) Verbose() bool { return testing.Verbose() }

func (t inTurn) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(inTurn{t}) })
}

// here are the steps without those that are not run.
func (p page) here(t *testing.T, steps []transcript.Step) []transcript.Step {
	t.Helper()
	reasons := matched(t, "elsewhere", p.elsewhere, steps)
	var run []transcript.Step
	for _, step := range steps {
		if reason := reasons[step.Line]; reason != "" {
			t.Logf("line %d is not run here: %s: %s", step.Line, step.Command, reason)
		} else {
			run = append(run, step)
		}
	}
	return run
}

// matched is what a table says of steps, by their line. Each entry has to be for one
// command, which begins so.
func matched(t *testing.T, table string, says map[string]string, steps []transcript.Step) map[int]string {
	t.Helper()
	byLine := map[int]string{}
	for beginning, what := range says {
		found := 0
		for _, step := range steps {
			if strings.HasPrefix(step.Command+" ", beginning+" ") {
				found++
				byLine[step.Line] = what
			}
		}
		if found != 1 {
			t.Errorf("%s: %d commands begin with %q, wanted 1", table, found, beginning)
		}
	}
	return byLine
}

// session is a page under way.
type session struct {
	steps  []transcript.Step
	waits  map[int]string // by line: until when to wait with the Ctrl-C that ends it
	bin    string         // where cap-audit is
	room   *room
	next   int
	status int // of the last command
}

// script writes what testscript reads: a step for each command, which it shows.
func (s *session) script(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for i, step := range s.steps {
		first, _, _ := strings.Cut(step.Command, "\n")
		fmt.Fprintf(&text, "# line %d: %s\nstep %d\n", step.Line, first, i)
	}
	file := filepath.Join(t.TempDir(), "page.txtar")
	write(t, file, text.String())
	return file
}

// step N: run the Nth command. It has to print what the page shows, and to
// succeed, unless the page asks for its exit status.
func (s *session) step(ts *testscript.TestScript, neg bool, args []string) {
	i, err := strconv.Atoi(args[0])
	ts.Check(err)
	step := s.steps[i]
	command := strings.ReplaceAll(step.Command, "/usr/bin/cap-audit", filepath.Join(s.bin, "cap-audit"))
	if wait := s.waits[step.Line]; wait != "" {
		command = interrupted(command, wait)
	}
	// one stream, as on a terminal
	shell := fmt.Sprintf("cd \"$1\" && shift && exec 2>&1 && (exit %d)\n%s", s.status, command)
	err = ts.Exec("nsenter", s.room.enter(step.Root, "sh", "-c", shell, "sh", ts.Getenv("WORK"))...)
	var exit *exec.ExitError
	if s.status = 0; errors.As(err, &exit) {
		s.status = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	asked := i+1 < len(s.steps) && s.steps[i+1].Command == "echo $?"
	if s.status != 0 && !asked {
		ts.Fatalf("exit status %d", s.status)
	}
	if printed := ts.ReadFile("stdout"); !step.Fits(printed) {
		ts.Fatalf("the page shows\n%s\nand it printed\n%s", step.Prints, printed)
	}
	s.next++
}

// interrupted is a command that is ended from outside, once a condition holds.
func interrupted(command, condition string) string {
	return fmt.Sprintf(`{ exec %s
} >printed &
for _ in $(seq 600); do
	if %s; then break; fi
	sleep 0.1
done
kill -INT $!
wait $!
status=$?
cat printed
exit $status`, command, condition)
}

// room is a place where commands of a page change nothing of the machine:
// namespaces of its own for mounts and the network, where every port is free and
// /etc is a copy with the accounts www-data and anna, who is in the group dev.
// The user namespace stays, for which the capabilities are.
type room struct{ pid int }

const furnish = `set -e
cp -a /etc/. "$1"
cd "$1"
grep -q ^www-data: group || echo www-data:x:33: >>group
grep -q ^www-data: passwd || echo www-data:x:33:33::/nonexistent:/usr/sbin/nologin >>passwd
sed -i '/^anna:/d; /^dev:/d' passwd group
echo anna:x:61201:61201::/nonexistent:/bin/sh >>passwd
echo anna:x:61201: >>group
echo dev:x:61202:anna >>group
mount --bind . /etc
ip link set lo up
echo ready >&2
exec cat`

func newRoom(t *testing.T) *room {
	t.Helper()
	machine.Containers(t)
	for _, name := range []string{"ip", "nsenter", "setpriv"} {
		machine.Program(t, name)
	}
	own := []string{"--mount", "--net"}
	machine.Works(t, command(t, "unshare", append(own, "true")...))
	// not command's: its context ends before the cleanups
	holder := begin(t, exec.Command("unshare", append(own, "sh", "-c", furnish, "sh", t.TempDir())...))
	r := &room{holder.cmd.Process.Pid}
	t.Cleanup(func() {
		r.empty()
		holder.stdin.Close()
		holder.end()
	})
	holder.await("^ready$")
	return r
}

// empty ends what commands have left there.
func (r *room) empty() {
	network := func(pid int) string {
		namespace, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		return namespace
	}
	own := network(r.pid)
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		pid, _ := strconv.Atoi(filepath.Base(process))
		if pid != r.pid && own != "" && network(pid) == own && own != network(os.Getpid()) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// enter are the words of an nsenter that runs a command there. It has to change
// its directory there, too: what a directory from outside leads to counts as
// mounted nosuid (fs/namespace.c, mnt_may_suid).
func (r *room) enter(root bool, words ...string) []string {
	enter := []string{"--target", strconv.Itoa(r.pid), "--mount", "--net", "--"}
	if !root {
		enter = append(enter, "setpriv", "--reuid=anna", "--regid=anna", "--init-groups", "--")
	}
	return append(enter, words...)
}

// programsOfAnna are ./server, which opens port 80, a unit file that lets it,
// and a Makefile whose tests need more once there is a policy: the program has
// changed.
func programsOfAnna(t *testing.T, dir string) []string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	installedAs(t, filepath.Join(dir, "server"), self, 0o755)
	write(t, filepath.Join(dir, "server.service"), "[Service]\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n")
	write(t, filepath.Join(dir, "Makefile"),
		"check:\n\t./server --selftest\n\ttest ! -e caps.yaml || ip link set lo up\n")
	return nil
}

// packageOfQuoted is the example of a package.
func packageOfQuoted(t *testing.T, dir string) []string {
	if err := os.CopyFS(dir, os.DirFS("../../packaging/rpm/example")); err != nil {
		t.Fatal(err)
	}
	return nil
}

// imageOfWeb is a podman with the image localhost/web, which is busybox's httpd.
func imageOfWeb(t *testing.T, dir string) []string {
	p := machine.NewPodman(t)
	t.Cleanup(func() { p.Command("rm", "--force", "--time", "0", "--all").Run() })
	root := t.TempDir()
	for name, text := range map[string]string{"passwd": "www-data:x:33:33::/www:/bin/sh\n",
		"group": "www-data:x:33:\n"} {
		write(t, filepath.Join(directory(t, root, "etc"), name), text)
	}
	write(t, filepath.Join(directory(t, root, "www"), "index.html"), "hello\n")
	for _, name := range []string{"dev", "proc", "sys", "tmp"} {
		directory(t, root, name)
	}
	installed(t, directory(t, root, "bin"), machine.Program(t, "busybox"), 0o755)
	for _, name := range []string{"httpd", "sh", "sleep", "wget"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	p.Import(t, root, "localhost/web", "--change", `CMD ["httpd","-f","-p","80","-h","/www","-u","www-data"]`)
	return p.Environment()
}

func directory(t *testing.T, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
