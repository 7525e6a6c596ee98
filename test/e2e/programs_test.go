package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// asNobody is a command line that goes on as a user without privileges.
func asNobody(t *testing.T, command ...string) []string {
	t.Helper()
	return append([]string{tool(t, "setpriv"), "--reuid", fmt.Sprint(nobody), "--regid", fmt.Sprint(nobody),
		"--clear-groups"}, command...)
}

// A program that brings its own privileges is audited with them, whoever runs
// it, and told apart from the one that ran it.
func TestPrivilegedPrograms(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	setuid := installedAs(t, filepath.Join(dir, "need-setuid"), built("need"), 0o4755)
	capable := installedAs(t, filepath.Join(dir, "need-capable"), built("need"), 0o755)
	setFileCaps(t, capable, unix.CAP_SYS_CHROOT)
	plain := installedAs(t, filepath.Join(dir, "need-plain"), built("need"), 0o755)
	for _, test := range []struct {
		name, path string
		status     int
		required   []string
		refused    []string
	}{
		{"setuid", setuid, 0, []string{"sys_chroot"}, []string{}},
		{"file-capabilities", capable, 0, []string{"sys_chroot"}, []string{}},
		{"none", plain, 1, []string{}, []string{"sys_chroot"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := audited(t, asNobody(t, test.path, "sys_chroot", "5")...)
			p := d.ran(t, "/"+filepath.Base(test.path))
			if diff := cmp.Diff(test.required, p.Required); diff != "" {
				t.Errorf("required by the program (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.refused, p.Refused); diff != "" {
				t.Errorf("refused to the program (-want +got):\n%s", diff)
			}
			if d.Exit.Status != test.status {
				t.Errorf("status %d, wanted %d", d.Exit.Status, test.status)
			}
			if test.status == 0 {
				if got := granted(d.Required)["sys_chroot"]; got != [2]uint64{5, 0} {
					t.Errorf("sys_chroot %v, wanted 5 grants", got)
				}
			}
			setpriv := d.ran(t, "/setpriv")
			for _, name := range []string{"setuid", "setgid"} {
				if !slices.Contains(setpriv.Required, name) {
					t.Errorf("setpriv needed %v, %s is not among them", setpriv.Required, name)
				}
			}
		})
	}
}

// The same without a way through root: an ordinary user's cap-audit.
func TestPrivilegedProgramsOfOrdinaryUser(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	setuid := installedAs(t, filepath.Join(dir, "need-setuid"), built("need"), 0o4755)
	capable := installedAs(t, filepath.Join(dir, "need-capable"), built("need"), 0o755)
	setFileCaps(t, capable, unix.CAP_SYS_CHROOT)
	for _, path := range []string{setuid, capable} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			d := documentOf(t, as(command(t, auditor, withBackend("-j", "--", path, "sys_chroot", "5")...),
				nobody))
			d.wholeAndConsistent(t)
			if diff := cmp.Diff(chroots(5), granted(d.Required)); diff != "" || d.Exit.Status != 0 {
				t.Errorf("status %d, required capabilities (-want +got):\n%s", d.Exit.Status, diff)
			}
		})
	}
}

// A script is the program, its interpreter only runs it.
func TestScript(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	path := script(t, filepath.Join(dir, "serve"),
		"#!/bin/sh\n"+built("tree")+" loop 3\n"+built("tree")+" loop 4\nexit 3\n")
	d := audited(t, path)
	if d.Application.Comm != path || d.Exit.Status != 3 {
		t.Errorf("comm %q, status %d; wanted %q, 3", d.Application.Comm, d.Exit.Status, path)
	}
	d.counted(t, chroots(7))
	if p := d.ran(t, "/tree"); p.Processes != 2 || !slices.Equal(p.Required, []string{"sys_chroot"}) {
		t.Errorf("%+v, wanted two processes that need sys_chroot", p)
	}
	if p := d.ran(t, "/serve"); len(p.Required) != 0 {
		t.Errorf("the script itself needed %v", p.Required)
	}
}

