package tracer

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/btf"
	"github.com/cap-audit/cap-audit/capng"
	"github.com/cap-audit/cap-audit/hint"
)

// withPermitted runs f on a thread that holds only those capabilities, and ends
// with it; where there is none that may have them it skips.
func withPermitted(t *testing.T, mask uint64, f func()) {
	t.Helper()
	refused := make(chan error)
	go func() {
		defer close(refused)
		runtime.LockOSThread() // for good
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var sets [2]unix.CapUserData
		for i := range sets {
			sets[i].Permitted = uint32(mask >> (32 * i))
			sets[i].Effective = sets[i].Permitted
		}
		if err := unix.Capset(&header, &sets[0]); err != nil {
			refused <- err
			return
		}
		f()
	}()
	if err := <-refused; err != nil {
		t.Skipf("want root, for the capabilities %#x: %v", mask, err)
	}
}

func TestMissingPrivileges(t *testing.T) {
	for name, c := range map[string]struct {
		permitted uint64
		want      []string
	}{
		"all needed":             {1<<unix.CAP_BPF | 1<<unix.CAP_PERFMON, nil},
		"SYS_ADMIN, as of old":   {1 << unix.CAP_SYS_ADMIN, nil},
		"none":                   {0, []string{"bpf", "perfmon"}},
		"only BPF":               {1 << unix.CAP_BPF, []string{"perfmon"}},
		"only PERFMON":           {1 << unix.CAP_PERFMON, []string{"bpf"}},
		"others that do not do":  {1<<0 | 1<<1, []string{"bpf", "perfmon"}},
		"SYS_ADMIN and no other": {1<<unix.CAP_SYS_ADMIN | 1<<0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			withPermitted(t, c.permitted, func() {
				if diff := cmp.Diff(c.want, MissingPrivileges()); diff != "" {
					t.Errorf("missing (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// refused is what openKernel returns when no backend works.
func refused() error {
	return errors.Join(
		&BackendError{Backend: Fentry, Stage: "load", Err: syscall.EPERM},
		&BackendError{Backend: Kprobe, Stage: "attach", Err: syscall.ENOENT,
			Log: "libbpf: prog 'x': failed to attach\n"})
}

func TestDiagnoseMissingPrivileges(t *testing.T) {
	if inUserNamespace() {
		t.Skip("want the initial user namespace, or that is to blame")
	}
	withPermitted(t, 1<<unix.CAP_BPF, func() {
		got := Diagnose(refused()).Error()
		lacks, advice, _ := strings.Cut(got, ":")
		if lacks = strings.ToLower(lacks); !strings.Contains(lacks, "perfmon") ||
			strings.Contains(lacks, "bpf") {
			t.Errorf("%q does not name the one that is missing", got)
		}
		want := "setcap"
		if os.Geteuid() == 0 {
			want = "--cap-add=" // only a container or a service keeps it from root
		}
		if !strings.Contains(advice, want) || strings.Contains(advice, "\n") {
			t.Errorf("%q", got)
		}
	})
}

// What is not known without privileges is not blamed on the kernel.
func TestProbeWithoutPrivileges(t *testing.T) {
	withPermitted(t, 1<<unix.CAP_BPF, func() {
		want := []Trial{{Kprobe, false, "it takes the missing capabilities"}}
		if diff := cmp.Diff(want, Probe([]Backend{Kprobe})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestDiagnoseBackends(t *testing.T) {
	if _, err := os.Stat(btf.File); err != nil || tooOld() || inUserNamespace() ||
		len(MissingPrivileges()) > 0 {
		t.Skip("want root outside of user namespaces, BTF and Linux 5.15, or something else is to blame " +
			"before the backends are")
	}
	diagnosis := Diagnose(refused())
	got := diagnosis.Error()
	for _, want := range []string{"fentry: operation not permitted", "kprobe: prog 'x': failed to attach",
		"; "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if strings.Contains(got, "tracepoint") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
	var hinted *hint.Error
	if !errors.As(diagnosis, &hinted) {
		t.Errorf("%q has no hint", got)
	}
}

func TestDiagnoseOfOtherErrors(t *testing.T) {
	for _, err := range []error{
		nil, syscall.EPERM, &StartError{Path: "x", Status: 127, Text: "no such file"},
		errors.Join(syscall.EPERM, syscall.ENOENT), fmt.Errorf("read: %w", syscall.EIO),
	} {
		if got := Diagnose(err); got != nil {
			t.Errorf("Diagnose(%v) = %v", err, got)
		}
	}
}

func TestBackendErrors(t *testing.T) {
	one, two := &BackendError{Backend: Fentry}, &BackendError{Backend: Kprobe}
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"none":          {syscall.EPERM, 0},
		"one":           {one, 1},
		"wrapped":       {fmt.Errorf("start: %w", one), 1},
		"joined":        {errors.Join(one, two), 2},
		"among others":  {errors.Join(syscall.EPERM, one, errors.Join(two, one)), 3},
		"with a target": {errors.Join(one, &StartError{}), 1},
	} {
		if got := len(backendErrors(c.err)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// What the diagnosis is about can be looked at on any kernel.
func TestDescribeSystem(t *testing.T) {
	s := DescribeSystem()
	raw, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Skip(err)
	}
	if s.Kernel != strings.TrimSpace(string(raw)) {
		t.Errorf("kernel %q, want %q", s.Kernel, raw)
	}
	if _, err := os.Stat(btf.File); (err == nil) != s.BTF {
		t.Errorf("BTF %t, stat says %v", s.BTF, err)
	}
	if diff := cmp.Diff(MissingPrivileges(), s.MissingPrivileges); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	for _, name := range required {
		if _, ok := capng.Number(name); !ok {
			t.Errorf("libcap-ng knows no %s", name)
		}
	}
}
