package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// workingBackends asks cap-audit which of them this kernel lets it use.
func workingBackends(t *testing.T) []string {
	out, err := exec.Command(capAuditPath, "--probe", "-j").Output()
	if err != nil {
		t.Fatalf("--probe: %v", err)
	}
	var probe struct {
		Backends []struct {
			Name  string
			Works bool
		}
	}
	if err := json.Unmarshal(out, &probe); err != nil {
		t.Fatal(err)
	}
	var works []string
	for _, b := range probe.Backends {
		if b.Works {
			works = append(works, b.Name)
		}
	}
	return works
}

// unseen is what each backend cannot know: the names that limits begins with.
var unseen = map[string][]string{
	"fentry":     {"inlined"},
	"tracepoint": {"options", "lsm"},
	"kprobe":     {"inlined"},
}

// comparedBackends are those whose answers must be the same. Where the suite is
// run once for each, they are compared beside fentry, which sees most.
func comparedBackends(t *testing.T) []string {
	t.Helper()
	if backend != "" && backend != "fentry" {
		t.Skipf("wanted the run for fentry, in which all backends are compared, this is the one for %s",
			backend)
	}
	backends := workingBackends(t)
	if len(backends) < 2 {
		t.Skipf("wanted two backends to compare, there is %v", backends)
	}
	return backends
}

// TestBackendsAgree compares the whole documents of every backend, but for
// what names the backend and the process, on a shell that runs the programs of
// all capabilities one after another.
func TestBackendsAgree(t *testing.T) {
	t.Parallel()
	backends := comparedBackends(t)
	all := []string{tool(t, "sh"), "-c", `need=$1; shift; for mode; do "$need" "$mode" 3; done; :`, "sh",
		installed(t, publicDir(t), built("need"), 0o755)}
	for _, mode := range modes(t) {
		all = append(all, mode.name)
	}
	t.Run("granted", func(t *testing.T) { agree(t, backends, all...) })
	t.Run("refused", func(t *testing.T) { agree(t, backends, asNobody(t, all...)...) })
}

// TestBackendsAgreeOneByOne: the same, an audit a capability.
func TestBackendsAgreeOneByOne(t *testing.T) {
	t.Parallel()
	backends := comparedBackends(t)
	need := installed(t, publicDir(t), built("need"), 0o755)
	for _, mode := range modes(t) {
		t.Run(mode.name, func(t *testing.T) { agree(t, backends, need, mode.name, "3") })
		t.Run(mode.name+" refused", func(t *testing.T) {
			agree(t, backends,
				asNobody(t, need, mode.name, "3")...)
		})
	}
}

// TestBackendsAgreeOnTrees: the same for processes and threads that come and
// go one after another, so that what is counted does not depend on a race.
func TestBackendsAgreeOnTrees(t *testing.T) {
	t.Parallel()
	backends := comparedBackends(t)
	for _, arguments := range [][]string{
		{"loop", "5000"}, {"fork", "200"}, {"deep", "20"}, {"thread-exec", "50"}, {"vfork", "50"},
		{"pidns", "50"}, {"drop", "30", "7"},
	} {
		t.Run(arguments[0], func(t *testing.T) {
			agree(t, backends, append([]string{built("tree")}, arguments...)...)
		})
	}
}

// TestBackendsAgreeAttached: the same for processes that ran before the audit.
// All backends watch them at once.
func TestBackendsAgreeAttached(t *testing.T) {
	t.Parallel()
	backends := comparedBackends(t)
	c := startCrowd(t, nil)
	var audits []*running
	for _, b := range backends {
		r := begin(t, command(t, capAuditPath, "--backend", b, "--no-static", "-j", "--pid",
			fmt.Sprint(c.Process.Pid)))
		r.watched()
		audits = append(audits, r)
	}
	c.finish(t)
	var first map[string]any
	for i, r := range audits {
		end := r.end()
		if d := decode(t, end.stdout); d.missesChecks() {
			d.counted(t, chroots(16*checksOfCrowd))
			continue
		}
		first = sameAs(t, first, backends[i], end)
	}
}

// agree audits a command with each backend.
func agree(t *testing.T, backends []string, target ...string) {
	t.Helper()
	var first map[string]any
	for _, b := range backends {
		first = sameAs(t, first, b, auditedWholly(t, b, target...))
	}
}

// auditedWholly audits a command, and once more where the kernel says that it
// missed checks: then there is nothing to compare.
func auditedWholly(t *testing.T, backend string, target ...string) result {
	t.Helper()
	for range 5 {
		cmd := command(t, capAuditPath, append([]string{"--backend", backend, "--no-static", "-j", "--"},
			target...)...)
		cmd.Env = needEnv(t)
		if r := finish(t, cmd); r.status != 0 || !decode(t, r.stdout).missesChecks() {
			return r
		}
	}
	t.Fatalf("%s misses checks each time", backend)
	return result{}
}