// Advice is in the language of the command, though the process is a Python.
func TestPythonScript(t *testing.T) {
	t.Parallel()
	interpreter := python(t)
	path := script(t, filepath.Join(publicDir(t), "serve"),
		"#!"+interpreter+"\nimport os\nfor i in range(9):\n    os.chroot('/')\n")
	d := audited(t, path)
	d.counted(t, chroots(9))
	text := finish(t, capAudit(t, "--", path))
	if text.status != 0 || !strings.Contains(string(text.stdout),
		"Programmatic solution (Python with python3-libcap-ng):") {
		t.Errorf("status %d, no advice for Python:\n%s%s", text.status, text.stdout, text.stderr)
	}
	text = finish(t, capAudit(t, "--", built("tree"), "loop", "1"))
	if text.status != 0 || !strings.Contains(string(text.stdout),
		"Programmatic solution (C with libcap-ng):") {
		t.Errorf("status %d, no advice for C:\n%s%s", text.status, text.stdout, text.stderr)
	}
}

// However the target ends, the audit succeeds and says how.
func TestTargetsEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		target         []string
		status, signal int
		line           string
	}{
		{[]string{"exit", "0"}, 0, 0, "[*] Application exited with status 0"},
		{[]string{"exit", "3"}, 3, 0, "[*] Application exited with status 3"},
		{[]string{"exit", "255"}, 255, 0, "[*] Application exited with status 255"},
		{[]string{"kill", "TERM"}, 0, int(unix.SIGTERM), "[*] Application terminated by signal 15"},
		{[]string{"kill", "SEGV"}, 0, int(unix.SIGSEGV), "[*] Application terminated by signal 11"},
		{[]string{"kill", "KILL"}, 0, int(unix.SIGKILL), "[*] Application terminated by signal 9"},
		{[]string{"kill", "PIPE"}, 0, int(unix.SIGPIPE), "[*] Application terminated by signal 13"},
	} {
		t.Run(strings.Join(test.target, "-"), func(t *testing.T) {
			r := finish(t, capAudit(t, append([]string{"-j", "--", built("show")}, test.target...)...))
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			d := decode(t, r.stdout)
			d.wholeAndConsistent(t)
			if d.Exit.Status != test.status || d.Exit.Signal != test.signal {
				t.Errorf("exit %+v, wanted status %d, signal %d", d.Exit, test.status, test.signal)
			}
			if !strings.Contains(string(r.stderr), test.line+"\n") {
				t.Errorf("no line %q in\n%s", test.line, r.stderr)
			}
		})
	}
}

// A target may stop itself and be continued by whoever likes.
func TestTargetStopsItself(t *testing.T) {
	t.Parallel()
	r := begin(t, capAudit(t, "-j", "--", built("show"), "stop"))
	pid := r.target()
	r.await("^stopping$")
	eventually(t, "the target is stopped", func() bool { return processState(pid) == 'T' })
	if state := processState(r.cmd.Process.Pid); state == 'T' || state == 'Z' || state == 0 {
		t.Errorf("cap-audit is in state %q", state)
	}
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.await("^continued$")
	d := r.document()
	d.wholeAndConsistent(t)
	if d.Application.PID != pid || d.Exit.Status != 0 || d.Exit.Signal != 0 {
		t.Errorf("pid %d, exit %+v; wanted %d, 0", d.Application.PID, d.Exit, pid)
	}
}

