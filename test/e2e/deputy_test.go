package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// deputy is a cap-audit for ordinary users with more than it needs: who runs it
// must get nothing of that.
func deputy(t testing.TB) (dir, auditor string) {
	t.Helper()
	dir = privileged(t)
	auditor = installed(t, dir, capAuditPath, 0o755)
	setFileCaps(t, auditor, unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_PTRACE, unix.CAP_DAC_OVERRIDE)
	return dir, auditor
}

// closedPlace is a directory of root's alone, with a file and a program that all
// may read and execute who get there, and the path to it that cap_sys_ptrace
// opens: by the working directory of one of root's processes.
func closedPlace(t *testing.T, dir string) (place, entrance string) {
	t.Helper()
	place = filepath.Join(dir, "closed", "open")
	if err := errors.Join(os.Mkdir(filepath.Dir(place), 0o700), os.Mkdir(place, 0o755)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(place, "note"), "topsecret\n")
	write(t, filepath.Join(place, "x.service"), "[Service]\nExecStart=/x\nCapabilityBoundingSet=topsecret\n")
	installed(t, place, built("show"), 0o755)
	resident := command(t, "cat")
	resident.Dir = place
	stdin, err := resident.StdinPipe()
	if err == nil {
		err = resident.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		resident.Wait()
	})
	return place, "/proc/" + strconv.Itoa(resident.Process.Pid) + "/cwd"
}

// What is closed to a user stays closed, by whatever word on the command line it
// is named.
func TestDeputyOpensNothing(t *testing.T) {
	t.Parallel()
	dir, auditor := deputy(t)
	place, entrance := closedPlace(t, dir)
	for _, way := range []string{place, entrance} {
		for name, arguments := range map[string][]string{
			"command":    {"--", way + "/show", "caps"},
			"no program": {"--", way + "/note"},
			"policy":     {"--check", way + "/x.service", "--", "true"},
			"report":     {"--merge", way + "/note"},
			"list":       {"--diff", way + "/note", way + "/x.service"},
			"output":     {"-o", way + "/report", "--", "true"},
		} {
			t.Run(name, func(t *testing.T) {
				r := finish(t, as(command(t, auditor, withBackend(arguments...)...), nobody))
				if r.status == 0 {
					t.Errorf("%q succeeded", arguments)
				}
				said := string(r.stdout) + string(r.stderr)
				for _, sign := range []string{"topsecret", "caps effective", "not executable", "no report"} {
					if strings.Contains(said, sign) {
						t.Errorf("%q got to it:\n%s", arguments, said)
					}
				}
			})
		}
	}
	if _, err := os.Stat(filepath.Join(place, "report")); err == nil {
		t.Error("a report was written")
	}
}

// As set-user-ID or set-group-ID it does nothing at all.
func TestSetUserIDIsRefused(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	for name, mode := range map[string]uint32{"u": 0o4755, "g": 0o2755} {
		auditor := installedAs(t, filepath.Join(dir, name), capAuditPath, mode)
		r := finish(t, as(command(t, auditor, "--", "/bin/echo", "ran"), nobody))
		if line := oneError(t, r.stderr); r.status != 1 || len(r.stdout) != 0 ||
			!strings.Contains(line, "does not run set-user-ID") {
			t.Errorf("%s: status %d, %s%s", name, r.status, r.stdout, r.stderr)
		}
	}
}

// An order that cap-audit did not write is not carried out, and no stub has any
// privilege to do it with.
func TestForgedOrder(t *testing.T) {
	t.Parallel()
	dir, auditor := deputy(t)
	_, entrance := closedPlace(t, dir)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	forge := installedAs(t, filepath.Join(dir, rolePrefix+"forge"), self, 0o755)
	show := installed(t, dir, built("show"), 0o755)
	for name, order := range map[string]any{
		"a program": map[string]any{"Path": []byte(show), "Argv": raws("show", "caps")},
		"a directory": map[string]any{"Path": []byte("/bin/cat"), "Argv": raws("cat", "note"),
			"Dir": []byte(entrance)},
		"an identity": map[string]any{"Path": []byte(show), "Argv": raws("show", "caps"),
			"Identity": map[string]any{"UID": 0, "GID": 0}},
		"nonsense": "nonsense",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(order)
			if err != nil {
				t.Fatal(err)
			}
			r := finish(t, as(command(t, forge, auditor, string(text)), nobody))
			if r.status != 1 || len(r.stdout)+len(r.stderr) != 0 {
				t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
			}
		})
	}
}

// Of all privileged calls that an ordinary user's cap-audit makes, each is a step
// of tracing, with what that takes: cap-audit says so about itself.
func TestDeputyUnderAudit(t *testing.T) {
	t.Parallel()
	dir, auditor := deputy(t)
	_, entrance := closedPlace(t, dir)
	takes := map[string][]string{"bpf": {"bpf"}, "perfmon": {"bpf", "perf_event_open"}}
	target := installed(t, dir, built("tree"), 0o755)
	for name, arguments := range map[string][]string{
		"a policy that is closed": {"--check", entrance + "/x.service", "--", target},
		"an audit":                withBackend("-o", "/dev/null", "--", target, "fork", "3"),
		"a probe":                 {"--probe"},
	} {
		arguments = append([]string{"--as", "nobody", "-j", "--", auditor}, arguments...)
		d := documentOf(t, capAudit(t, arguments...))
		traced := !slices.Contains(arguments, "--check")
		if !d.Complete || len(d.Unasked) != 0 || len(d.Required) != 0 != traced {
			t.Errorf("%s: complete %t, unasked %+v, required %+v", name, d.Complete, d.Unasked, d.Required)
		}
		for _, c := range slices.Concat(d.Required, d.Advisory, d.Nested) {
			if c.Checks.Granted == 0 {
				continue
			}
			for _, site := range c.Sites {
				if !slices.Contains(takes[c.Name], site.Syscall) {
					t.Errorf("%s: %s was effective in %s (%s)", name, c.Name, site.Syscall, site.Function)
				}
			}
		}
	}
}