// sameAs compares a backend's document with the first one, which it returns.
func sameAs(t *testing.T, first map[string]any, backend string, r result) map[string]any {
	t.Helper()
	document := comparable(t, backend, r)
	if first == nil {
		return document
	}
	if diff := cmp.Diff(first, document); diff != "" {
		t.Errorf("- the first backend, + %s\n%s", backend, diff)
	}
	return first
}

// comparable is a document without what has to differ between two runs.
func comparable(t *testing.T, backend string, r result) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(r.stdout, &document); err != nil {
		t.Fatalf("%v\n%s", err, r.stderr)
	}
	delete(document["application"].(map[string]any), "pid")
	if ended, ok := document["ended_after_refusal"].(map[string]any); ok {
		delete(ended, "pid")
	}
	leaveOut(document)
	if document["backend"] != backend {
		t.Errorf("backend %v, wanted %s", document["backend"], backend)
	}
	var limits []string
	for _, l := range document["limits"].([]any) {
		name, _, _ := strings.Cut(l.(string), ":")
		limits = append(limits, name)
	}
	if diff := cmp.Diff(unseen[backend], limits); diff != "" {
		t.Errorf("limits of %s (-want +got):\n%s", backend, diff)
	}
	for _, key := range []string{"backend", "limits", "missed_exits"} {
		delete(document, key)
	}
	return document
}

// TestOtherSyscallTables: numbers mean other calls in the 32-bit tables.
func TestOtherSyscallTables(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"int80", "int80-i386", "int80-arm"} {
		t.Run(name, func(t *testing.T) {
			needsOtherTable(t, name)
			d := audited(t, built(name))
			if len(d.Required) != 1 || d.Required[0].Name != "sys_chroot" ||
				d.Required[0].Checks.Granted != 3 {
				t.Fatalf("required: %+v", d.Required)
			}
			if got := d.Required[0].Reason; !strings.HasPrefix(got, "Used by chroot") {
				t.Errorf("reason: %q", got)
			}
			if made := d.Programs[0].Syscalls; !ofOtherTable(made, "chroot", "execve") {
				t.Errorf("system calls: %v", made)
			}
		})
	}
}

// needsOtherTable is for a program that makes system calls of the 32-bit table.
func needsOtherTable(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(built(name)); err != nil {
		t.Skipf("wanted %s, which is built for one architecture, there is none: %v", name, err)
	}
	// without the 32-bit entry the kernel kills it, or cannot execute it at all
	err := exec.Command(built(name)).Run()
	if err != nil && os.Getenv("CAP_AUDIT_VM") != "" {
		t.Fatalf("the kernels of the VMs all have the 32-bit system call entry, but %s ends with: %v", name,
			err)
	}
	if err != nil {
		t.Skipf("wanted a kernel with the 32-bit system call entry, there %s ends with: %v", name, err)
	}
}

// ofOtherTable says whether these calls were made, and no others, by numbers that are not the kernel's
// native ones.
func ofOtherTable(made []string, want ...string) bool {
	var names []string
	for _, call := range made {
		table, name, ok := strings.Cut(call, ":")
		if !ok || table == "" {
			return false
		}
		names = append(names, name)
	}
	return slices.Equal(names, want)
}

// TestExecAcrossTables: exec begins with the numbers of one program and ends with those of another.
func TestExecAcrossTables(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"int80-i386", "int80-arm"} {
		t.Run(name, func(t *testing.T) {
			needsOtherTable(t, name)
			dir := t.TempDir()
			if err := os.Symlink(built("tiny"), filepath.Join(dir, "next")); err != nil {
				t.Fatal(err)
			}
			d := audited(t, tool(t, "sh"), "-c", `cd "$0" && exec "$1"`, dir, built(name))
			shell := d.ran(t, "/sh").Syscalls
			if !slices.Contains(shell, "execve") || strings.Contains(strings.Join(shell, " "), ":") {
				t.Errorf("system calls of a shell: %v", shell)
			}
			if made := d.ran(t, name).Syscalls; !ofOtherTable(made, "chroot", "execve") {
				t.Errorf("system calls of %s: %v", name, made)
			}
			if made := d.ran(t, "next").Syscalls; !slices.Equal(made, []string{"chroot"}) {
				t.Errorf("system calls of what %s executes: %v", name, made)
			}
		})
	}
}
