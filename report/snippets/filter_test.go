package snippets

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

func profileOf(t *testing.T, a Advice) profile {
	t.Helper()
	var p profile
	if err := json.Unmarshal([]byte(Seccomp(a)), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// becomes says what the profile does with a call of a container: "allow" whatever the
// arguments, "some" for some of them, or the errno.
func (p profile) becomes(call string, held ...string) string {
	answer := ""
	for _, r := range p.Syscalls {
		switch {
		case !slices.Contains(r.Names, call),
			r.Includes != nil && len(minus(r.Includes.Caps, held)) > 0,
			r.Excludes != nil && len(minus(r.Excludes.Caps, held)) < len(r.Excludes.Caps):
		case r.Action == allow && len(r.Args) > 0:
			answer = "some"
		case r.Action == allow:
			return "allow"
		default:
			return unix.ErrnoName(unix.Errno(r.ErrnoRet))
		}
	}
	if answer == "" {
		return unix.ErrnoName(unix.Errno(p.DefaultErrnoRet))
	}
	return answer
}

func TestSeccomp(t *testing.T) {
	a := Advice{Grant: []int{unix.CAP_SYS_CHROOT}, Filter: Filter{Machine: "amd64",
		Made: []string{"chroot", "keyctl", "mount", "open", "unshare"}, Refused: []string{"mount"},
		Reachable: []string{"bpf", "io_setup", "perf_event_open"}}}
	p := profileOf(t, a)
	for call, want := range map[string]string{
		"open": "allow", "io_setup": "allow", "link": "EPERM",
		"exit_group": "allow", "rt_sigreturn": "allow",
		"execve": "allow", "setuid": "allow", // the runtime's
		"chroot":          "EPERM", // without the capability, as is the kernel's answer
		"mount":           "EPERM", // which the kernel refused in the run
		"bpf":             "EPERM", // not made
		"perf_event_open": "EPERM",
		"unshare":         "allow", // made without
		"keyctl":          "allow", // the engines' own profiles refuse it to all
		"clone":           "some", "clone3": "ENOSYS", "faccessat2": "allow", "openat2": "allow",
		"fchmodat2": "ENOSYS", "statx": "ENOSYS",
	} {
		if got := p.becomes(call); got != want {
			t.Errorf("%s: %s, want %s", call, got, want)
		}
	}
	for call, holds := range map[string]string{"chroot": "CAP_SYS_CHROOT", "mount": "CAP_SYS_ADMIN",
		"bpf": "CAP_BPF", "perf_event_open": "CAP_PERFMON", "clone": "CAP_SYS_ADMIN",
		"clone3": "CAP_SYS_ADMIN"} {
		if got := p.becomes(call, holds); got != "allow" {
			t.Errorf("%s with %s: %s", call, holds, got)
		}
	}
	a.Filter.Namespaces = true
	p = profileOf(t, a)
	if one, other := p.becomes("clone"), p.becomes("clone3"); one != "allow" || other != "allow" {
		t.Errorf("with namespaces: clone %s, clone3 %s", one, other)
	}
}

func TestSeccompArchitectures(t *testing.T) {
	for _, c := range []struct {
		filter Filter
		want   architecture
	}{
		{Filter{Machine: "amd64"}, architecture{"SCMP_ARCH_X86_64", []string{}}},
		{Filter{Machine: "amd64", ABIs: []string{"i386", "x32"}},
			architecture{"SCMP_ARCH_X86_64", []string{"SCMP_ARCH_X86", "SCMP_ARCH_X32"}}},
		{Filter{Machine: "arm64", ABIs: []string{"arm"}},
			architecture{"SCMP_ARCH_AARCH64", []string{"SCMP_ARCH_ARM"}}},
	} {
		p := profileOf(t, Advice{Filter: c.filter})
		if diff := cmp.Diff([]architecture{c.want}, p.ArchMap); diff != "" {
			t.Errorf("%+v\n%s", c.filter, diff)
		}
		if got, want := p.becomes("sigreturn"), c.filter.ABIs != nil; (got == "allow") != want {
			t.Errorf("%+v: sigreturn %s", c.filter, got)
		}
	}
}

// meaning is what systemd makes of the lines: see systemd.exec(5), SystemCallFilter=.
func meaning(t *testing.T, text string) map[string]bool {
	t.Helper()
	allowed := members(implied)
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		words, ok := strings.CutPrefix(line, "SystemCallFilter=")
		if !ok {
			continue
		}
		words, out := strings.CutPrefix(words, "~")
		for word := range strings.FieldsSeq(words) {
			these := map[string]bool{word: true}
			if strings.HasPrefix(word, "@") {
				if these = members(word); len(these) == 0 {
					t.Errorf("%s is no group", word)
				}
			}
			for call := range these {
				if out {
					delete(allowed, call)
				} else {
					allowed[call] = true
				}
			}
		}
	}
	return allowed
}

func TestSystemCallFilter(t *testing.T) {
	made := []string{"bind", "chown", "chroot", "close", "mount", "openat", "read", "setuid"}
	text := SystemCallFilter(Advice{Filter: Filter{Made: made, Reachable: []string{"shmget"}, Bounded: true}})
	allowed := meaning(t, text)
	for _, call := range append(made, "shmget", "exit_group", "execve", "listen", "semget") {
		if !allowed[call] {
			t.Errorf("%s is not allowed", call)
		}
	}
	for _, call := range []string{"fchown", "setresuid", "umount2", "keyctl", "io_setup", "epoll_wait",
		"mlock", "clone", "reboot"} {
		if allowed[call] {
			t.Errorf("%s is allowed", call)
		}
	}
	if want := "[Service]\n" + `# System calls that the programs made, or that their code can reach.
# Groups as systemd 252 has them.
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @aio @io-event @keyring @memlock @process \
    @resources @signal @sync @timer
SystemCallFilter=chown chroot mount setuid
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native`; text != want {
		t.Error(cmp.Diff(want, text))
	}
}

// Whatever is needed is allowed, as no group takes away what another one is there for.
func TestSystemCallFilterAllowsAllOfIt(t *testing.T) {
	all := members(forServices)
	for call := range members(privileged) {
		all[call] = true
	}
	for call := range all {
		text := SystemCallFilter(Advice{Filter: Filter{Made: []string{call}}})
		if !meaning(t, text)[call] {
			t.Errorf("%s is not allowed:\n%s", call, text)
		}
	}
}

// What the kernel refuses on this machine is not let through for code that could call it.
func TestSystemCallFilterWithoutCapability(t *testing.T) {
	reach := []string{"adjtimex", "clock_settime", "init_module", "mount", "reboot"}
	for _, c := range []struct {
		advice Advice
		want   []string
	}{
		{Advice{Filter: Filter{Reachable: reach}}, []string{"adjtimex", "mount"}},
		{Advice{Grant: []int{unix.CAP_SYS_BOOT}, Filter: Filter{Reachable: reach}},
			[]string{"adjtimex", "mount", "reboot"}},
		{Advice{Filter: Filter{Reachable: reach, Made: []string{"init_module", "reboot"},
			Refused: []string{"reboot"}}}, []string{"adjtimex", "init_module", "mount"}},
	} {
		allowed := meaning(t, SystemCallFilter(c.advice))
		for _, call := range reach {
			if allowed[call] != slices.Contains(c.want, call) {
				t.Errorf("%+v: %s %t", c.advice, call, allowed[call])
			}
		}
	}
}

func TestSystemCallFilterSays(t *testing.T) {
	a := Advice{Subject: "unit", Gains: audit.Gains[:1], Filter: Filter{ABIs: []string{"i386"},
		Unsure: []string{"What was not exercised is missing: use each feature."}}}
	text := SystemCallFilter(a)
	for _, want := range []string{"\n# What was not exercised is missing: use each feature.\n",
		"# With User= a filter forbids new privileges:", "\nSystemCallFilter=\nSystemCallArchitectures=\n",
		"\nSystemCallArchitectures=native x86"} {
		if !strings.Contains(text, want) {
			t.Errorf("wanted %q in\n%s", want, text)
		}
	}
}

// The table has the groups of the systemd that it names, which is installed here or not.
func TestInstalledGroups(t *testing.T) {
	analyze := optional(t, "systemd-analyze")
	version, err := exec.Command(analyze, "--version").Output()
	if err != nil || !strings.HasPrefix(string(version), "systemd "+groupsVersion+" ") {
		t.Skipf("wanted systemd %s: %v, %s", groupsVersion, err, version)
	}
	for group, has := range groups {
		var there []string
		for line := range strings.Lines(run(t, analyze, "syscall-filter", group)) {
			if word := strings.TrimSpace(line); word != group && word != "" && word[0] != '#' {
				there = append(there, word)
			}
		}
		if diff := cmp.Diff(there, strings.Fields(has)); diff != "" {
			t.Errorf("%s: -systemd +table\n%s", group, diff)
		}
	}
}
