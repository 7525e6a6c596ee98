package snippets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestRefusals(t *testing.T) {
	one := func(calls ...string) []Made { return []Made{{"/usr/bin/numactl", calls}} }
	for name, c := range map[string]struct {
		made  []Made
		grant []int
		want  []string
	}{
		"nothing":           {},
		"what all let pass": {made: one("read", "clone3", "execve", "ptrace", "mount_nothing")},
		"without a capability": {made: one("set_mempolicy"),
			want: []string{"set_mempolicy (numactl): Docker without SYS_NICE"}},
		"not with it": {made: one("set_mempolicy"), grant: []int{unix.CAP_SYS_NICE}},
		"in any case": {made: one("io_uring_setup"), grant: known(),
			want: []string{"io_uring_setup (numactl): Docker in any case; Podman in any case"}},
		"alternatives": {made: one("bpf"), want: []string{"bpf (numactl): Docker without BPF or SYS_ADMIN; " +
			"Podman without BPF or SYS_ADMIN"}},
		"a new one and what was before": {made: one("bpf"), grant: []int{unix.CAP_BPF},
			want: []string{"bpf (numactl): Docker before 23 without SYS_ADMIN; " +
				"Podman before 5.2 without SYS_ADMIN"}},
		"both of two": {made: one("perf_event_open"), grant: []int{unix.CAP_PERFMON},
			want: []string{"perf_event_open (numactl): Docker before 23 without SYS_ADMIN; " +
				"Podman without SYS_ADMIN"}},
		"both of two are there": {made: one("perf_event_open"),
			grant: []int{unix.CAP_PERFMON, unix.CAP_SYS_ADMIN}},
		"alike": {made: one("mbind", "set_mempolicy", "unshare"), want: []string{
			"mbind, set_mempolicy (numactl): Docker without SYS_NICE",
			"unshare (numactl): Docker without SYS_ADMIN"}},
		"by its argument": {made: one("clone"),
			want: []string{"clone of namespaces (numactl): Docker without SYS_ADMIN"}},
		"by several": {made: []Made{{"/a/x", []string{"kcmp"}}, {"/a/y", []string{"keyctl"}},
			{"", []string{"kcmp"}}},
			want: []string{"kcmp (x and 1 more): Docker without SYS_PTRACE; Podman without SYS_PTRACE",
				"keyctl (y): Docker in any case"}},
		"of no known program": {made: []Made{{"", []string{"keyctl"}}},
			want: []string{"keyctl (others): Docker in any case"}},
		"with a name that breaks lines": {made: []Made{{"/tmp/x\n#y", []string{"keyctl"}}},
			want: []string{`keyctl ("x\n#y"): Docker in any case`}},
		"with a long name": {made: []Made{{"/" + strings.Repeat("x", 255), []string{"keyctl"}}},
			want: []string{"keyctl (" + strings.Repeat("x", 32) + "...): Docker in any case"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Refusals(Advice{Made: c.made, Grant: c.grant})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Snippets for containers say it, each of its own engines; where there can be no
// comment the report's doubts do.
func TestSeccompHints(t *testing.T) {
	a := Advice{Made: []Made{{"/bin/x", []string{"perf_event_open", "set_mempolicy"}}},
		Grant: []int{unix.CAP_PERFMON}}
	for kind, want := range map[string]string{
		"docker": "",
		"compose": `# Seccomp profiles of engines refuse calls that the run made, with EPERM
# or ENOSYS. If the program needs them: add the capability, or bring a
# profile (seccomp=FILE in security_opt).
#   perf_event_open (x): Docker before 23 without SYS_ADMIN; Podman
#     without SYS_ADMIN
#   set_mempolicy (x): Docker without SYS_NICE
`,
		"kubernetes": `# With seccompProfile RuntimeDefault engines refuse calls that the run
# made, with EPERM or ENOSYS. If the program needs them: add the
# capability, or bring a profile (seccompProfile of type Localhost).
#   perf_event_open (x): CRI-O without SYS_ADMIN
#   set_mempolicy (x): containerd without SYS_NICE
`,
		"quadlet": `# Seccomp profiles of engines refuse calls that the run made, with EPERM
# or ENOSYS. If the program needs them: add the capability, or bring a
# profile (SeccompProfile=FILE).
#   perf_event_open (x): Podman without SYS_ADMIN
`,
		"systemd": "", "setcap": "", "bwrap": "",
	} {
		text := Emit(kind, a)
		told := strings.Contains(strings.ToLower(text), "seccomp")
		if !strings.Contains(text, want) || told != (want != "") {
			t.Errorf("%s: wanted\n%sgot\n%s", kind, want, text)
		}
	}
	if text := Docker(a); !strings.Contains(text, "(--security-opt=seccomp=FILE).\n") {
		t.Error(text)
	}
}

// Of a container whose engine is known, nothing is said of another engine.
func TestNothingOfAnotherEngine(t *testing.T) {
	for engine, about := range map[string]struct{ docker, podman bool }{
		"": {true, true}, "docker": {true, false}, "podman": {false, true},
	} {
		for _, path := range []string{"/usr/bin/daemon", "/usr/bin/busybox"} {
			// what the one needs and the other does without
			a := Advice{Path: path, Grant: []int{0}, Engine: engine}
			if strings.HasPrefix(Docker(a), "#") != about.docker ||
				(Notes("docker", a) != "") != about.docker {
				t.Errorf("%q %s: %s\n%s", engine, path, Docker(a), Notes("docker", a))
			}
		}
		refusals := strings.Join(Refusals(Advice{Engine: engine,
			Made: []Made{{"/usr/bin/date", []string{"settimeofday"}}}}), "\n")
		if strings.Contains(refusals, "Docker") != about.docker ||
			strings.Contains(refusals, "Podman") != about.podman {
			t.Errorf("%q: %s", engine, refusals)
		}
	}
}
