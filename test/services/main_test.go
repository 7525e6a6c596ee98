// Package services audits services of a system that systemd runs, limits them
// to what was found, and sees whether they still work. It restarts services and
// changes their configuration: it is for the throw-away machines of test/vm
// (test/vm/systemd.sh), where CAP_AUDIT_VM is set.
//
//	CAP_AUDIT           the binary
//	CAP_AUDIT_PROGRAMS  the C programs
package services

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for a fact. It only decides how soon a failure is
// seen, so it suits an emulated machine.
const patience = 2 * time.Minute

var (
	capAuditPath = os.Getenv("CAP_AUDIT")
	needPath     = filepath.Join(os.Getenv("CAP_AUDIT_PROGRAMS"), "need")
)

func TestMain(m *testing.M) {
	if os.Getenv("CAP_AUDIT_VM") == "" {
		fmt.Println("skipped, the whole suite of services: wanted a machine to throw away, made by " +
			"test/vm/run -s, with CAP_AUDIT_VM set")
		os.Exit(0)
	}
	for _, file := range []string{"/run/systemd/system", capAuditPath, needPath} {
		if _, err := os.Stat(file); err != nil {
			fmt.Println("FAIL: wanted systemd as the first process, CAP_AUDIT and CAP_AUDIT_PROGRAMS, there "+
				"is:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// result is how a command ended and what it wrote.
type result struct {
	status         int
	stdout, stderr string
}

// run runs a command to its end.
func run(t *testing.T, path string, arguments ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, arguments...)
	cmd.WaitDelay = patience
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must is run for commands that have to succeed; it returns what they print.
func must(t *testing.T, path string, arguments ...string) string {
	t.Helper()
	r := run(t, path, arguments...)
	if r.status != 0 {
		t.Fatalf("%s %q: status %d\n%s%s", path, arguments, r.status, r.stdout, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

func systemctl(t *testing.T, arguments ...string) string {
	t.Helper()
	return must(t, "systemctl", arguments...)
}

// document is what the tests read of a report.
type document struct {
	Application struct {
		PID  int
		Comm string
	}
	Recommended []string `json:"recommended_capabilities"`
	Required    []struct {
		Name      string
		CallSites []struct {
			Function, Syscall string
			Objects           []struct{ Text string }
		} `json:"call_sites"`
	} `json:"required_capabilities"`
	Without  []withoutOne
	Complete bool
	Target   struct {
		Kind, Name, Cgroup string
	}
	Programs []struct {
		Path           string
		Needs, Refused []string
	}
}

// withoutOne is how to do without a capability.
type withoutOne struct {
	Name string
	Ways []string
}

// audit runs an audit whose report has to be complete.
func audit(t *testing.T, arguments ...string) (document, result) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report")
	// to look at the code would take longer than most of these audits
	r := run(t, capAuditPath, append([]string{"-j", "--no-static", "-o", report}, arguments...)...)
	raw, err := os.ReadFile(report)
	if r.status != 0 || err != nil {
		t.Fatalf("%q: status %d, report %v\n%s%s%s", arguments, r.status, err, r.stdout, r.stderr, raw)
	}
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatalf("%q: not a JSON document: %v\n%s", arguments, err, raw)
	}
	if !d.Complete {
		t.Errorf("%q: not complete\n%s", arguments, raw)
	}
	return d, r
}

// simulate is what --service finds for a unit file, while the use is made of
// the program.
func simulate(t *testing.T, file, use string) []string {
	t.Helper()
	d, _ := audit(t, "--service", file, "--test", use)
	return d.Recommended
}

// without is a list without what is in the other.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

// unit writes a unit of the test's own. It is gone after the test.
func unit(t *testing.T, name, text string) {
	t.Helper()
	file(t, "/etc/systemd/system/"+name, text)
	t.Cleanup(func() { exec.Command("systemctl", "daemon-reload").Run() })
	systemctl(t, "daemon-reload")
}

// file is one that is gone after the test.
func file(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
}

// mainPID of an active unit, once that runs its own program: with Type=simple
// systemd calls a service started before it has executed that.
func mainPID(t *testing.T, unit string) int {
	t.Helper()
	pid, err := strconv.Atoi(systemctl(t, "show", "-P", "MainPID", unit))
	if err != nil || pid == 0 {
		t.Fatalf("%s has no main process: %d %v\n%s", unit, pid, err,
			run(t, "journalctl", "-u", unit, "-n", "20").stdout)
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err == nil && !strings.HasPrefix(filepath.Base(exe), "systemd") {
			return pid
		}
		if time.Now().After(limit) {
			t.Fatalf("the main process of %s runs %q (%v)", unit, exe, err)
		}
	}
}

// Sets of a process, as /proc names them.
const (
	bounding = "CapBnd"
	ambient  = "CapAmb"
)

// set reads one of a process's sets, by name of the capabilities.
func set(t *testing.T, pid int, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(name + `:\s*([0-9a-f]+)`).FindSubmatch(raw)
	if found == nil {
		t.Fatalf("no %s in %s", name, raw)
	}
	// 0x0000000000000400=cap_net_bind_service
	_, list, _ := strings.Cut(must(t, "capsh", "--decode="+string(found[1])), "=")
	names := []string{}
	for _, n := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		names = append(names, strings.TrimPrefix(n, "cap_"))
	}
	return names
}

// dropinPath is where --write-dropin writes.
func dropinPath(unit string) string { return "/etc/systemd/system/" + unit + ".d/50-cap-audit.conf" }

// watching is a cap-audit that watches, until it is ended.
type watching struct {
	*exec.Cmd
	stderr bytes.Buffer
	// output is what it prints from then on, to its end.
	output chan string
}

// watch starts an audit and returns once it watches.
func watch(t *testing.T, arguments ...string) *watching {
	t.Helper()
	w := &watching{Cmd: exec.CommandContext(t.Context(), capAuditPath, arguments...),
		output: make(chan string, 1)}
	w.Stderr = &w.stderr
	pipe, err := w.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(pipe)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%q: %v instead of a ready line; %v: %s", arguments, err, w.Wait(), w.stderr.String())
		}
		if strings.HasPrefix(line, "[*] Press Ctrl-C") {
			break
		}
	}
	go func() {
		rest, _ := io.ReadAll(lines)
		w.output <- string(rest)
	}()
	return w
}

// end waits for the audit's end and returns what it printed.
func (w *watching) end(t *testing.T) string {
	t.Helper()
	output := <-w.output
	if err := w.Wait(); err != nil {
		t.Fatalf("%q: %v\n%s%s", w.Args, err, output, w.stderr.String())
	}
	return output
}