// What waits for a target has nothing effective, in none of its threads, and
// permitted only what it takes to read the counts.
func TestDeputyAtRest(t *testing.T) {
	t.Parallel()
	dir, auditor := deputy(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	listen := installedAs(t, filepath.Join(dir, rolePrefix+"listen"), self, 0o755)
	r := begin(t, as(command(t, auditor, withBackend("-v", "-o", "/dev/null", "--", listen)...), nobody))
	r.await("^ready$")
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(r.cmd.Process.Pid) + "/task/*/status")
	if err != nil || len(threads) < 2 {
		t.Fatal(threads, err)
	}
	for _, thread := range threads {
		status := readText(t, thread)
		for _, want := range []string{"\nCapEff:\t0000000000000000\n", "\nCapPrm:\t000000c000000000\n"} {
			if !strings.Contains(status, want) {
				t.Errorf("%s has no %q:\n%s", thread, want, status)
			}
		}
	}
	r.stdin.Close()
	if end := r.end(); end.status != 0 {
		t.Errorf("status %d: %s", end.status, end.stderr)
	}
}

// No path of the caller's is touched with a capability effective.
func TestDeputyUnderStrace(t *testing.T) {
	t.Parallel()
	strace := tool(t, "strace")
	dir, auditor := deputy(t)
	own := filepath.Join(dir, "callers")
	if err := os.Mkdir(own, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(own, 0o777); err != nil {
		t.Fatal(err)
	}
	target := installed(t, own, built("tree"), 0o755)
	write(t, filepath.Join(own, "x.service"),
		"[Service]\nExecStart=/x\nCapabilityBoundingSet=CAP_SYS_CHROOT\n")
	trace := filepath.Join(dir, "trace")
	r := finish(t, command(t, strace, slices.Concat([]string{"-f", "-qq", "-s", "4096", "-u", "nobody",
		"-e", "trace=%file,%process,capset", "-o", trace, auditor}, withBackend("-v", "--check",
		own+"/x.service", "-o", own+"/report", "--", target, "fork", "3"))...))
	if r.status != 3 { // the policy was read, and chroot refused
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	touched, raised := heldWhenTouched(t, trace, own)
	if touched == 0 || raised == 0 {
		t.Errorf("the trace is not understood: %d calls with a path of the caller's, capabilities raised %d "+
			"times", touched, raised)
	}
}

var (
	straceLine   = regexp.MustCompile(`^(\d+) +(.*)$`)
	straceChild  = regexp.MustCompile(`^(?:<\.\.\. )?(?:v?fork|clone3?)\b.* = (\d+)$`)
	straceRaises = regexp.MustCompile(`^capset\(.*\{effective=([^,]*),`)
)

// heldWhenTouched reads a trace and complains of calls that name something in a
// directory while their thread has capabilities effective. It counts such
// calls, and how often some were raised.
func heldWhenTouched(t *testing.T, trace, dir string) (touched, raised int) {
	t.Helper()
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	held, begun := map[string]bool{}, map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		parts := straceLine.FindStringSubmatch(lines.Text())
		if parts == nil {
			continue
		}
		thread, call := parts[1], parts[2]
		if strings.Contains(call, dir) && !strings.HasPrefix(call, "<...") {
			touched++
			if held[thread] {
				t.Errorf("with capabilities: %s", call)
			}
		}
		if child := straceChild.FindStringSubmatch(call); child != nil && !held[child[1]] {
			held[child[1]] = held[thread]
		}
		if strings.HasSuffix(call, "<unfinished ...>") {
			begun[thread] = call
			continue
		}
		if strings.HasPrefix(call, "<...") {
			call = begun[thread] + call
		}
		if sets := straceRaises.FindStringSubmatch(call); sets != nil {
			held[thread] = sets[1] != "0"
			if held[thread] {
				raised++
			}
		} else if strings.HasPrefix(call, "execve(") && strings.HasSuffix(call, " = 0") {
			// with what the file gives, if it is cap-audit's
			held[thread] = strings.Contains(call, "cap-audit")
		}
	}
	return touched, raised
}

// Who calls it by the name of the process that reads code gets one without privileges.
func TestDeputyAsAnalyst(t *testing.T) {
	t.Parallel()
	_, auditor := deputy(t)
	asked, ask, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ask.Close()
	cmd := as(command(t, auditor), nobody)
	cmd.Args[0] = "cap-audit: reading programs' code"
	cmd.ExtraFiles = []*os.File{asked}
	err = cmd.Start()
	asked.Close()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has no privileges, and can get none", func() bool {
		status, _ := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/status")
		return strings.Contains(string(status), "\nCapPrm:\t0000000000000000\n") &&
			strings.Contains(string(status), "\nNoNewPrivs:\t1\n")
	})
	ask.Close()
	if err := cmd.Wait(); err == nil {
		t.Error("it ended as if it had answered")
	}
}
