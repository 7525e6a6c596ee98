package tracer

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/test/machine"
)

const perl = "/usr/bin/perl"

// mapper is what Perl executes: it loads a module of C, maps the first file as code, the second to be
// read and makes it code, and the third as code before it is removed. Then it executes true in a
// child, says that it is done, and waits for a line.
func mapper(t *testing.T) (code string, first, second, third string) {
	t.Helper()
	if _, err := os.Stat(perl); err != nil {
		machine.Lacks(t, "wanted Perl: %v", err)
	}
	dir := t.TempDir()
	var names []any
	for _, name := range []string{"mapped", "protected", "removed"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, 4096), 0o755); err != nil {
			t.Fatal(err)
		}
		names = append(names, path)
	}
	code = fmt.Sprintf(`use POSIX; $| = 1; my ($mmap, $mprotect) = (%d, %d);
		sub place {
			open my $f, "<", $_[0] or die;
			my $at = syscall $mmap, 0, 4096, $_[1], 2, fileno $f, 0;
			$at == -1 and die;
			$at
		}
		place "%s", 5;
		syscall $mprotect, place("%s", 1), 4096, 5 and die;
		place "%s", 5;
		unlink "%[5]s";
		system "/bin/true";
		print "done\n";
		<STDIN>`,
		append([]any{unix.SYS_MMAP, unix.SYS_MPROTECT}, names...)...)
	return code, names[0].(string), names[1].(string), names[2].(string)
}

// traced skips where that is not possible here, and lets the rest of the test have its time.
func traced(t *testing.T, a *Audit, err error) *Audit {
	t.Helper()
	var failed *BackendError
	if errors.As(err, &failed) {
		t.Skipf("wanted a kernel that lets it be traced: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func canTrace(t *testing.T) {
	t.Helper()
	if missing := MissingPrivileges(); len(missing) > 0 {
		machine.Lacks(t, "wanted privileges to trace, %v are missing", missing)
	}
}

// indexOf is a program's.
func indexOf(t *testing.T, programs []audit.Program, base string) int {
	t.Helper()
	i := slices.IndexFunc(programs, func(p audit.Program) bool { return filepath.Base(p.Path) == base })
	if i < 0 {
		t.Fatalf("no program %s: %+v", base, programs)
	}
	return i
}

// pathsOf are the paths of code.
func pathsOf(p audit.Program) []string {
	var paths []string
	for _, f := range p.Code {
		paths = append(paths, f.Path)
	}
	return paths
}

func wantCode(t *testing.T, p audit.Program, paths ...string) {
	t.Helper()
	have := pathsOf(p)
	for _, path := range paths {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasSuffix(h, path) }) {
			t.Errorf("%s mapped code of %q, without %s", p.Path, have, path)
		}
	}
	if slices.Contains(have, p.Path) {
		t.Errorf("%s is among what it mapped besides: %q", p.Path, have)
	}
}

const moduleInC, libraryOfC = "/auto/POSIX/POSIX.so", "/libc.so.6"

func TestCodeOfCommand(t *testing.T) {
	canTrace(t)
	code, first, second, third := mapper(t)
	in, out := pipe(t), pipe(t)
	a, err := Start(Target{Path: perl, Argv: []string{"perl", "-e", code}, Stdin: in.read, Stdout: out.write},
		Options{Backends: Backends, Code: true})
	a = traced(t, a, err)
	in.read.Close()
	waited := make(chan error, 1)
	go func() { waited <- a.Wait(func(unix.WaitStatus) {}) }()
	defer func() {
		in.write.Close()
		if err := <-waited; err != nil {
			t.Error(err)
		}
	}()
	if line, err := bufio.NewReader(out.read).ReadString('\n'); err != nil || line != "done\n" {
		t.Fatalf("%q, %v", line, err)
	}
	programs, err := a.Programs()
	if err != nil {
		t.Fatal(err)
	}
	i := indexOf(t, programs, "perl")
	wantCode(t, programs[i], first, second, third, moduleInC)
	other := programs[indexOf(t, programs, "true")]
	wantCode(t, other, libraryOfC)
	if slices.Contains(pathsOf(other), first) {
		t.Errorf("%s has the code of who executed it: %q", other.Path, pathsOf(other))
	}
	for _, file := range programs[i].Code {
		f, err := a.OpenCode(i, file)
		if err != nil {
			t.Errorf("%+v: %v", file, err)
			continue
		}
		opens(t, f, file.Inode)
	}
	observed, err := askedAtOnce(a)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, observed.Programs[i], first, second, third, moduleInC)
	if observed.Losses.Code != 0 {
		t.Errorf("%d files of code were lost", observed.Losses.Code)
	}
}

