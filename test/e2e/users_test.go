package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// An ordinary user can audit with a cap-audit that has the privileges from its
// file. None of them reaches the target.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	show := installed(t, dir, built("show"), 0o755)
	tree := installed(t, dir, built("tree"), 0o755)

	r := finish(t, as(command(t, auditor, withBackend("-j", "--", show, "caps")...), nobody))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	for _, set := range []string{"effective", "permitted", "inheritable", "ambient"} {
		if !strings.Contains(string(r.stderr), "caps "+set+" 0000000000000000\n") {
			t.Errorf("the target's %s set is not empty:\n%s", set, r.stderr)
		}
	}
	d := documentOf(t, as(command(t, auditor, withBackend("-j", "--", tree, "fork", "20")...), nobody))
	d.wholeAndConsistent(t)
	if diff := cmp.Diff(tally{"sys_chroot": {0, 20}}, refused(d.Denied)); diff != "" {
		t.Errorf("refused capabilities (-want +got):\n%s", diff)
	}
	// the bounding set is the user's own, not a consequence of the audit
	direct := finish(t, as(command(t, show, "caps"), nobody))
	if !strings.Contains(string(r.stderr), string(direct.stdout)) {
		t.Errorf("the target's capabilities under audit:\n%s\nand directly:\n%s", r.stderr, direct.stdout)
	}
}

// Without them there is one line that says which are missing and how to give
// them.
func TestOrdinaryUserWithoutPrivileges(t *testing.T) {
	t.Parallel()
	dir := publicDir(t)
	auditor := installed(t, dir, capAuditPath, 0o755)
	for _, arguments := range [][]string{{"--", "true"}, {"-j", "--", "true"}} {
		r := finish(t, as(command(t, auditor, withBackend(arguments...)...), nobody))
		line := oneError(t, withoutProgress(r.stderr))
		for _, want := range []string{"CAP_BPF", "CAP_PERFMON", "root", "setcap"} {
			if !strings.Contains(line, want) {
				t.Errorf("%q does not say %q", line, want)
			}
		}
		if r.status != 1 || strings.Contains(string(r.stdout), "{") {
			t.Errorf("status %d, on standard output %q", r.status, r.stdout)
		}
	}
}

// What is missing is named, and what is there is not.
func TestOrdinaryUserWithSomePrivileges(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := installed(t, dir, capAuditPath, 0o755)
	setFileCaps(t, auditor, unix.CAP_PERFMON)
	r := finish(t, as(command(t, auditor, withBackend("-o", "/dev/null", "--", "true")...), nobody))
	line := oneError(t, r.stderr)
	if r.status != 1 || !strings.Contains(line, "lacks CAP_BPF:") {
		t.Errorf("status %d, %q does not name bpf alone", r.status, line)
	}
}

// The audit of an ordinary user sees that user's tree and nothing else of the
// machine.
func TestOrdinaryUserSeesOwnTreeOnly(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	listen := installedAs(t, filepath.Join(dir, rolePrefix+"listen"), self, 0o755)
	r := begin(t, as(command(t, auditor, withBackend("-j", "--", listen)...), nobody))
	r.await("^ready$")
	// meanwhile root makes checks enough
	if other := finish(t, command(t, built("tree"), "fork", "200")); other.status != 0 {
		t.Fatalf("tree: %s", other.stderr)
	}
	r.stdin.Close()
	d := r.document()
	d.wholeAndConsistent(t)
	if len(d.Required) != 0 || len(d.Denied) != 0 {
		t.Errorf("required %+v, refused %+v", d.Required, d.Denied)
	}
}

// The kernel and libc distrust the environment of a program with privileges.
// The target has none, and gets all of it.
func TestOrdinaryUserEnvironment(t *testing.T) {
	t.Parallel()
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	show := installed(t, dir, built("show"), 0o755)
	env := []string{"PATH=/usr/bin:/bin", "TMPDIR=/var/tmp", "LD_LIBRARY_PATH=/nowhere", "MALLOC_TRACE=x",
		"GODEBUG=inittrace=1", "GOGC=off", "GOMAXPROCS=none", "B=1"}
	direct := as(command(t, show, "env"), nobody)
	direct.Env = env
	audited := as(command(t, auditor, withBackend("-o", "/dev/null", "--", show, "env")...), nobody)
	audited.Env = env
	want, r := finish(t, direct), finish(t, audited)
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	var got strings.Builder
	for line := range strings.Lines(string(r.stdout)) {
		if strings.HasPrefix(line, "env ") {
			got.WriteString(line)
		}
	}
	if diff := cmp.Diff(string(want.stdout), got.String()); diff != "" {
		t.Errorf("environment (-direct +audited):\n%s", diff)
	}
	// as Go's runtime would have said at the wish of GODEBUG
	if strings.Contains(string(r.stderr), "init runtime @") {
		t.Errorf("cap-audit's own runtime heeds the caller's environment:\n%s", r.stderr)
	}
}