// The text report has the contract's parts in its order.
func TestTextReport(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, "--", built("tree"), "loop", "12"))
	if r.status != 0 || len(r.stderr) != 0 {
		t.Fatalf("status %d, on standard error %q", r.status, r.stderr)
	}
	expression := `(?s)\A` +
		`\[\*\] Capability auditor started\n` +
		`\[\*\] Tracing application: ` + regexp.QuoteMeta(built("tree")) + ` \(PID \d+\)\n` +
		`\[\*\] Press Ctrl-C to stop\n` +
		`\n\[\*\] Application exited with status 0\n` +
		`\[\*\] Analyzing results\.\.\.\n` +
		`=+\nCAPABILITY ANALYSIS FOR: ` + regexp.QuoteMeta(built("tree")) + ` \(PID \d+\)\n=+\n` +
		`.*\nSYSTEM CONTEXT:\n-+\n  Kernel version: \S+\n` +
		`.*\nREQUIRED CAPABILITIES:\n-+\n  sys_chroot \(#18\)\n    Checks: 12 granted, 0 denied\n    Reason: Used by chroot\n` +
		`.*\nCAPSET-ONLY CAPABILITIES:\n-+\n\s*None\n` +
		`.*\nCAPABILITY-RELATED SYSTEM CONTEXT:\n` +
		`.*\nCAPABILITIES WITH ONLY NOT-GRANTED CHECKS:\n` +
		`.*\nSUMMARY:\n-+\n  Total capability checks: \d+\n  Required capabilities: 1\n` +
		`.*  Capabilities with related system context: \d+\n  Successful capset calls: 0\n` +
		`  Capset-only capabilities: 0\n  Capabilities with only not-granted checks: 0\n` +
		`.*\nRECOMMENDATIONS:\n-+\n.*  Programmatic solution \(C with libcap-ng\):\n` +
		`.*  For systemd service:\n.*  For file capabilities \(via filecap\):\n.*  For Docker/Podman:\n.*  For Kubernetes:\n`
	if !regexp.MustCompile(expression).Match(r.stdout) {
		t.Errorf("not of the form\n%s\n\n%s", expression, r.stdout)
	}
}

// For the real-time class the kernel asks for sys_admin first, and sys_nice
// would do: that is recommended, and proves to be enough.
func TestLesserCapability(t *testing.T) {
	t.Parallel()
	ionice := tool(t, "ionice")
	r := finish(t, capAudit(t, "-j", "--verify", "--", ionice, "-c", "1", tool(t, "true")))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	d := decode(t, r.stdout)
	if _, asked := granted(d.Required)["sys_admin"]; !asked {
		t.Skipf("wanted a kernel that asks for sys_admin first, since 5.16; this one asks for %v",
			granted(d.Required))
	}
	if diff := cmp.Diff([]string{"sys_nice"}, d.Recommended); diff != "" {
		t.Errorf("recommended capabilities (-want +got):\n%s", diff)
	}
	var proof struct{ Verified *bool }
	if err := json.Unmarshal(r.stdout, &proof); err != nil || proof.Verified == nil || !*proof.Verified {
		t.Errorf("not verified: %v\n%s", err, r.stdout)
	}
}

// Of a path there is room for 255 bytes. Programs that differ behind that are
// programs of their own, and one of them is one, however often it runs.
func TestProgramsAlikeInTheirPaths(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	for len(dir) < 300 {
		dir = filepath.Join(dir, strings.Repeat("x", 50))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	one := installedAs(t, filepath.Join(dir, "one"), built("tree"), 0o755)
	two := installedAs(t, filepath.Join(dir, "two"), built("need"), 0o755)
	d := audited(t, "/bin/sh", "-c", fmt.Sprintf("%s loop 3; %s loop 4; %s sys_time; exit 0", one, one, two))
	if len(d.Programs) != 3 {
		t.Fatalf("programs: %+v", d.Programs)
	}
	for i, want := range []program{{Processes: 2, Required: []string{"sys_chroot"}},
		{Processes: 1, Required: []string{"sys_time"}}} {
		got := d.Programs[i+1]
		if got.Processes != want.Processes || !slices.Equal(got.Required, want.Required) ||
			!strings.HasPrefix(one, got.Path) || len(got.Path) < 240 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// Who executes itself by /proc/self/exe is the program that it was.
func TestExecutesItself(t *testing.T) {
	t.Parallel()
	shell := tool(t, "sh")
	d := audited(t, shell, "-c", `/proc/self/exe -c '"$0" sys_chroot 5' "$0"; "$0" sys_chroot 2; :`, built("need"))
	var paths []string
	for _, p := range d.Programs {
		paths = append(paths, p.Path)
	}
	if want := []string{shell, built("need")}; !slices.Equal(paths, want) {
		t.Errorf("programs %q, want %q", paths, want)
	}
}
