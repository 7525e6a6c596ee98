package snippets

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
)

// everyRestriction is all that Hardening sets of a program that takes nothing.
const everyRestriction = "LockPersonality ProtectClock ProtectKernelLogs ProtectKernelModules " +
	"RestrictNamespaces RestrictRealtime RestrictSUIDSGID NoNewPrivileges"

// set are the settings that the lines turn on.
func set(text string) []string {
	var list []string
	for _, line := range regexp.MustCompile(`(?m)^(\w+)=yes$`).FindAllStringSubmatch(text, -1) {
		list = append(list, line[1])
	}
	return list
}

// A setting is left out for what it would take away, and the comment says that.
func TestHardening(t *testing.T) {
	made := func(calls ...string) Advice { return Advice{Filter: Filter{Made: calls}} }
	reaches := func(grant []int, calls ...string) Advice {
		return Advice{Grant: grant, Filter: Filter{Reachable: calls, Bounded: true}}
	}
	refused := made("unshare", "personality")
	refused.Filter.Refused = []string{"unshare"}
	refused.Filter.Reachable = []string{"unshare"}
	for name, c := range map[string]struct {
		advice     Advice
		less, says string
	}{
		"nothing": {made("read"), "", "System calls that the programs made in this run: all of them stay."},
		"what no audit sees": {made("syslog"), "ProtectKernelLogs", "does what no audit sees: " +
			"ProtectClock= (uses devices, where systemd is older than 253); ProtectKernelModules= ("},
		"what was called": {made("personality"), "LockPersonality",
			"LockPersonality= (personality was called)"},
		"what the code can call": {reaches(nil, "setns"), "RestrictNamespaces",
			"RestrictNamespaces= (the code can call setns)"},
		"what the kernel refused each time": {refused, "LockPersonality", "Left out"},
		"what it would refuse": {reaches([]int{unix.CAP_CHOWN}, "sched_setscheduler", "settimeofday", "mount",
			"init_module"), "", "or that their code can reach"},
		"what it would not": {reaches([]int{unix.CAP_SYS_NICE, unix.CAP_SYS_ADMIN}, "sched_setscheduler",
			"mount"), "ProtectKernelLogs ProtectKernelModules RestrictRealtime", "the code can call mount"},
		"capabilities": {Advice{Grant: []int{unix.CAP_SYS_TIME, unix.CAP_SYSLOG, unix.CAP_SYS_MODULE}},
			"ProtectClock ProtectKernelLogs ProtectKernelModules", "ProtectClock= (sys_time)"},
		"reading the clock's state": {reaches(nil, "adjtimex"), "ProtectClock", "can call adjtimex"},
		"namespaces": {Advice{Filter: Filter{Namespaces: true}}, "RestrictNamespaces",
			"clone made namespaces"},
		"modes": {made("fchmod"), "RestrictSUIDSGID", "fchmod was called"},
		"set-user-ID programs": {Advice{Gains: []audit.Gain{audit.GainSetID}}, "NoNewPrivileges",
			"new privileges stay allowed"},
		"these, as another user": {Advice{Gains: []audit.Gain{audit.GainSetID}, Unprivileged: true},
			everyRestriction, "forbids new privileges"},
		"sessions": {Advice{Gains: []audit.Gain{audit.GainSessions}}, everyRestriction, "inherits them all"},
		"users":    {Advice{Gains: []audit.Gain{audit.GainUsers}}, everyRestriction, "inherits them all"},
	} {
		text := Hardening(c.advice)
		want := minus(strings.Fields(everyRestriction), strings.Fields(c.less))
		if diff := cmp.Diff(strings.Join(want, " "), strings.Join(set(text), " ")); diff != "" {
			t.Errorf("%s: %s\n%s", name, diff, text)
		}
		if !strings.Contains(strings.ReplaceAll(text, "\n# ", " "), c.says) {
			t.Errorf("%s: want %q\n%s", name, c.says, text)
		}
	}
}

// systemd takes each line, and thinks the more of the service.
func TestSystemdTakesHardening(t *testing.T) {
	analyze := optional(t, "systemd-analyze")
	exposure := regexp.MustCompile(`exposure level for a\.service: ([0-9.]+)`)
	level := func(lines string) float64 {
		file := write(t, "a.service", lines+"\nExecStart=/bin/true\n")
		out, err := exec.Command(analyze, "security", "--offline=true", file).CombinedOutput()
		found := exposure.FindSubmatch(out)
		if err != nil || found == nil || strings.Contains(string(out), "a.service:") &&
			strings.Contains(string(out), "ignoring") {
			t.Fatalf("%v\n%s", err, out)
		}
		n, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	bare, text := level("[Service]"), Hardening(Advice{Subject: audit.SubjectUnit})
	hardened := level(text)
	t.Logf("%.1f without, %.1f with\n%s", bare, hardened, text)
	if hardened > bare-1 {
		t.Error("it is hardly less")
	}
}
