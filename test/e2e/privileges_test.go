package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onlyInVM keeps tests that change the whole machine's settings off real ones.
func onlyInVM(t *testing.T) {
	if os.Getenv("CAP_AUDIT_VM") == "" {
		t.Skip("wanted a throw-away VM, since settings of the machine are changed; there is a real one")
	}
}

// TestSettingsThatForbid runs cap-audit as an ordinary user with exactly
// CAP_BPF and CAP_PERFMON under the strictest settings: it works, or one line
// says what forbids it. Not beside others: the settings are the machine's.
func TestSettingsThatForbid(t *testing.T) {
	onlyInVM(t)
	dir := publicDir(t)
	binary := unprivilegedCapAudit(t, dir)
	tree := installed(t, dir, built("tree"), 0o755)
	set := func(t *testing.T, name, value string) (before string) {
		t.Helper()
		file := "/proc/sys/kernel/" + name
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Skipf("wanted %s, there is: %v", file, err)
		}
		if before = strings.TrimSpace(string(raw)); before != value {
			write(t, file, value)
		}
		return before
	}
	// what is chosen without --backend, too: it has to go on to a backend that may be used
	backends := []string{"auto"}
	if backend != "" {
		backends = append(backends, backend)
	}
	// 1 comes last: the kernel does not take it back (kernel/bpf/syscall.c, bpf_unpriv_handler)
	for _, disabled := range []string{"2", "1"} {
		for _, paranoid := range []string{"3", "4"} {
			for _, b := range backends {
				t.Run(fmt.Sprintf("unprivileged_bpf_disabled=%s perf_event_paranoid=%s %s", disabled,
					paranoid, b), func(t *testing.T) {
					set(t, "unprivileged_bpf_disabled", disabled)
					defer set(t, "perf_event_paranoid", set(t, "perf_event_paranoid", paranoid))
					defer set(t, "kptr_restrict", set(t, "kptr_restrict", "2"))
					r := finish(t, as(command(t, binary, "--backend", b, "-j", "--", tree, "loop", "5"),
						nobody))
					if r.status != 0 {
						// Debian's kernels want SYS_ADMIN for kprobes above 2
						only := os.Getenv("CAP_AUDIT_BACKENDS") == "kprobe"
						if line := oneError(t, withoutProgress(r.stderr)); b != "kprobe" && !only ||
							!strings.Contains(line, "perf_event_paranoid") {
							t.Fatalf("status %d: %s", r.status, line)
						}
						return
					}
					d := decode(t, r.stdout)
					if len(d.Denied) != 1 || d.Denied[0].Name != "sys_chroot" || d.Denied[0].NotGranted != 5 {
						t.Errorf("denied: %+v", d.Denied)
					}
				})
			}
		}
	}
}

// TestLockdown is for a boot with lockdown=integrity: that forbids writing to
// the kernel, not reading it, so everything works, for a user with the
// minimum of privileges as well. (Confidentiality: test/vm/refused.sh.)
func TestLockdown(t *testing.T) {
	t.Parallel()
	onlyInVM(t)
	const file = "/sys/kernel/security/lockdown"
	if mode, err := os.ReadFile(file); !strings.Contains(string(mode), "[integrity]") {
		t.Skipf("wanted a kernel booted with lockdown=integrity, %s says %q (%v)", file, mode, err)
	}
	d := audited(t, built("tree"), "fork", "20")
	if diff := cmp.Diff(chroots(20), granted(d.Required)); diff != "" {
		t.Errorf("root's required capabilities (-want +got):\n%s", diff)
	}
	dir := privileged(t)
	auditor := unprivilegedCapAudit(t, dir)
	tree := installed(t, dir, built("tree"), 0o755)
	d = documentOf(t, as(command(t, auditor, withBackend("-j", "--", tree, "fork", "20")...), nobody))
	d.wholeAndConsistent(t)
	if diff := cmp.Diff(tally{"sys_chroot": {0, 20}}, refused(d.Denied)); diff != "" {
		t.Errorf("nobody's refused capabilities (-want +got):\n%s", diff)
	}
}

// refusedByAppArmor is a copy of the program tree that AppArmor refuses CAP_SYS_CHROOT.
func refusedByAppArmor(t *testing.T) string {
	t.Helper()
	onlyInVM(t)
	if backend == "tracepoint" {
		t.Skip("wanted a backend that sees security_capable, there is tracepoint")
	}
	parser, err := exec.LookPath("apparmor_parser")
	if err != nil {
		t.Skip("wanted apparmor_parser, there is none")
	}
	const parameter = "/sys/module/apparmor/parameters/enabled"
	if enabled, _ := os.ReadFile(parameter); strings.TrimSpace(string(enabled)) != "Y" {
		t.Skipf("wanted AppArmor enabled, %s says %q", parameter, enabled)
	}
	// may be there already
	exec.Command("mount", "-t", "securityfs", "securityfs", "/sys/kernel/security").Run()

	program := installed(t, publicDir(t), built("tree"), 0o755)
	load := exec.Command(parser, "--replace", "--skip-cache")
	load.Stdin = strings.NewReader(program + " { file, capability, deny capability sys_chroot, }\n")
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("apparmor_parser: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		unload := exec.Command(parser, "--remove")
		unload.Stdin = strings.NewReader(program + " { }\n")
		unload.Run()
	})
	return program
}

// TestAppArmorRefuses: a capability that the sets hold and AppArmor refuses is
// told apart by the backends that see both.
func TestAppArmorRefuses(t *testing.T) {
	t.Parallel()
	d := audited(t, refusedByAppArmor(t), "loop", "6")
	if len(d.Required) != 0 || len(d.Denied) != 1 {
		t.Fatalf("required %+v, denied %+v", d.Required, d.Denied)
	}
	got := d.Denied[0]
	if got.Name != "sys_chroot" || got.NotGranted != 6 || got.LSMRefused != 6 ||
		got.Assessment != "permission_failure" {
		t.Errorf("denied: %+v", got)
	}
}
