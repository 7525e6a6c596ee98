package snippets

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/capng"
)

// restriction is a setting that takes something away from a service: see systemd.exec(5).
type restriction struct {
	setting string
	// drops are the capabilities that it takes out of the bounding set.
	drops []int
	// refuses are system calls that fail with it, or do less.
	refuses []refusal
	// namespaces: it refuses clone with flags for namespaces, too.
	namespaces bool
	// unseen is what it refuses besides, and no record tells of: a clause about the program.
	unseen string
}

// refusal is calls that a restriction refuses, and the capability without which the kernel
// refuses them anyway; -1 is none.
type refusal struct {
	calls   string
	without int
}

// mounting: a mount namespace of the service's own keeps its mounts from the machine.
var mounting = refusal{"fsmount mount mount_setattr move_mount open_tree pivot_root umount umount2",
	unix.CAP_SYS_ADMIN}

// restrictions are those of which it is known what a program would miss, as of systemd 257
// (src/core/exec-invoke.c, apply_protect_clock() and the like; src/shared/seccomp-util.c). They look at
// the arguments of some calls, and a record does not have those: here the call is enough, but for calls
// that all programs make, as clone, mkdir and open.
// Until systemd 252 ProtectClock= makes a list of devices of which all others are refused
// (unit_patch_contexts() of src/core/unit.c). Without CAP_SYS_NICE there are the real-time priorities
// that RLIMIT_RTPRIO allows (kernel/sched, user_check_sched_setscheduler()).
var restrictions = []restriction{
	{setting: "LockPersonality", refuses: []refusal{{"personality", -1}}},
	{setting: "ProtectClock", drops: []int{unix.CAP_SYS_TIME, unix.CAP_WAKE_ALARM}, refuses: []refusal{
		{"adjtimex clock_adjtime clock_adjtime64", -1},
		{"clock_settime clock_settime64 settimeofday stime", unix.CAP_SYS_TIME}},
		unseen: "uses devices, where systemd is older than 253"},
	{setting: "ProtectKernelLogs", drops: []int{unix.CAP_SYSLOG}, refuses: []refusal{
		{"syslog", -1}, mounting}, unseen: "opens /dev/kmsg or /proc/kmsg"},
	{setting: "ProtectKernelModules", drops: []int{unix.CAP_SYS_MODULE}, refuses: []refusal{
		{"delete_module finit_module init_module", unix.CAP_SYS_MODULE}, mounting},
		unseen: "reads /usr/lib/modules"},
	{setting: "RestrictNamespaces", refuses: []refusal{{"setns unshare", -1}}, namespaces: true,
		unseen: "makes namespaces by clone, though not here"},
	{setting: "RestrictRealtime", refuses: []refusal{
		{"sched_setattr sched_setscheduler", unix.CAP_SYS_NICE}},
		unseen: "takes a priority that LimitRTPRIO= allows"},
	{setting: "RestrictSUIDSGID", refuses: []refusal{
		{"chmod fchmod fchmodat fchmodat2 mknod mknodat openat2", -1}},
		unseen: "gives open or mkdir such bits"},
}

// Hardening is a drop-in with the restrictions that take nothing away from what the
// programs did, and their code can do.
func Hardening(a Advice) string {
	text := "[Service]\n"
	switch {
	case slices.Contains(a.Gains, audit.GainSessions) || slices.Contains(a.Gains, audit.GainUsers):
		return text + strings.TrimSuffix(remark("No line: what its users run inherits them all, and what "+
			"that will be is not known."), "\n")
	case len(a.Gains) > 0 && a.Unprivileged:
		return text + strings.TrimSuffix(remark("No line: with User= each of them forbids new privileges, "+
			"which it needs."), "\n")
	}
	text += remark(a.Filter.origin() + ": all of them stay.")
	for _, reason := range a.Filter.Unsure {
		text += remark(reason)
	}
	var lines, left, unseen []string
	for _, r := range restrictions {
		if reason := a.uses(r); reason != "" {
			left = append(left, r.setting+"= ("+reason+")")
			continue
		}
		lines = append(lines, r.setting+"=yes")
		if r.unseen != "" {
			unseen = append(unseen, r.setting+"= ("+r.unseen+")")
		}
	}
	if len(unseen) > 0 {
		text += remark("Take a line out if the program does what no audit sees: " +
			strings.Join(unseen, "; ") + ".")
	}
	if len(left) > 0 {
		text += remark("Left out: " + strings.Join(left, "; ") + ".")
	}
	if len(a.Gains) == 0 {
		lines = append(lines, "NoNewPrivileges=yes")
	} else {
		text += a.gainHint()
	}
	if a.Subject.Service() {
		lines = append(lines, takesBack, "SystemCallArchitectures=")
	}
	lines = append(lines, "SystemCallArchitectures="+strings.Join(a.Filter.architectures(), " "))
	return text + strings.Join(lines, "\n")
}

// uses says what of it the programs would miss, "" for nothing.
func (a Advice) uses(r restriction) string {
	for _, n := range r.drops {
		if slices.Contains(a.Grant, n) {
			return capng.Name(n)
		}
	}
	if r.namespaces && a.Filter.Namespaces {
		return "clone made namespaces"
	}
	for _, refused := range r.refuses {
		for call := range strings.FieldsSeq(refused.calls) {
			switch {
			case a.Filter.answered(call):
				return call + " was called"
			case refused.without >= 0 && !slices.Contains(a.Grant, refused.without):
			case slices.Contains(a.Filter.Reachable, call) && !slices.Contains(a.Filter.Refused, call):
				return "the code can call " + call
			}
		}
	}
	return ""
}