// askedAtOnce observes while others ask for the programs.
func askedAtOnce(a *Audit) (*audit.Observation, error) {
	const others = 4
	failures := make(chan error, others)
	for range others {
		go func() {
			_, err := a.Programs()
			_, failed := a.Progress()
			failures <- errors.Join(err, failed)
		}()
	}
	o, err := a.Observe()
	for range others {
		err = errors.Join(err, <-failures)
	}
	return o, err
}

// opens fails unless a file is that inode, and closes it.
func opens(t *testing.T, f *os.File, inode uint64) {
	t.Helper()
	defer f.Close()
	var info unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &info); err != nil || info.Ino != inode {
		t.Errorf("%s: inode %d, wanted %d, %v", f.Name(), info.Ino, inode, err)
	}
}

type ends struct{ read, write *os.File }

func pipe(t *testing.T) ends {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return ends{r, w}
}

// A file that only the program sees is opened by way of the program, as long as that lives.
func TestCodeElsewhere(t *testing.T) {
	canTrace(t)
	code, first, _, _ := mapper(t)
	dir := filepath.Dir(first)
	mount := exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "none", dir)
	if out, err := mount.CombinedOutput(); err != nil {
		machine.Lacks(t, "wanted to mount in a namespace: %v, %s", err, out)
	}
	script := `mount -t tmpfs none "$0" && cd "$0" &&
		head -c 4096 /dev/zero | tee mapped protected >removed && exec /usr/bin/perl -e "$1"`
	in, out := pipe(t), pipe(t)
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Start(Target{Path: unshare, Argv: []string{"unshare", "-m", "sh", "-c", script, dir, code},
		Stdin: in.read, Stdout: out.write}, Options{Backends: Backends, Code: true})
	a = traced(t, a, err)
	waited := make(chan error, 1)
	go func() { waited <- a.Wait(func(unix.WaitStatus) {}) }()
	if line, err := bufio.NewReader(out.read).ReadString('\n'); err != nil || line != "done\n" {
		t.Fatalf("%q, %v", line, err)
	}
	programs, err := a.Programs()
	if err != nil {
		t.Fatal(err)
	}
	i := indexOf(t, programs, "perl")
	wantCode(t, programs[i], first)
	file := programs[i].Code[slices.Index(pathsOf(programs[i]), first)]
	f, err := a.OpenCode(i, file)
	if err != nil {
		t.Fatal(err)
	}
	opens(t, f, file.Inode)
	in.write.Close()
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if f, err := a.OpenCode(i, file); !errors.Is(err, errGone) {
		t.Errorf("what went with the program: %v, %v", f, err)
	}
}

// What ran before the audit has mapped its code before; and where the ends of system calls are not
// seen, what it maps later is found, too.
func TestCodeOfProcess(t *testing.T) {
	canTrace(t)
	for _, sampled := range []bool{false, true} {
		t.Run(fmt.Sprintf("sampled %t", sampled), func(t *testing.T) {
			if err := CanSample(); sampled && err != nil {
				t.Skipf("wanted a kernel that can sample: %v", err)
			}
			code, first, second, third := mapper(t)
			late := filepath.Join(t.TempDir(), "late")
			if err := os.WriteFile(late, make([]byte, 4096), 0o755); err != nil {
				t.Fatal(err)
			}
			code += fmt.Sprintf(`; place("%s", 5); system "/bin/true"; print "done\n"; <STDIN>`, late)
			cmd := exec.Command(perl, "-e", code)
			in, out := pipe(t), pipe(t)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in.read, out.write, os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { in.write.Close(); cmd.Wait() }()
			answers := bufio.NewReader(out.read)
			if line, err := answers.ReadString('\n'); err != nil || line != "done\n" {
				t.Fatalf("%q, %v", line, err)
			}
			a, err := Adopt(Running{PID: cmd.Process.Pid},
				Options{Backends: Backends, Code: true, Sampled: sampled})
			a = traced(t, a, err)
			programs, err := a.Programs()
			if err != nil {
				t.Fatal(err)
			}
			i := indexOf(t, programs, "perl")
			wantCode(t, programs[i], first, second, third, moduleInC)
			fmt.Fprintln(in.write)
			if line, err := answers.ReadString('\n'); err != nil || line != "done\n" {
				t.Fatalf("%q, %v", line, err)
			}
			observed, err := a.Observe()
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, observed.Programs[i], first, second, third, moduleInC, late)
			// which has ended
			wantCode(t, observed.Programs[indexOf(t, observed.Programs, "true")], libraryOfC)
			if observed.Losses.Code != 0 {
				t.Errorf("%d files of code were lost", observed.Losses.Code)
			}
			f, err := a.OpenProgram(i)
			if err != nil {
				t.Fatal(err)
			}
			var info unix.Stat_t
			if err := unix.Stat(perl, &info); err != nil {
				t.Fatal(err)
			}
			opens(t, f, info.Ino)
		})
	}
}

