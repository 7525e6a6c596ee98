package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/cgroup"
)

// crowd is a tree of 8 processes with 2 threads each that waits.
type crowd struct {
	*exec.Cmd
	gate *os.File // closed: it goes on
}

// checksOfCrowd are made by each thread.
const checksOfCrowd = 50

// startCrowd returns once all of its threads wait. change can alter the
// command before it is started.
func startCrowd(t *testing.T, change func(*exec.Cmd)) crowd {
	t.Helper()
	path, gate := fifo(t)
	// not ended with the test's context: its end is a fact to be waited for
	c := crowd{exec.Command(built("tree"), "crowd", fmt.Sprint(checksOfCrowd), path), gate}
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c.Cmd)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.finish(t) })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the crowd says %q, %v", line, err)
	}
	return c
}

// finish lets it go on, and waits for its end.
func (c crowd) finish(t *testing.T) {
	t.Helper()
	if c.gate.Close() != nil {
		return // it has been closed before
	}
	if err := c.Wait(); err != nil {
		t.Errorf("the crowd: %v", err)
	}
}

// children of a process, as /proc has them.
func children(t *testing.T, pid int) []int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Skipf("wanted a kernel with CONFIG_PROC_CHILDREN: %v", err)
	}
	var list []int
	for _, field := range strings.Fields(string(raw)) {
		var child int
		fmt.Sscan(field, &child)
		list = append(list, child)
	}
	return list
}

// watched waits until an audit of what runs watches.
func (r *running) watched() {
	r.t.Helper()
	r.await(`^\[\*\] Press Ctrl-C to stop$`)
}

// interim asks a cap-audit -j for an interim report, which goes to standard error.
func (r *running) interim() document {
	r.t.Helper()
	r.signal(unix.SIGUSR1)
	r.await(`^\[\*\] Interim report$`)
	before := r.stderr.Len()
	r.await(`^}$`)
	return decode(r.t, []byte(r.stderr.String()[before:]))
}

func attachedTo(t *testing.T, arguments ...string) *running {
	t.Helper()
	r := begin(t, capAudit(t, append([]string{"-j"}, arguments...)...))
	r.watched()
	return r
}

// Of a process that runs, every thread of every descendant is watched, those
// that there were and no others.
func TestAttachToProcess(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, nil)
	stranger := startCrowd(t, nil)
	r := attachedTo(t, "--pid", fmt.Sprint(c.Process.Pid))
	stranger.finish(t)
	c.finish(t)
	d := r.document()
	d.wholeAndConsistent(t)
	d.counted(t, chroots(16*checksOfCrowd))
	if d.Tasks != 16 {
		t.Errorf("%d tasks, the crowd has 16", d.Tasks)
	}
	if d.Application.PID != c.Process.Pid || d.Application.Comm != built("tree") {
		t.Errorf("the application is %+v, not %s (%d)", d.Application, built("tree"), c.Process.Pid)
	}
	if p := d.ran(t, built("tree")); p.Processes != 8 || len(d.Programs) != 1 {
		t.Errorf("the programs are %+v, not 8 processes of %s", d.Programs, built("tree"))
	}
}

// What needed nothing since is not advised to do without all, since it may not start again.
func TestIdleProcess(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, nil)
	pid, policy := fmt.Sprint(c.Process.Pid), filepath.Join(t.TempDir(), "policy")
	r := finish(t, capAudit(t, "-q", "-d", "0.1s", "--pid", pid, "--policy-out", policy))
	if said := string(r.stdout); !strings.Contains(said, "\nGrant: not known yet; ") ||
		strings.Contains(said, "[Service]") {
		t.Errorf("the report says:\n%s", said)
	}
	if !strings.Contains(string(r.stderr), "may allow too little: its start was not seen") {
		t.Errorf("of the policy: %s", r.stderr)
	}
	r = finish(t, capAudit(t, "-q", "-d", "0.1s", "--pid", pid, "--emit", "systemd"))
	if r.status != 1 || len(r.stdout) > 0 || !strings.Contains(string(r.stderr), "had started before") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// What processes hold that are adopted is in the report, at the start of the audit and at its
