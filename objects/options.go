package objects

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The names of what arguments ask for. What has none is shown as a number.

type names map[uint64]string

func (l names) of(value uint64, word string) string {
	if name, ok := l[value]; ok {
		return name
	}
	return word + " " + strconv.FormatUint(value, 10)
}

// flags are the names of those that are set, and what is left of them.
type flags []struct {
	bit  uint64
	name string
}

func (l flags) of(value uint64) string {
	var set []string
	for _, f := range l {
		if value&f.bit == f.bit {
			set = append(set, f.name)
			value &^= f.bit
		}
	}
	if value != 0 {
		set = append(set, fmt.Sprintf("%#x", value))
	}
	return strings.Join(set, "|")
}

func nothing(*naming, uint64) string { return "" }

func asHex(_ *naming, value uint64) string { return fmt.Sprintf("%#x", value) }

func asDecimal(_ *naming, value uint64) string { return strconv.FormatUint(value, 10) }

func asMode(_ *naming, value uint64) string { return fmt.Sprintf("to mode %04o", value&0o7777) }

// unchanged is the ID that changes nothing.
const unchanged = 1<<32 - 1

func asUser(n *naming, value uint64) string {
	if uint32(value) == unchanged {
		return ""
	}
	return "user " + n.names.User(uint32(value))
}

func asGroup(n *naming, value uint64) string {
	if uint32(value) == unchanged {
		return ""
	}
	return "group " + n.names.Group(uint32(value))
}

// asOwner and asOwningGroup are of whom a file is given to.
func asOwner(n *naming, value uint64) string { return toWhom(asUser(n, value)) }

func asOwningGroup(n *naming, value uint64) string { return toWhom(asGroup(n, value)) }

func toWhom(account string) string {
	if account == "" {
		return ""
	}
	return "to " + account
}

// asGroupCount is all that is known of them where there are none, where they cannot be read yet (the kernel
// asks first: kernel/groups.c, SYSCALL_DEFINE2(setgroups)), and of the old 32-bit call, which has 16 bits
// for each.
func asGroupCount(n *naming, count uint64) string {
	switch {
	case count == 0:
		return "no groups"
	case n.Struct == nil || n.ABI != "" && n.Syscall == "setgroups":
		return fmt.Sprintf("%d groups", count)
	}
	return ""
}

