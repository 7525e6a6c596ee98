package without

import (
	"path"
	"slices"
	"strings"

	"github.com/cap-audit/cap-audit/objects"
)

// rootDirectory has to have the program in it, which not every one has that programs go to.
func rootDirectory(a *asking, u Use) (way, bool) {
	if a.Sessions || u.Object.Kind != objects.File {
		return none()
	}
	return with("RootDirectory=%"+inUnit+", if its own file is in there, in the place of its chroot",
		u.Object.Path, only)
}

// clock: who steers it all the time is who it is left to.
func clock(_ *asking, u Use) (way, bool) {
	if !u.by("settimeofday", "clock_settime", "clock_settime64", "stime") {
		return none()
	}
	return plainly("have timedated set the clock: timedatectl set-time")
}

// boot: to restart, halt or switch off (kernel/reboot.c).
func boot(_ *asking, u Use) (way, bool) {
	if !u.by("reboot") || !u.has("RB_AUTOBOOT", "RB_HALT_SYSTEM", "RB_POWER_OFF") {
		return none()
	}
	return plainly("have logind do it: systemctl reboot, or poweroff")
}

// administration: what sys_admin was asked for by its system call.
func administration(a *asking, u Use) (way, bool) {
	switch {
	case u.by("sethostname"):
		return plainly("have hostnamed set it: hostnamectl hostname")
	case u.by("unshare", "clone", "clone3") && u.has("CLONE_NEW"),
		u.by("mount") && u.has("MS_PRIVATE", "MS_SLAVE", "MS_SHARED", "MS_UNBINDABLE"):
		return plainly("CLONE_NEWUSER beside its other CLONE_NEW...: in there it has all capabilities")
	case u.by("perf_event_open"): // of Debian's kernels, where the setting is above 2
		return performance(a, u)
	case u.by("fsopen", "fsconfig", "fsmount"):
		return nothing, true // move_mount comes after them, and has the place
	case u.by("mount", "move_mount") && !a.makesNamespaces():
		return with("a .mount unit for %, in the place of its own mount", u.place(), both)
	case u.by("seccomp", "prctl") && !a.Gains && !u.has("PR_SET_MM"):
		return plainly("NoNewPrivileges=yes" + inUnit)
	}
	return none()
}

// place is where something is mounted, "" where that is not known.
func (u Use) place() string {
	place := u.Object.Path
	if u.by("move_mount") {
		place = u.asked("to ")
	}
	if !path.IsAbs(place) {
		return ""
	}
	return place
}

func (a *asking) makesNamespaces() bool {
	return slices.ContainsFunc(a.uses, func(u Use) bool { return u.has("CLONE_NEW") })
}

// module: kernel/module/main.c, may_init_module(). modprobe does nothing for one that is there.
func module(_ *asking, u Use) (way, bool) {
	name, _, found := strings.Cut(path.Base(u.Object.Path), ".ko")
	if !u.by("finit_module") || !found {
		return none()
	}
	return with("a file in /etc/modules-load.d with: %", strings.ReplaceAll(name, "-", "_"), both)
}

// kernelLog: kernel/printk/printk.c, check_syslog_permissions().
func kernelLog(_ *asking, u Use) (way, bool) {
	if !u.has("SYSLOG_ACTION_READ_ALL", "SYSLOG_ACTION_SIZE_BUFFER") && u.Object.Path != "/dev/kmsg" {
		return none()
	}
	return plainly("sysctl kernel.dmesg_restrict=0, for everybody; or journalctl -k in group systemd-journal")
}

// performance: kernel/events/core.c, perf_event_open(), with perf_allow_kernel() and perf_allow_cpu().
func performance(_ *asking, u Use) (way, bool) {
	switch {
	case !u.by("perf_event_open") || u.has("PERF_TYPE_TRACEPOINT"):
		return none()
	case u.has("all processes"):
		return with("sysctl kernel.perf_event_paranoid=%, for everybody", "0", lowest)
	}
	return with("sysctl kernel.perf_event_paranoid=%, for everybody", "1", lowest)
}