// end; what a command holds is not.
func TestHeld(t *testing.T) {
	t.Parallel()
	if d := audited(t, built("need"), "chown"); d.Held != nil {
		t.Errorf("a command holds %+v", d.Held)
	}
	all, ok := capng.Current()
	if !ok {
		t.Fatal("cannot read what this process holds")
	}
	c := startCrowd(t, func(c *exec.Cmd) {
		c.Args = append([]string{tool(t, "setpriv"), "--bounding-set=-sys_time"}, c.Args...)
		c.Path = c.Args[0]
	})
	r := attachedTo(t, "--pid", fmt.Sprint(c.Process.Pid))
	c.finish(t)
	less := capng.Names(all.Permitted &^ (1 << unix.CAP_SYS_TIME))
	if h := r.document().Held; h == nil || !slices.Equal(h.Permitted, less) || !slices.Equal(h.Bounding,
		capng.Names(capng.Bounding()&^(1<<unix.CAP_SYS_TIME))) || slices.Contains(h.Unused, "sys_chroot") ||
		!slices.Contains(h.Unused, "kill") {
		t.Errorf("%+v, want %v", h, less)
	}
}

// A process below the top is watched without its parent and siblings.
func TestAttachToSubtree(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, nil)
	// the first child has forked twice: itself, two children, one grandchild
	first := children(t, c.Process.Pid)[0]
	r := attachedTo(t, "-p", fmt.Sprint(first))
	c.finish(t)
	d := r.document()
	d.wholeAndConsistent(t)
	d.counted(t, chroots(4*2*checksOfCrowd))
	if d.Tasks != 8 {
		t.Errorf("%d tasks, the subtree has 8", d.Tasks)
	}
}

// ofWaitingShell is the document of an audit of a shell that was found running: it waits for a
// line from $1, and then runs the script, which has the program tree as $2.
func ofWaitingShell(t *testing.T, script string) document {
	t.Helper()
	path, gate := fifo(t)
	shell := command(t, tool(t, "sh"), "-c", `read line <"$1"; `+script, "sh", path, built("tree"))
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	r := attachedTo(t, "-p", fmt.Sprint(shell.Process.Pid))
	fmt.Fprintln(gate, "go")
	if err := shell.Wait(); err != nil {
		t.Fatal(err)
	}
	d := r.document()
	d.wholeAndConsistent(t)
	return d
}

// What a process that was found running forks and executes later is in the
// tree as well, under the programs' own names.
func TestAttachedForksAndExecs(t *testing.T) {
	t.Parallel()
	d := ofWaitingShell(t, `"$2" loop 5; "$2" fork 7; :`)
	d.counted(t, chroots(12))
	if p := d.ran(t, "/tree"); p.Processes != 9 {
		t.Errorf("%d processes ran tree, not 9", p.Processes)
	}
}

// Who ran already and executes itself by /proc/self/exe is the program that it was, too.
func TestAttachedExecutesItself(t *testing.T) {
	t.Parallel()
	d := ofWaitingShell(t, `/proc/self/exe -c '"$0" loop 5; :' "$2"; :`)
	d.counted(t, chroots(5))
	if len(d.Programs) != 2 || d.Programs[0].Processes != 4 || d.Programs[1].Path != built("tree") {
		t.Errorf("programs: %+v", d.Programs)
	}
}

// The watched process loses nothing but time: it is not stopped, signalled or
// ended, and lives on when the audit does not.
func TestAttachLeavesAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*running)
		args []string
	}{
		{"interrupted", func(r *running) { r.signal(unix.SIGINT) }, nil},
		{"duration", func(*running) {}, []string{"--duration", "0.3s"}},
		{"until idle", func(*running) {}, []string{"--until-idle", "0.3s"}},
		{"test", func(*running) {}, []string{"--test", `kill -0 "$CAP_AUDIT_PID"`}},
		{"killed", func(r *running) { r.signal(unix.SIGKILL) }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := startCrowd(t, nil)
			r := attachedTo(t, append(test.args, "-p", fmt.Sprint(c.Process.Pid))...)
			test.end(r)
			end := r.end()
			if state := processState(c.Process.Pid); state != 'S' {
				t.Errorf("the process's state is %q afterwards", state)
			}
			if test.name == "killed" {
				return
			}
			if end.status != 0 {
				t.Fatalf("status %d: %s", end.status, end.stderr)
			}
			d := decode(t, end.stdout)
			if d.Exit.Ended || d.StillRunning != 8 || !d.Complete {
				t.Errorf("ended %t, %d still running, complete %t", d.Exit.Ended, d.StillRunning, d.Complete)
			}
		})
	}
}

// groupName is one for a control group of the test's own.
func groupName(t *testing.T) string {
	return fmt.Sprintf("cap-audit-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "-"))
}

// group makes a control group.
func group(t *testing.T) string {
	t.Helper()
	if cgroup.Root() == "" {
		t.Skip("wanted a cgroup v2 hierarchy on /sys/fs/cgroup, there is none")
	}
	path := filepath.Join(cgroup.Root(), groupName(t))
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Skipf("wanted to make a control group: %v", err)
	}
	t.Cleanup(func() {
		// a process that has ended leaves its group a moment later
		eventually(t, "the control group can be removed", func() bool { return os.Remove(path) == nil })
	})
	return path
}

