package without

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// otherProcess: for one of its own user it is not asked (kernel/signal.c, kill_ok_by_cred(); kernel/ptrace.c,
// __ptrace_may_access()), but by Yama (security/yama/yama_lsm.c, yama_ptrace_access_check()).
func otherProcess(a *asking, u Use) (way, bool) {
	user := u.Object.User
	if user == a.becomes() {
		return startAs(user)
	}
	if user == "root" || user == a.Account || u.by("ptrace", "process_vm_readv", "process_vm_writev") &&
		a.PtraceScope > 0 {
		return none()
	}
	return a.runAs(user)
}

// runAs: whoever changes its own user or groups begins as root for that, as postfix does, and refuses to as
// another.
func (a *asking) runAs(user string) (way, bool) {
	if slices.ContainsFunc(a.uses, func(u Use) bool {
		return u.Capability == unix.CAP_SETUID || u.Capability == unix.CAP_SETGID
	}) {
		return none()
	}
	return with("run it as %", user, only)
}

// startAs: who is started as an account need not change to it.
func startAs(user string) (way, bool) {
	return with("User=%"+inUnit+", if it can start as that", user, only)
}

// Becomes is the one account that the program changes to, "" for none, several, or no plain word.
func Becomes(uses []Use, p Program) string {
	user := (&asking{p, uses}).becomes()
	if !plain(user) {
		return ""
	}
	return user
}

// becomes is the one account that it changes to, "" for none or several. What opens sessions does so ever
// anew.
func (a *asking) becomes() string {
	var user string
	for _, u := range a.uses {
		if !strings.HasPrefix(u.Syscall, "set") {
			continue
		}
		switch name := u.asked("user "); {
		case name == "":
		case a.Sessions, name == "root", user != "" && user != name:
			return ""
		default:
			user = name
		}
	}
	return user
}

func becomeUser(a *asking, _ Use) (way, bool) { return startAs(a.becomes()) }

// becomeGroup: User= brings the groups of the account, of which the first is mostly called as it is.
func becomeGroup(a *asking, u Use) (way, bool) {
	group := u.asked("group ")
	switch {
	case a.becomes() == "" || group == "root":
		return none()
	case u.by("setgroups", "setgroups32"), group == a.becomes():
		return startAs(a.becomes())
	}
	return with("Group=%"+inUnit, group, only)
}

// lockedMemory: mm/mlock.c, do_mlock(); kernel/events/core.c, perf_mmap(). Huge pages have no limit.
func lockedMemory(_ *asking, u Use) (way, bool) {
	if u.by("shmget") {
		return none()
	}
	return plainly("LimitMEMLOCK=infinity" + inUnit)
}

// priority: kernel/sched/syscalls.c, can_nice() and user_check_sched_setscheduler().
func priority(a *asking, u Use) (way, bool) {
	nice, realtime := u.asked("nice "), u.asked("priority ")
	switch {
	case u.Object.User != "":
		return otherProcess(a, u)
	case u.has("SCHED_FIFO", "SCHED_RR"), u.by("sched_setparam"):
		return with("LimitRTPRIO=%"+inUnit, realtime, highest)
	case strings.HasPrefix(nice, "-"):
		return with("LimitNICE=%"+inUnit, nice, lowest)
	}
	return none()
}

// limits: kernel/sys.c, do_prlimit(); fs/proc/base.c, __set_oom_adj(); fs/pipe.c, pipe_set_size().
func limits(_ *asking, u Use) (way, bool) {
	o := u.Object
	switch resource := u.asked("RLIMIT_"); {
	case resource != "" && o.User == "":
		value := strings.Replace(u.asked("to "), "unlimited", "infinity", 1)
		w, found := with("Limit"+resource+"=%"+inUnit, value, highest)
		return w, found && plain(resource)
	case strings.HasSuffix(o.Path, "/oom_score_adj"):
		return plainly("OOMScoreAdjust=" + inUnit + ", with what it writes")
	case u.has("F_SETPIPE_SZ"):
		return plainly("sysctl fs.pipe-max-size=SIZE, for everybody")
	}
	return none()
}