// asGroups are the first of the groups that setgroups(2) has, by their number in its
// first argument.
func asGroups(n *naming, _ uint64) string {
	count := n.Arguments[0]
	if asGroupCount(n, count) != "" {
		return ""
	}
	var list []string
	for i := uint64(0); i < count && i*4+4 <= uint64(len(n.Struct)); i++ {
		list = append(list, n.names.Group(binary.NativeEndian.Uint32(n.Struct[i*4:])))
	}
	text := "groups " + strings.Join(list, " ")
	if more := count - uint64(len(list)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// aProcess says which process is meant where that is not known by its number.
func aProcess(n *naming, value uint64) string {
	switch pid := int32(value); {
	case pid == 0, n.Process != nil && n.Process.Self:
		return "itself"
	case pid == -1:
		return "all processes"
	case pid < 0:
		return fmt.Sprintf("process group %d", -int64(pid))
	case n.Process == nil:
		return fmt.Sprintf("process %d", pid)
	}
	return ""
}

// whose says whose priority is meant: the first argument is what the second is the
// number of.
func whose(n *naming, value, group, user uint64) string {
	switch n.Arguments[0] {
	case group:
		n.Process = nil
		return fmt.Sprintf("process group %d", value)
	case user:
		n.Process = nil
		return asUser(n, value)
	}
	return aProcess(n, value)
}

func asWhosePriority(n *naming, value uint64) string {
	return whose(n, value, unix.PRIO_PGRP, unix.PRIO_USER)
}

// asWhoseIOPriority: uapi/linux/ioprio.h, IOPRIO_WHO_PGRP and _USER
func asWhoseIOPriority(n *naming, value uint64) string { return whose(n, value, 2, 3) }

func asNice(_ *naming, value uint64) string { return fmt.Sprintf("nice %d", int32(value)) }

// asIOPriority: uapi/linux/ioprio.h, IOPRIO_PRIO_CLASS()
func asIOPriority(_ *naming, value uint64) string {
	class := names{0: "none", 1: "realtime", 2: "best effort", 3: "idle"}
	return fmt.Sprintf("I/O class %s, level %d", class.of(value>>13&7, "number"), value&7)
}

var policies = names{0: "SCHED_OTHER", 1: "SCHED_FIFO", 2: "SCHED_RR", 3: "SCHED_BATCH", 5: "SCHED_IDLE",
	6: "SCHED_DEADLINE", 7: "SCHED_EXT"}

// asPolicy leaves out SCHED_RESET_ON_FORK.
func asPolicy(_ *naming, value uint64) string { return policies.of(value&^0x40000000, "policy") }

func asPriority(n *naming, _ uint64) string {
	return fmt.Sprintf("priority %d", int32(binary.NativeEndian.Uint32(n.Struct)))
}

// asAttributes: uapi/linux/sched/types.h, struct sched_attr
func asAttributes(n *naming, _ uint64) string {
	order := binary.NativeEndian
	policy := policies.of(uint64(order.Uint32(n.Struct[4:])), "policy")
	return fmt.Sprintf("%s, nice %d, priority %d", policy, int32(order.Uint32(n.Struct[16:])),
		order.Uint32(n.Struct[20:]))
}

func asSignal(_ *naming, value uint64) string {
	if value == 0 {
		return "signal 0"
	}
	if name := unix.SignalName(unix.Signal(int(uint8(value)))); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", value)
}

func asPtrace(_ *naming, value uint64) string {
	return names{0: "PTRACE_TRACEME", unix.PTRACE_ATTACH: "PTRACE_ATTACH", unix.PTRACE_SEIZE: "PTRACE_SEIZE",
		unix.PTRACE_SETOPTIONS:           "PTRACE_SETOPTIONS",
		unix.PTRACE_SECCOMP_GET_FILTER:   "PTRACE_SECCOMP_GET_FILTER",
		unix.PTRACE_SECCOMP_GET_METADATA: "PTRACE_SECCOMP_GET_METADATA"}.of(value, "request")
}

// asNode is of mknod(2), which tells files of all types by their mode.
func asNode(_ *naming, value uint64) string {
	if kind := fileTypes[uint32(value)&unix.S_IFMT]; kind != "" {
		return "a " + kind
	}
	return "a file"
}

func asMountFlags(_ *naming, value uint64) string {
	if value&0xffff0000 == 0xc0ed0000 { // MS_MGC_VAL, of old
		value &= 0xffff
	}
	return flags{{unix.MS_RDONLY, "MS_RDONLY"}, {unix.MS_NOSUID, "MS_NOSUID"}, {unix.MS_NODEV, "MS_NODEV"},
		{unix.MS_NOEXEC, "MS_NOEXEC"}, {unix.MS_REMOUNT, "MS_REMOUNT"}, {unix.MS_BIND, "MS_BIND"},
		{unix.MS_MOVE, "MS_MOVE"}, {unix.MS_REC, "MS_REC"}, {unix.MS_PRIVATE, "MS_PRIVATE"},
		{unix.MS_SLAVE, "MS_SLAVE"}, {unix.MS_SHARED, "MS_SHARED"}, {unix.MS_UNBINDABLE, "MS_UNBINDABLE"},
		{unix.MS_NOATIME, "MS_NOATIME"}, {unix.MS_RELATIME, "MS_RELATIME"},
		{unix.MS_STRICTATIME, "MS_STRICTATIME"}, {unix.MS_SILENT, "MS_SILENT"}}.of(value)
}

// asFsconfig: uapi/linux/mount.h, enum fsconfig_command
func asFsconfig(_ *naming, value uint64) string {
	return names{unix.FSCONFIG_SET_FLAG: "FSCONFIG_SET_FLAG", unix.FSCONFIG_SET_STRING: "FSCONFIG_SET_STRING",
		unix.FSCONFIG_SET_BINARY: "FSCONFIG_SET_BINARY", unix.FSCONFIG_SET_PATH: "FSCONFIG_SET_PATH",
		unix.FSCONFIG_SET_PATH_EMPTY: "FSCONFIG_SET_PATH_EMPTY", unix.FSCONFIG_SET_FD: "FSCONFIG_SET_FD",
		unix.FSCONFIG_CMD_CREATE:      "FSCONFIG_CMD_CREATE",
		unix.FSCONFIG_CMD_RECONFIGURE: "FSCONFIG_CMD_RECONFIGURE"}.of(value, "command")
}

var namespaceFlags = flags{{unix.CLONE_NEWNS, "CLONE_NEWNS"}, {unix.CLONE_NEWUTS, "CLONE_NEWUTS"},
	{unix.CLONE_NEWIPC, "CLONE_NEWIPC"}, {unix.CLONE_NEWUSER, "CLONE_NEWUSER"},
	{unix.CLONE_NEWPID, "CLONE_NEWPID"}, {unix.CLONE_NEWNET, "CLONE_NEWNET"},
	{unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}, {unix.CLONE_NEWTIME, "CLONE_NEWTIME"}}

// asNamespaces leaves out all flags that are not about one.
func asNamespaces(_ *naming, value uint64) string {
	var all uint64
	for _, f := range namespaceFlags {
		all |= f.bit
	}
	return namespaceFlags.of(value & all)
}

// asClone: what is in no new namespace is a process or a thread.
func asClone(n *naming, value uint64) string {
	switch text := asNamespaces(n, value); {
	case text != "":
		return text
	case value&unix.CLONE_THREAD != 0:
		return "a thread"
	}
	return "a process"
}

func asClone3(n *naming, _ uint64) string { return asClone(n, binary.NativeEndian.Uint64(n.Struct)) }

// asSets are those that capset(2) asks for: uapi/linux/capability.h, struct __user_cap_data_struct, of which
// there are two, the second with the upper halves, but for the first version.
func asSets(n *naming, _ uint64) string {
	var parts []string
	for i, name := range []string{"effective", "permitted", "inheritable"} {
		set := uint64(binary.NativeEndian.Uint32(n.Struct[4*i:]))
		if uint32(n.Arguments[0]) != unix.LINUX_CAPABILITY_VERSION_1 {
			set |= uint64(binary.NativeEndian.Uint32(n.Struct[4*(i+3):])) << 32
		}
		parts = append(parts, name+": "+n.names.Capabilities(set))
	}
	return listed(parts...)
}

var resources = names{unix.RLIMIT_CPU: "RLIMIT_CPU", unix.RLIMIT_FSIZE: "RLIMIT_FSIZE",
	unix.RLIMIT_DATA: "RLIMIT_DATA", unix.RLIMIT_STACK: "RLIMIT_STACK", unix.RLIMIT_CORE: "RLIMIT_CORE",
	unix.RLIMIT_RSS: "RLIMIT_RSS", unix.RLIMIT_NPROC: "RLIMIT_NPROC", unix.RLIMIT_NOFILE: "RLIMIT_NOFILE",
	unix.RLIMIT_MEMLOCK: "RLIMIT_MEMLOCK", unix.RLIMIT_AS: "RLIMIT_AS", unix.RLIMIT_LOCKS: "RLIMIT_LOCKS",
	unix.RLIMIT_SIGPENDING: "RLIMIT_SIGPENDING", unix.RLIMIT_MSGQUEUE: "RLIMIT_MSGQUEUE",
	unix.RLIMIT_NICE: "RLIMIT_NICE", unix.RLIMIT_RTPRIO: "RLIMIT_RTPRIO", unix.RLIMIT_RTTIME: "RLIMIT_RTTIME"}

func asResource(_ *naming, value uint64) string { return resources.of(value, "resource") }

// asLimits has a hard limit, of which that of 32-bit calls has fewer bytes.
func asLimits(n *naming, _ uint64) string {
	hard := binary.NativeEndian.Uint64(n.Struct[8:])
	switch {
	case n.ABI != "" && n.Syscall != "prlimit64":
		return ""
	case hard == unix.RLIM_INFINITY:
		return "to unlimited"
	}
	return fmt.Sprintf("to %d", hard)
}

func asSize(_ *naming, value uint64) string { return fmt.Sprintf("%d bytes", value) }

func asClock(_ *naming, value uint64) string {
	return names{unix.CLOCK_REALTIME: "CLOCK_REALTIME", unix.CLOCK_MONOTONIC: "CLOCK_MONOTONIC",
		unix.CLOCK_BOOTTIME: "CLOCK_BOOTTIME", unix.CLOCK_REALTIME_ALARM: "CLOCK_REALTIME_ALARM",
		unix.CLOCK_BOOTTIME_ALARM: "CLOCK_BOOTTIME_ALARM", unix.CLOCK_TAI: "CLOCK_TAI"}.of(value, "clock")
}

// asSyslog: include/linux/syslog.h
func asSyslog(_ *naming, value uint64) string {
	return names{0: "SYSLOG_ACTION_CLOSE", 1: "SYSLOG_ACTION_OPEN", 2: "SYSLOG_ACTION_READ",
		3: "SYSLOG_ACTION_READ_ALL", 4: "SYSLOG_ACTION_READ_CLEAR", 5: "SYSLOG_ACTION_CLEAR",
		6: "SYSLOG_ACTION_CONSOLE_OFF", 7: "SYSLOG_ACTION_CONSOLE_ON", 8: "SYSLOG_ACTION_CONSOLE_LEVEL",
		9: "SYSLOG_ACTION_SIZE_UNREAD", 10: "SYSLOG_ACTION_SIZE_BUFFER"}.of(value, "action")
}

// asIPC leaves out IPC_64.
func asIPC(_ *naming, value uint64) string {
	return names{0: "IPC_RMID", 1: "IPC_SET", 2: "IPC_STAT"}.of(value&^0x100, "command")
}

// asReboot: uapi/linux/reboot.h
func asReboot(_ *naming, value uint64) string {
	return names{0: "RB_DISABLE_CAD", unix.LINUX_REBOOT_CMD_CAD_ON: "RB_ENABLE_CAD",
		unix.LINUX_REBOOT_CMD_RESTART: "RB_AUTOBOOT", unix.LINUX_REBOOT_CMD_HALT: "RB_HALT_SYSTEM",
		unix.LINUX_REBOOT_CMD_POWER_OFF: "RB_POWER_OFF", unix.LINUX_REBOOT_CMD_KEXEC: "RB_KEXEC",
	}.of(value&(1<<32-1), "command")
}

func asPrctl(_ *naming, value uint64) string {
	return names{unix.PR_SET_PDEATHSIG: "PR_SET_PDEATHSIG", unix.PR_SET_DUMPABLE: "PR_SET_DUMPABLE",
		unix.PR_SET_KEEPCAPS: "PR_SET_KEEPCAPS", unix.PR_SET_NAME: "PR_SET_NAME",
		unix.PR_SET_SECCOMP: "PR_SET_SECCOMP", unix.PR_CAPBSET_DROP: "PR_CAPBSET_DROP",
		unix.PR_SET_SECUREBITS: "PR_SET_SECUREBITS", unix.PR_SET_MM: "PR_SET_MM",
		unix.PR_SET_NO_NEW_PRIVS: "PR_SET_NO_NEW_PRIVS", unix.PR_CAP_AMBIENT: "PR_CAP_AMBIENT",
		unix.PR_SET_IO_FLUSHER: "PR_SET_IO_FLUSHER", unix.PR_GET_IO_FLUSHER: "PR_GET_IO_FLUSHER",
		unix.PR_SCHED_CORE: "PR_SCHED_CORE", unix.PR_SET_PTRACER: "PR_SET_PTRACER",
		unix.PR_SET_THP_DISABLE: "PR_SET_THP_DISABLE"}.of(value, "option")
}

// asPrctlArgument is the second argument where it is a number that matters.
func asPrctlArgument(n *naming, value uint64) string {
	switch n.Arguments[0] {
	case unix.PR_CAPBSET_DROP:
		return n.capability(value)
	case unix.PR_SET_SECUREBITS:
		return asHex(n, value)
	case unix.PR_SET_MM:
		return names{unix.PR_SET_MM_EXE_FILE: "PR_SET_MM_EXE_FILE", unix.PR_SET_MM_MAP: "PR_SET_MM_MAP",
			unix.PR_SET_MM_ARG_START: "PR_SET_MM_ARG_START"}.of(value, "field")
	}
	return ""
}

// capability by a number of which nobody has looked whether it is one.
func (n *naming) capability(number uint64) string {
	if number > 63 {
		return fmt.Sprintf("capability %d", number)
	}
	return n.names.Capabilities(1 << number)
}

func asKeyctl(_ *naming, value uint64) string {
	return names{unix.KEYCTL_CHOWN: "KEYCTL_CHOWN", unix.KEYCTL_SETPERM: "KEYCTL_SETPERM",
		unix.KEYCTL_DESCRIBE: "KEYCTL_DESCRIBE", unix.KEYCTL_UNLINK: "KEYCTL_UNLINK",
		unix.KEYCTL_SET_TIMEOUT: "KEYCTL_SET_TIMEOUT", unix.KEYCTL_GET_PERSISTENT: "KEYCTL_GET_PERSISTENT",
		unix.KEYCTL_INVALIDATE: "KEYCTL_INVALIDATE"}.of(value, "operation")
}

func asBPF(_ *naming, value uint64) string {
	return names{unix.BPF_MAP_CREATE: "BPF_MAP_CREATE", unix.BPF_PROG_LOAD: "BPF_PROG_LOAD",
		unix.BPF_OBJ_PIN: "BPF_OBJ_PIN", unix.BPF_OBJ_GET: "BPF_OBJ_GET",
		unix.BPF_PROG_ATTACH: "BPF_PROG_ATTACH", unix.BPF_PROG_DETACH: "BPF_PROG_DETACH",
		unix.BPF_PROG_TEST_RUN: "BPF_PROG_TEST_RUN", unix.BPF_PROG_GET_NEXT_ID: "BPF_PROG_GET_NEXT_ID",
		unix.BPF_MAP_GET_NEXT_ID: "BPF_MAP_GET_NEXT_ID", unix.BPF_PROG_GET_FD_BY_ID: "BPF_PROG_GET_FD_BY_ID",
		unix.BPF_MAP_GET_FD_BY_ID: "BPF_MAP_GET_FD_BY_ID", unix.BPF_PROG_QUERY: "BPF_PROG_QUERY",
		unix.BPF_RAW_TRACEPOINT_OPEN: "BPF_RAW_TRACEPOINT_OPEN", unix.BPF_BTF_LOAD: "BPF_BTF_LOAD",
		unix.BPF_BTF_GET_FD_BY_ID: "BPF_BTF_GET_FD_BY_ID", unix.BPF_TASK_FD_QUERY: "BPF_TASK_FD_QUERY",
		unix.BPF_BTF_GET_NEXT_ID: "BPF_BTF_GET_NEXT_ID", unix.BPF_LINK_CREATE: "BPF_LINK_CREATE",
		unix.BPF_LINK_GET_NEXT_ID: "BPF_LINK_GET_NEXT_ID", unix.BPF_ITER_CREATE: "BPF_ITER_CREATE",
	}.of(value, "command")
}

// asPerfEvent: uapi/linux/perf_event.h, struct perf_event_attr
func asPerfEvent(n *naming, _ uint64) string {
	order := binary.NativeEndian
	kind := names{0: "PERF_TYPE_HARDWARE", 1: "PERF_TYPE_SOFTWARE", 2: "PERF_TYPE_TRACEPOINT",
		3: "PERF_TYPE_HW_CACHE", 4: "PERF_TYPE_RAW", 5: "PERF_TYPE_BREAKPOINT"}
	return fmt.Sprintf("%s %#x", kind.of(uint64(order.Uint32(n.Struct)), "type"), order.Uint64(n.Struct[8:]))
}

func asProtection(_ *naming, value uint64) string {
	if value == unix.PROT_NONE {
		return "PROT_NONE"
	}
	return flags{{unix.PROT_READ, "PROT_READ"}, {unix.PROT_WRITE, "PROT_WRITE"},
		{unix.PROT_EXEC, "PROT_EXEC"}}.of(value)
}

// asAdvice has those that ask for capabilities (mm/madvise.c, madvise_inject_error()), of which the second is
// in uapi/asm-generic/mman-common.h.
func asAdvice(_ *naming, value uint64) string {
	return names{unix.MADV_HWPOISON: "MADV_HWPOISON", 101: "MADV_SOFT_OFFLINE"}.of(value, "advice")
}

func asFcntl(_ *naming, value uint64) string {
	return names{unix.F_SETFL: "F_SETFL", unix.F_SETLEASE: "F_SETLEASE", unix.F_NOTIFY: "F_NOTIFY",
		unix.F_SETPIPE_SZ: "F_SETPIPE_SZ", unix.F_SETOWN: "F_SETOWN", unix.F_SETLK: "F_SETLK",
		unix.F_ADD_SEALS: "F_ADD_SEALS"}.of(value, "command")
}

func asIoctl(_ *naming, value uint64) string {
	if name, ok := ioctls[uint64(uint32(value))]; ok {
		return name
	}
	return fmt.Sprintf("ioctl %#x", uint32(value))
}

// ioctls are those that ask for capabilities in many programs. Numbers without a name here are of
// uapi/linux/fs.h, sockios.h and kd.h.
var ioctls = names{unix.TIOCSTI: "TIOCSTI", unix.TIOCCONS: "TIOCCONS", unix.TIOCSCTTY: "TIOCSCTTY",
	unix.TIOCSSERIAL: "TIOCSSERIAL", unix.TIOCVHANGUP: "TIOCVHANGUP", unix.TIOCEXCL: "TIOCEXCL",
	unix.TIOCSWINSZ: "TIOCSWINSZ", unix.TCSETS: "TCSETS", unix.TCSETSW: "TCSETSW", unix.TCSETSF: "TCSETSF",
	unix.SIOCGIFFLAGS: "SIOCGIFFLAGS", unix.SIOCGIFINDEX: "SIOCGIFINDEX",
	unix.SIOCSIFADDR: "SIOCSIFADDR", unix.SIOCSIFFLAGS: "SIOCSIFFLAGS", unix.SIOCSIFMTU: "SIOCSIFMTU",
	unix.SIOCSIFNETMASK: "SIOCSIFNETMASK", unix.SIOCSIFHWADDR: "SIOCSIFHWADDR",
	unix.SIOCSIFNAME: "SIOCSIFNAME", unix.SIOCADDRT: "SIOCADDRT", unix.SIOCDELRT: "SIOCDELRT",
	unix.SIOCSARP: "SIOCSARP", unix.SIOCDARP: "SIOCDARP", unix.SIOCETHTOOL: "SIOCETHTOOL",
	unix.SIOCBRADDBR: "SIOCBRADDBR", unix.SIOCBRDELBR: "SIOCBRDELBR", unix.SIOCBRADDIF: "SIOCBRADDIF",
	unix.SIOCSIFVLAN: "SIOCSIFVLAN", unix.SIOCADDMULTI: "SIOCADDMULTI", unix.SIOCSHWTSTAMP: "SIOCSHWTSTAMP",
	unix.SIOCSPGRP: "SIOCSPGRP", 0x8901: "FIOSETOWN",
	unix.TUNSETIFF: "TUNSETIFF", unix.TUNSETOWNER: "TUNSETOWNER", unix.TUNSETPERSIST: "TUNSETPERSIST",
	unix.FS_IOC_SETFLAGS: "FS_IOC_SETFLAGS", 0xc0045877: "FIFREEZE", 0xc0045878: "FITHAW",
	0xc0185879: "FITRIM", unix.FICLONE: "FICLONE", 1: "FIBMAP",
	unix.BLKRRPART: "BLKRRPART", unix.BLKFLSBUF: "BLKFLSBUF", unix.BLKROSET: "BLKROSET",
	unix.BLKRASET: "BLKRASET", unix.BLKPG: "BLKPG", unix.BLKDISCARD: "BLKDISCARD",
	unix.LOOP_SET_FD: "LOOP_SET_FD", unix.LOOP_CLR_FD: "LOOP_CLR_FD", unix.LOOP_CONFIGURE: "LOOP_CONFIGURE",
	unix.LOOP_SET_STATUS64: "LOOP_SET_STATUS64", unix.RTC_SET_TIME: "RTC_SET_TIME",
	unix.RTC_IRQP_SET: "RTC_IRQP_SET", unix.WDIOC_SETTIMEOUT: "WDIOC_SETTIMEOUT",
	0x4b34: "KDADDIO", 0x4b35: "KDDELIO", 0x4b3a: "KDSETMODE", 0x4b45: "KDSKBMODE",
	unix.RNDADDENTROPY: "RNDADDENTROPY", unix.PERF_EVENT_IOC_SET_BPF: "PERF_EVENT_IOC_SET_BPF"}

// endpoint is an address of a socket, and its port.
func (n *naming) endpoint() (address string, port int) {
	raw := n.Address
	if len(raw) < 28 {
		return "", 0
	}
	switch binary.NativeEndian.Uint16(raw) {
	case unix.AF_INET:
		return netip.AddrFrom4([4]byte(raw[4:8])).String(), int(binary.BigEndian.Uint16(raw[2:]))
	case unix.AF_INET6:
		return netip.AddrFrom16([16]byte(raw[8:24])).String(), int(binary.BigEndian.Uint16(raw[2:]))
	case unix.AF_UNIX:
		if raw[2] != 0 { // as the kernel half says that it is a name
			return "@" + n.Texts[1], 0
		}
		return n.Texts[1], 0
	case unix.AF_NETLINK:
		if groups := binary.NativeEndian.Uint32(raw[8:]); groups != 0 {
			return fmt.Sprintf("groups %#x", groups), 0
		}
	}
	return "", 0
}