// within starts a command in a group.
func within(t *testing.T, path string) func(*exec.Cmd) {
	dir, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	}
}

func moveInto(t *testing.T, path string, pid int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path, "cgroup.procs"), []byte(fmt.Sprint(pid)), 0); err != nil {
		t.Fatal(err)
	}
}

// All that is in a group is watched, and all that comes into it: by being
// started there, or moved there, with all of its threads.
func TestAttachToGroup(t *testing.T) {
	t.Parallel()
	path := group(t)
	below := filepath.Join(path, "below")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	defer eventually(t, "the control group below can be removed",
		func() bool { return os.Remove(below) == nil })
	inside := startCrowd(t, within(t, path))
	outside := startCrowd(t, nil)
	moved := startCrowd(t, nil)
	r := attachedTo(t, "--cgroup", path)

	// threads of the moved one's first process alone, not its children
	moveInto(t, below, moved.Process.Pid)
	born := command(t, built("tree"), "loop", "3")
	within(t, below)(born)
	if born.Run() != nil {
		t.Fatal("tree loop failed")
	}
	// threads beside the first are found a moment later, which only a report tells
	eventually(t, "19 tasks are watched", func() bool {
		d := r.interim()
		return d.Interim && d.Tasks == 19
	})
	moved.finish(t)
	outside.finish(t)
	inside.finish(t)

	d := r.document()
	d.wholeAndConsistent(t)
	d.counted(t, chroots((16+2)*checksOfCrowd+3))
	if d.Application.PID == 0 || d.Application.Comm != built("tree") {
		t.Errorf("the application is %+v, not a process of %s", d.Application, built("tree"))
	}
	if d.Tasks != 16+2+1 {
		t.Errorf("%d tasks, not 19", d.Tasks)
	}
}

// A group that becomes empty at once ends the audit as well.
func TestGroupSoonEmpty(t *testing.T) {
	t.Parallel()
	path := group(t)
	for range 5 {
		c := startCrowd(t, within(t, path))
		r := attachedTo(t, "--cgroup", path)
		c.finish(t)
		d := r.document()
		d.counted(t, chroots(16*checksOfCrowd))
	}
}

// With a command, the command is started in the group and alone is watched.
func TestCommandInGroup(t *testing.T) {
	t.Parallel()
	path := group(t)
	inside := startCrowd(t, within(t, path))
	r := finish(t, capAudit(t, "-j", "--cgroup", path, "--", "sh", "-c",
		`cat /proc/self/cgroup >&2; exec "$0" loop 5`, built("tree")))
	if r.status != 0 || !strings.Contains(string(r.stderr),
		"0::"+strings.TrimPrefix(path, cgroup.Root())+"\n") {
		t.Errorf("status %d, the command is not in %s:\n%s", r.status, path, r.stderr)
	}
	d := decode(t, r.stdout)
	d.wholeAndConsistent(t)
	d.counted(t, chroots(5))
	inside.finish(t)
}

// Each of these is one clear line, and nothing is watched.
func TestCannotAttach(t *testing.T) {
	t.Parallel()
	ended := command(t, "true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"pid gone", []string{"-p", fmt.Sprint(ended.Process.Pid)},
			`there is no process \d+, as seen from this pid namespace: see ps -e`},
		{"kernel thread", []string{"-p", "2"}, `process 2 runs no program`},
		{"no pid", []string{"-p", "init"}, `--pid init: is no process ID`},
		{"no such group", []string{"--cgroup", "/no/such"},
			`there is no control group /sys/fs/cgroup(/unified)?/no/such; see systemd-cgls`},
		{"group v1", []string{"--cgroup", v1Group()}, `is no group of cgroup v2`},
		{"command in no group", []string{"--cgroup", "/no/such", "--", "true"},
			`/no/such: no such file or directory; make it with mkdir`},
		{"command and pid", []string{"-p", "1", "--", "true"},
			`--pid watches what runs already: give it no command`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.args[1] == "" {
				t.Skip("wanted a cgroup v1 hierarchy, there is none")
			}
			if test.name == "kernel thread" {
				if _, err := os.Readlink("/proc/2/exe"); err == nil || processState(2) == 0 {
					t.Skip("wanted kernel threads in this pid namespace, there are none")
				}
			}
			r := finish(t, capAudit(t, test.args...))
			lines := strings.Split(strings.TrimSpace(string(r.stderr)), "\n")
			if r.status != 1 || len(lines) != 1 ||
				!regexp.MustCompile("^Error: .*"+test.want).MatchString(lines[0]) {
				t.Errorf("status %d, wanted 1 and one line with %q:\n%s", r.status, test.want, r.stderr)
			}
		})
	}
}

