package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unshared is a cap-audit in namespaces of its own.
func unshared(t *testing.T, flags []string, arguments ...string) result {
	t.Helper()
	unshare := tool(t, "unshare")
	if r := finish(t, command(t, unshare, append(flags, "--", "true")...)); r.status != 0 {
		t.Skipf("wanted unshare %s to work: %s", strings.Join(flags, " "), r.stderr)
	}
	line := append(append(slices.Clone(flags), "--", capAuditPath), withBackend(arguments...)...)
	return finish(t, command(t, unshare, line...))
}

// In a pid namespace the pids are its own, and no stranger with the same
// number outside is taken for the target.
func TestPIDNamespace(t *testing.T) {
	t.Parallel()
	r := unshared(t, []string{"--pid", "--fork", "--mount-proc"},
		"-j", "-v", "--", tool(t, "sh"), "-c", "echo $$ >&2; exec "+built("tree")+" fork 50")
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	d := decode(t, r.stdout)
	d.wholeAndConsistent(t)
	d.counted(t, chroots(50))
	if !strings.Contains(string(r.stderr), "\n"+strconv.Itoa(d.Application.PID)+"\n") {
		t.Errorf("application.pid %d is not what the target printed:\n%s", d.Application.PID, r.stderr)
	}
	pids := map[string]bool{}
	for _, line := range verboseLines(t, string(r.stderr))["[CAP]"] {
		if strings.Contains(line, "cap=sys_chroot") {
			pids[strings.TrimPrefix(strings.Fields(line)[1], "pid=")] = true
		}
	}
	if len(pids) != 50 {
		t.Errorf("sys_chroot was asked for by %d pids, wanted 50", len(pids))
	}
	for pid := range pids {
		// the namespace has had some sixty processes
		if n, _ := strconv.Atoi(pid); n <= d.Application.PID || n > d.Application.PID+1000 {
			t.Errorf("pid %s is no child's of %d in this namespace", pid, d.Application.PID)
		}
	}
}

// Daemons there become children of cap-audit as process 1 or as subreaper.
func TestPIDNamespaceFollow(t *testing.T) {
	t.Parallel()
	r := unshared(t, []string{"--pid", "--fork", "--mount-proc"}, "-j", "-f", "--", built("tree"), "daemon",
		"40")
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	d := decode(t, r.stdout)
	d.wholeAndConsistent(t)
	d.counted(t, chroots(40))
}

// A user namespace that the target makes is its own: what it is granted there
// needs no grant on the host, and does not hide the rest.
func TestUserNamespace(t *testing.T) {
	t.Parallel()
	unshare := tool(t, "unshare")
	if r := finish(t, command(t, unshare, "--user", "--map-root-user", "true")); r.status != 0 {
		t.Skipf("wanted user namespaces: %s", r.stderr)
	}
	d := audited(t, tool(t, "sh"), "-c",
		built("tree")+" loop 10; exec "+unshare+" --user --map-root-user "+built("tree")+" loop 5")
	if got := granted(d.Required)["sys_chroot"]; got != [2]uint64{10, 0} {
		t.Errorf("required sys_chroot %v, wanted 10; required %+v", got, d.Required)
	}
	if got := granted(d.Nested)["sys_chroot"]; got != [2]uint64{5, 0} {
		t.Errorf("nested sys_chroot %v, wanted 5; nested %+v", got, d.Nested)
	}
}

// The auditor is a program like any other, and both audits are exact.
func TestAuditOfAnAudit(t *testing.T) {
	t.Parallel()
	r := finish(t, capAudit(t, append(append([]string{"-v", "-j", "--", capAuditPath},
		withBackend("-o", "/dev/stderr", "-j", "--")...),
		built("tree"), "fork", "30")...))
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	outer := decode(t, r.stdout)
	outer.wholeAndConsistent(t)
	required := granted(outer.Required)
	for _, name := range []string{"bpf", "perfmon"} {
		if required[name][0] == 0 {
			t.Errorf("%s is not required: %v", name, required)
		}
	}
	if required["sys_chroot"] != [2]uint64{30, 0} {
		t.Errorf("the outer audit has sys_chroot %v, wanted 30", required["sys_chroot"])
	}
	// the inner document is among the lines of the outer one
	text := string(r.stderr)
	begins, ends := strings.Index(text, "\n{\n"), strings.LastIndex(text, "\n}\n")
	if begins < 0 || ends < begins {
		t.Fatalf("no document of the inner audit:\n%s", text)
	}
	var lines []string
	for _, line := range strings.Split(text[begins+1:ends+2], "\n") {
		if !strings.HasPrefix(line, "[") {
			lines = append(lines, line)
		}
	}
	inner := decode(t, []byte(strings.Join(lines, "\n")))
	inner.wholeAndConsistent(t)
	if diff := cmp.Diff(chroots(30), granted(inner.Required)); diff != "" {
		t.Errorf("required in the inner audit (-want +got):\n%s", diff)
	}
	t.Logf("an audit requires %v", outer.Recommended)
}