// Who was not looked at yet comes first, then, where that is wanted, the others in turn.
func TestWhoseCodeIsLookedAt(t *testing.T) {
	living := []runs{{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 3}}
	for again, rounds := range map[bool]string{true: "[1 2] [3 4] [5 1] [2 3] [4 5] [1 2]",
		false: "[1 2] [3 4] [5] [] [] []"} {
		var c codeSeen
		var chosen []string
		for range 6 {
			var pids []int
			for _, r := range c.choose(living, living, 2, again) {
				pids = append(pids, r.pid)
				c.keep(r, []mapsLine{{id: fileID{inode: 7}, name: "/lib"}})
			}
			chosen = append(chosen, fmt.Sprint(pids))
		}
		if got := strings.Join(chosen, " "); got != rounds {
			t.Errorf("again %t: %s, wanted %s", again, got, rounds)
		}
	}
	var c codeSeen
	c.choose(living, living, 2, false)
	if c.lost() != 3 {
		t.Errorf("%d are not known, wanted those 3 that were not looked at", c.lost())
	}
	// another program, in a process that was looked at
	c.keep(runs{1, 1}, []mapsLine{{id: fileID{inode: 7}}})
	if got := c.choose([]runs{{1, 2}}, []runs{{1, 2}}, 2, false); len(got) != 1 {
		t.Errorf("chosen: %v", got)
	}
}

// What is not known of code is told, and what there is no room for is not kept.
func TestCodeNotKnown(t *testing.T) {
	programs := map[uint32]kernelProgram{0: {}, 1: {ran: 1}, 2: {}, 3: {ran: 1}}
	var c codeSeen
	c.choose(nil, nil, 1, false)
	c.keep(runs{1, 1}, nil)
	c.keep(runs{2, 3}, []mapsLine{{id: fileID{inode: 7}}})
	c.judge(programs)
	if c.lost() != 1 {
		t.Errorf("%d lost, wanted the program that ran and showed nothing", c.lost())
	}
	many := make([]mapsLine, mostCode+3)
	for i := range many {
		many[i].id.inode = uint64(i + 1)
	}
	c.keep(runs{3, 2}, append(many, mapsLine{name: "[vdso]"}))
	c.keep(runs{3, 2}, many)
	if c.lost() != 5 || len(c.files) != mostCode {
		t.Errorf("%d lost, %d kept, wanted 5 and %d", c.lost(), len(c.files), mostCode)
	}
}

// A file that is gone, or whose place another has, is not opened.
func TestGoneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "library")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var info unix.Stat_t
	if err := unix.Stat(path, &info); err != nil {
		t.Fatal(err)
	}
	id := fileID{inode: info.Ino, device: unix.Major(info.Dev)<<20 | unix.Minor(info.Dev)}
	f, err := openFirst(id, seenBy(path, os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	opens(t, f, info.Ino)
	id.inode++
	if _, err := openFirst(id, seenBy(path, os.Getpid())); !errors.Is(err, errGone) {
		t.Errorf("another file: %v", err)
	}
	a := &Audit{process: &process{pid: os.Getpid()}}
	_, err = a.OpenCode(1, codeFile(id, path+".so", true))
	if !errors.Is(err, errGone) || !strings.Contains(err.Error(), path+".so") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// Of a script the file is an interpreter, whose path its first line has.
func TestInterpretersOf(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"outer": "#!" + dir + "/inner -x\n", "inner": "#! /bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got := interpretersOf(location{"/proc/self/root", dir + "/outer"})
	var want []location
	for _, path := range []string{dir + "/outer", dir + "/inner", "/bin/sh"} {
		want = append(want, location{"/proc/self/root", path})
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, wanted %q", got, want)
	}
}