// An ordinary user to whom the file of cap-audit lends the privileges to trace
// can watch no process of anybody else.
func TestOthersAreNoBusinessOfUsers(t *testing.T) {
	t.Parallel()
	if backend == "kprobe" {
		t.Skip("wanted a backend that an ordinary user can have, kprobe is forced")
	}
	path := unprivilegedCapAudit(t, privileged(t))
	others := startCrowd(t, nil)
	own := startCrowd(t, func(cmd *exec.Cmd) {
		gate := cmd.Args[len(cmd.Args)-1]
		for file, mode := range map[string]os.FileMode{gate: 0o644, filepath.Dir(gate): 0o755,
			filepath.Dir(filepath.Dir(gate)): 0o755} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
		}
		// not to be read, so that even the path is not theirs to know (proc(5), PTRACE_MODE_READ_FSCREDS)
		cmd.Path = installed(t, publicDir(t), built("tree"), 0o711)
		as(cmd, nobody)
	})
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-p", fmt.Sprint(others.Process.Pid)}, "belongs to another user: only root can watch it"},
		{[]string{"--cgroup", "/"}, "only root can watch a control group"},
		{[]string{"--container", "x"}, "only root can watch a container"},
	} {
		r := finish(t, as(command(t, path, withBackend(test.args...)...), nobody))
		if r.status != 1 || !strings.Contains(string(r.stderr), test.want) {
			t.Errorf("%q: status %d: %s", test.args, r.status, r.stderr)
		}
	}
	r := begin(t, as(command(t, path, withBackend("-j", "-p", fmt.Sprint(own.Process.Pid))...), nobody))
	r.watched()
	own.finish(t)
	d := r.document()
	d.wholeAndConsistent(t)
	d.countedRefused(t, tally{"sys_chroot": {0, 16 * checksOfCrowd}})
	if d.Application.Comm != "tree" {
		t.Errorf("the application is %+v, want the name of its process", d.Application)
	}
}

// Root without cap_sys_ptrace, as in a container, does not learn the path of what
// another's process runs. The process has a name, and a user namespace is seen.
func TestAttachWithoutPtrace(t *testing.T) {
	t.Parallel()
	unshare, setpriv, cat := tool(t, "unshare"), tool(t, "setpriv"), tool(t, "cat")
	if r := finish(t, as(command(t, unshare, "--user", "true"), nobody)); r.status != 0 {
		t.Skipf("wanted a user namespace for a user: %s", r.stderr)
	}
	target := as(command(t, unshare, "--user", "--map-root-user", cat), nobody)
	stdin, err := target.StdinPipe()
	if err == nil {
		err = target.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	pid := fmt.Sprint(target.Process.Pid)
	eventually(t, "cat runs", func() bool {
		comm, _ := os.ReadFile("/proc/" + pid + "/comm")
		return string(comm) == "cat\n"
	})
	r := begin(t, command(t, setpriv, append([]string{"--bounding-set=-all,+bpf,+perfmon", capAuditPath},
		withBackend("-j", "--pid", pid)...)...))
	r.watched()
	stdin.Close()
	target.Wait()
	if d := r.document(); d.Application.Comm != "cat" || !d.Target.UserNamespace {
		t.Errorf("application %+v, target %+v", d.Application, d.Target)
	}
}

// v1Group is one of the old kind, "" where there is none.
func v1Group() string {
	for _, controller := range []string{"pids", "memory", "cpu", "freezer"} {
		path := filepath.Join("/sys/fs/cgroup", controller)
		var stat unix.Statfs_t
		if unix.Statfs(path, &stat) == nil && stat.Type == unix.CGROUP_SUPER_MAGIC {
			return path
		}
	}
	return ""
}

// A process that has ended, and only has to be reaped, is nothing to watch.
func TestZombieIsNotWatched(t *testing.T) {
	t.Parallel()
	zombie := command(t, "/bin/true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer zombie.Wait()
	eventually(t, "it is a zombie", func() bool { return processState(zombie.Process.Pid) == 'Z' })
	r := finish(t, capAudit(t, "-j", "-p", fmt.Sprint(zombie.Process.Pid)))
	if r.status != 1 || len(r.stdout) != 0 || !strings.Contains(string(r.stderr), "has ended") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}
