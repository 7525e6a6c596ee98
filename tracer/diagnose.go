package tracer

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/btf"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/hint"
	"github.com/cap-audit/cap-audit/privilege"
)

// required is what tracing needs beside root's own way. Since 5.8 BPF and
// PERFMON stand in for SYS_ADMIN.
var required = []string{"bpf", "perfmon"}

// MissingPrivileges names the capabilities that tracing needs and this
// process lacks.
func MissingPrivileges() []string {
	permitted := privilege.Permitted()
	has := func(name string) bool {
		n, ok := capng.Number(name)
		return ok && permitted>>n&1 != 0
	}
	if has("sys_admin") {
		return nil
	}
	var missing []string
	for _, name := range required {
		if !has(name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// CheckPrivileges says which of these are missing, and where they come from.
func CheckPrivileges() error {
	missing := MissingPrivileges()
	if len(missing) == 0 {
		return nil
	}
	for i, name := range missing {
		n, _ := capng.Number(name)
		missing[i] = capng.Constant(n)
	}
	if os.Geteuid() == 0 {
		return fmt.Errorf("tracing lacks %s, though root runs it: a container takes --cap-add=BPF "+
			"--cap-add=PERFMON, and a service has them in CapabilityBoundingSet=",
			strings.Join(missing, " and "))
	}
	return fmt.Errorf("tracing lacks %s: run as root, or give cap-audit file capabilities with "+
		"setcap cap_bpf,cap_perfmon=ep", strings.Join(missing, " and "))
}

// Diagnose says in one line why no backend could be used and what to try, nil
// for errors of another kind.
func Diagnose(err error) error {
	failures := backendErrors(err)
	if len(failures) == 0 {
		return nil
	}
	if inUserNamespace() {
		err := errors.New("tracing does not work inside a user namespace: BPF needs its capabilities in " +
			"the initial one")
		return hint.Add(err, "run cap-audit outside, or in a container without a user namespace of its own")
	}
	if err := CheckPrivileges(); err != nil {
		return err
	}
	if _, err := os.Stat(btf.File); err != nil {
		return fmt.Errorf("this kernel (%s) has no type information in %s: boot one built with "+
			"CONFIG_DEBUG_INFO_BTF, or mount sysfs if it is missing", kernelRelease(), btf.File)
	}
	if tooOld() {
		return fmt.Errorf("Linux %s is too old: tracing a process tree needs task storage and "+
			"bpf_task_pt_regs, which Linux 5.15 has", kernelRelease())
	}
	var reasons []string
	for _, f := range failures {
		reasons = append(reasons, fmt.Sprintf("%s: %s", f.Backend, f.reason()))
	}
	err = fmt.Errorf("no way to watch capability checks works here: %s", strings.Join(reasons, "; "))
	return hint.Add(err, whatToTry(failures))
}

// whatToTry where nothing that a backend needs is missing, and yet none works.
func whatToTry(failures []*BackendError) string {
	if underSeccomp() {
		return "a seccomp filter is in force, as in containers: it has to permit bpf(2) and " +
			"perf_event_open(2)"
	}
	if lockdown() == "confidentiality" {
		return "kernel lockdown is in confidentiality mode, which forbids tracing: boot with " +
			"lockdown=integrity or without it"
	}
	if paranoid := sysctl("kernel.perf_event_paranoid"); paranoid > 2 && refusedToAttachKprobe(failures) {
		// a patch of Debian's and Ubuntu's kernels: above 2 CAP_PERFMON does not suffice
		return fmt.Sprintf("kernel.perf_event_paranoid is %d: kprobes then need CAP_SYS_ADMIN; run as root, "+
			"or set it to 2", paranoid)
	}
	return "see cap-audit --probe"
}

// backendErrors are the failures in a joined error.
func backendErrors(err error) []*BackendError {
	var one *BackendError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*BackendError
		for _, e := range joined.Unwrap() {
			all = append(all, backendErrors(e)...)
		}
		return all
	}
	if errors.As(err, &one) {
		return []*BackendError{one}
	}
	return nil
}

func refusedToAttachKprobe(failures []*BackendError) bool {
	for _, f := range failures {
		if f.Backend == Kprobe && f.Stage == "attach" && errors.Is(f.Err, unix.EACCES) {
			return true
		}
	}
	return false
}

// underSeccomp tells whether a filter sorts this process's system calls
// (proc_pid_status(5): mode 2).
func underSeccomp() bool {
	raw, err := os.ReadFile("/proc/self/status")
	return err == nil && strings.Contains(string(raw), "\nSeccomp:\t2\n")
}

// tooOld: before 5.15, which brought bpf_task_pt_regs. Distributions backport,
// so this only explains a failure, it never causes one.
func tooOld() bool { return !since(5, 15) }

// inUserNamespace tells whether this process is outside of the initial one,
// which maps all ids to themselves (user_namespaces(7)).
func inUserNamespace() bool {
	raw, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	return strings.Join(strings.Fields(string(raw)), " ") != "0 0 4294967295"
}

// lockdown is the kernel's lockdown mode, "" if it is not to be had.
func lockdown() string {
	raw, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(raw), "[")
	mode, _, _ := strings.Cut(rest, "]")
	return mode
}

// Trial is what became of trying one backend.
type Trial struct {
	Backend Backend
	Works   bool
	// Reason why not, "" if it works.
	Reason string
}

// Probe tries every backend and detaches again. What the kernel says to who may not
// load BPF is about that, and would be taken for a lack of the kernel's.
func Probe(backends []Backend) []Trial {
	unprivileged := len(MissingPrivileges()) > 0
	var trials []Trial
	for _, b := range backends {
		if unprivileged {
			trials = append(trials, Trial{b, false, "it takes the missing capabilities"})
			continue
		}
		k, err := openKernel([]Backend{b}, settings{})
		if err != nil {
			reason := err.Error()
			if failures := backendErrors(err); len(failures) > 0 {
				reason = failures[0].reason()
			}
			trials = append(trials, Trial{b, false, reason})
			continue
		}
		k.close()
		trials = append(trials, Trial{b, true, ""})
	}
	return trials
}

// Possible is nil where an audit by one of the backends can run; else it is
// what Start would return.
func Possible(backends []Backend) error {
	k, err := openKernel(backends, settings{})
	if err != nil {
		return err
	}
	k.close()
	return nil
}

// System is what bears on whether tracing works here.
type System struct {
	Kernel            string
	BTF               bool
	Lockdown          string // "" when the kernel does not tell
	MissingPrivileges []string
}

// DescribeSystem looks at the running kernel and this process.
func DescribeSystem() System {
	return System{
		Kernel:            kernelRelease(),
		BTF:               unix.Access(btf.File, unix.R_OK) == nil,
		Lockdown:          lockdown(),
		MissingPrivileges: MissingPrivileges(),
	}
}
