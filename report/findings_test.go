package report

import (
	"strings"
	"time"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
	"github.com/cap-audit/cap-audit/reach"
)

// The system calls of the examples, by x86-64 number.
var (
	sysPoll      = audit.Syscall{Number: 7, Name: "poll"}
	sysRead      = audit.Syscall{Number: 0, Name: "read"}
	sysMmap      = audit.Syscall{Number: 9, Name: "mmap"}
	sysSocket    = audit.Syscall{Number: 41, Name: "socket"}
	sysConnect   = audit.Syscall{Number: 42, Name: "connect"}
	sysBind      = audit.Syscall{Number: 49, Name: "bind"}
	sysKill      = audit.Syscall{Number: 62, Name: "kill"}
	sysChroot    = audit.Syscall{Number: 161, Name: "chroot"}
	sysExecve    = audit.Syscall{Number: 59, Name: "execve"}
	sysChown     = audit.Syscall{Number: 92, Name: "chown"}
	sysSetuid    = audit.Syscall{Number: 105, Name: "setuid"}
	sysSetgroups = audit.Syscall{Number: 116, Name: "setgroups"}
	sysSyslog    = audit.Syscall{Number: 103, Name: "syslog"}
	sysCapset    = audit.Syscall{Number: 126, Name: "capset"}
	sysMount     = audit.Syscall{Number: 165, Name: "mount"}
	sysOpenat    = audit.Syscall{Number: 257, Name: "openat"}
	sysSetresuid = audit.Syscall{Number: 208, ABI: "i386", Name: "setresuid32"}
	noSyscall    = audit.Syscall{Number: -1, Name: "unknown"}
)

// host is the same in every example.
var host = audit.SystemContext{
	KernelVersion: "6.12.43+deb13-amd64",
	Sysctls: map[string]int{
		"yama_ptrace_scope": 1, "kptr_restrict": 1, "dmesg_restrict": 1, "modules_disabled": 0,
		"perf_event_paranoid": 3, "unprivileged_bpf_disabled": 2, "bpf_jit_enable": 1, "bpf_jit_harden": 0,
		"vm_mmap_min_addr": 65536, "fs_protected_hardlinks": 1, "fs_protected_symlinks": 1,
		"fs_suid_dumpable": 0,
		// bpf_jit_kallsyms was not readable
	},
}

func app(path string) audit.Application {
	return audit.Application{PID: 4242, Path: path, Ended: true}
}

// calls that were looked at.
func calls(n uint64) *uint64 { return &n }

// pingStacks are of a program with symbols, and of a library without.
var pingStacks = []audit.Stack{
	{Frames: []audit.Frame{
		{Module: "/usr/lib/x86_64-linux-gnu/libc.so.6", Function: "socket", Offset: 7},
		{Module: "/usr/bin/ping", Function: "create_socket", Offset: 88},
		{Module: "/usr/bin/ping", Function: "main", Offset: 412},
		{Module: "/usr/lib/x86_64-linux-gnu/libc.so.6", Function: "__libc_start_call_main", Offset: 122},
		{Module: "/usr/lib/x86_64-linux-gnu/libc.so.6", Function: "__libc_start_main", Offset: 133},
		{Module: "/usr/bin/ping", Function: "_start", Offset: 33},
	}},
	{Frames: []audit.Frame{
		{Module: "/usr/lib/x86_64-linux-gnu/libc.so.6", Function: "socket", Offset: 7},
		{Module: "/usr/lib/libother.so.1", Offset: 0x1234},
	}, Ended: "more of the stack was not copied"},
}

func granted(n uint64) audit.Tally { return audit.Tally{Granted: n} }

// asking is a site where each of some objects was asked for once.
func asking(function string, s audit.Syscall, list ...objects.Object) audit.CallSite {
	c := site(function, s, uint64(len(list)))
	for _, o := range list {
		c.Objects.Seen = append(c.Objects.Seen, audit.SeenObject{Object: o, Checks: 1})
	}
	return c
}

// aFile is root's, and nobody else's.
func aFile(path string) objects.Object {
	return objects.Object{Kind: objects.File, Path: path, Owner: "root", Group: "root", Mode: "0600"}
}

func aPort(n int) objects.Object {
	return objects.Object{Kind: objects.Socket, Family: "IPv4", Protocol: "tcp", Address: "0.0.0.0", Port: n}
}

func site(function string, s audit.Syscall, checks uint64) audit.CallSite {
	return audit.CallSite{Function: function, Syscall: s, Checks: checks}
}

// asked is a call site with what it asked for.
func asked(c audit.CallSite, others uint64, list ...audit.SeenObject) audit.CallSite {
	c.Objects = audit.Objects{Seen: list, Others: others}
	return c
}

func seen(checks uint64, o objects.Object) audit.SeenObject {
	return audit.SeenObject{Object: o, Checks: checks}
}

func failed(s audit.Syscall, class audit.OutcomeClass, ret int, n uint64) audit.SyscallOutcome {
	return audit.SyscallOutcome{Syscall: s, Class: class, Return: ret, Count: n}
}

func told(limits ...string) []audit.BlindSpot { return each(limits, toldBlindSpot) }

// examples are findings as Analyze could give them, one for each thing that a
// report can show.
var examples = map[string]*audit.Findings{
	"empty": {
		Application: app("/usr/bin/true"), System: host, Backend: "fentry", Tasks: 1,
	},
	"verified": {
		Application: app("/usr/bin/chown"), System: host, Backend: "fentry", TotalChecks: 1, Tasks: 1,
		RunAs:    "daemon",
		Required: []audit.Capability{{Number: 0, Tally: granted(1), Syscall: sysChown}},
		Proof:    &audit.Proof{Verification: &audit.Trial{Set: 1, Without: -1, Behaved: true}},
	},
	"grown": {
		Application: app("/usr/bin/lsof"), System: host, Backend: "fentry", TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 2, Tally: granted(1), Syscall: sysOpenat}},
		Proof: &audit.Proof{
			Growth: []audit.Trial{{Set: 1 << 2, Without: -1, Evidence: []audit.Evidence{
				{Kind: "status", Capability: -1, Text: "the program exited with status 1; before, it " +
					"exited with status 0"},
				{Kind: "refused", Capability: 19, Syscall: sysOpenat, Return: -13}}}},
			Added: []audit.Evidence{
				{Kind: "refused", Capability: 19, Syscall: sysOpenat, Return: -13}},
			Verification: &audit.Trial{Set: 1<<2 | 1<<19, Without: -1, Behaved: true},
		},
	},
	"service": {
		Application: app("/usr/sbin/hostile\x1bd"), System: host, Backend: "fentry", TotalChecks: 3, Tasks: 1,
		Required: []audit.Capability{{Number: 13, Tally: granted(1), Syscall: sysSocket}},
		Denied: []audit.Denied{{Number: 0, Checks: 2, Syscalls: []audit.Syscall{sysChown},
			Outcomes:   []audit.SyscallOutcome{failed(sysChown, audit.PermissionFailure, -1, 2)},
			Assessment: audit.AssessPermissionFailure}},
		UnitFile: &audit.UnitFile{
			Unit: "pinger@a.service", File: "/etc/systemd/system/pinger@.service",
			DropIns: []string{"/etc/systemd/system/pinger@.service.d/10-\x1b.conf"},
			User:    "daemon", Named: "daemon", Group: "daemon", UID: 1, GID: 1, Groups: []int{1, 4},
			SetsBounding: true, SetsAmbient: true,
			Ambient: 1<<13 | 1<<10, Bounding: 1<<13 | 1<<10, Configured: 1<<13 | 1<<10, NoNewPrivileges: true,
			NotSimulated: []audit.Omission{
				{Setting: audit.Setting{Key: "ProtectSystem", Value: "strict"},
					Effect: "the program sees the whole file system"},
				{Setting: audit.Setting{Key: "RestrictRealtime", Value: "yes"},
					Effect: "no system call is refused"},
				{Setting: audit.Setting{Key: "PrivateTmp", Value: "yes"},
					Effect: "the program sees the whole file system"},
				{Setting: audit.Setting{Key: "NoSuch\x1b[2J", Value: "\xff"},
					Effect: "cap-audit does not know this setting"},
			},
			NotRun:   []audit.Setting{{Key: "ExecStartPre", Value: "-/bin/mkdir /run/pinger"}},
			Warnings: []string{`"/etc/x.service": line 7 is no assignment: systemd ignores it`},
		},
	},
	"service-as-root": {
		Application: app("/usr/sbin/rootd"), System: host, Backend: "fentry", Tasks: 1,
		UnitFile: &audit.UnitFile{Unit: "rootd.service", File: "/etc/systemd/system/rootd.service",
			Bounding: 1<<41 - 1 - 1<<21},
	},
	"minimized": {
		Application: app("/usr/bin/backup"), System: host, Backend: "fentry", TotalChecks: 3, Tasks: 1,
		Required: []audit.Capability{
			{Number: 0, Tally: granted(1), Syscall: sysChown},
			{Number: 21, Tally: granted(1), Syscall: sysMount},
			{Number: 38, Tally: granted(1), Syscall: sysOpenat},
		},
		Proof: &audit.Proof{
			Verification: &audit.Trial{Set: 1 | 1<<21 | 1<<38, Without: -1, Behaved: true},
			Trials: []audit.Trial{
				{Set: 1<<21 | 1<<38, Without: 0, Evidence: []audit.Evidence{
					{Kind: "status", Capability: -1, Text: "the program exited with status 1; before, it " +
						"exited with status 0"},
					{Kind: "refused", Capability: 0, Syscall: sysChown, Return: -1},
				}},
				{Set: 1 | 1<<38, Without: 21, Behaved: true, Evidence: []audit.Evidence{
					{Kind: "refused", Capability: 21, Syscall: sysMount},
				}},
				{Set: 1 | 1<<21, Without: 38, Behaved: true, AnotherWay: true,
					Evidence: []audit.Evidence{
						{Kind: "refused", Capability: 38, Syscall: sysOpenat, Return: -13}}},
			},
			Minimal: &audit.Trial{Set: 1, Without: -1, Evidence: []audit.Evidence{
				{Kind: "timeout", Capability: -1, Text: "it had not ended after 10s, while the first run " +
					"took 12ms"},
			}},
		},
	},
	"untraced": {
		Application: app("/usr/bin/backup"), System: host, Backend: "none",
		BlindSpots: []audit.BlindSpot{{Kind: audit.BlindUntraced}},
		Required: []audit.Capability{{Number: 2, Syscall: noSyscall, InPlace: true},
			{Number: 6, Syscall: noSyscall}, {Number: 10, Syscall: noSyscall}},
		Proof: &audit.Proof{
			Verification: &audit.Trial{Set: 1<<1 | 1<<2 | 1<<6 | 1<<10, Without: -1, Behaved: true,
				Evidence: []audit.Evidence{{Kind: "varies", Capability: -1, Text: "its output is not the " +
					"same in two runs that lack nothing, so the exit status decided alone"}}},
			Trials: []audit.Trial{
				{Set: 1<<2 | 1<<6 | 1<<10, Without: 1, Behaved: true},
				{Set: 1<<6 | 1<<10, Without: 2, Evidence: []audit.Evidence{{Kind: "status",
					Capability: -1, Text: "the program exited with status 2; before, it exited with " +
						"status 0"}}},
				{Set: 1<<1 | 1<<2 | 1<<10, Without: 6, Evidence: []audit.Evidence{{Kind: "identity",
					Capability: -1, Text: "at the end a process of backup had group 0 in the place of 13"}}},
				{Set: 1<<1 | 1<<2 | 1<<6, Without: 10, Evidence: []audit.Evidence{{Kind: "status",
					Capability: -1, Text: "the program exited with status 1; before, it exited with " +
						"status 0"}}},
			},
			Growth: []audit.Trial{{Set: 1<<6 | 1<<10, Without: -1, Evidence: []audit.Evidence{{
				Kind: "status", Capability: -1, Text: "the program exited with status 2; before, it " +
					"exited with status 0"}}}},
			Minimal: &audit.Trial{Set: 1<<2 | 1<<6 | 1<<10, Without: -1, Behaved: true},
		},
	},
	"gives-up": {
		Application: app("/usr/sbin/squid"), System: host, Backend: "fentry", TotalChecks: 3, Tasks: 1,
		Required: []audit.Capability{
			{Number: 6, Tally: granted(1), Syscall: audit.Syscall{Number: 116, Name: "setgroups"}},
			{Number: 7, Tally: granted(1), Syscall: sysSetresuid},
			{Number: 23, Tally: granted(1), Syscall: sysOpenat},
		},
		Proof: &audit.Proof{
			Verification: &audit.Trial{Set: 1<<6 | 1<<7 | 1<<23, Without: -1, Behaved: true},
			Trials: []audit.Trial{
				{Set: 1<<7 | 1<<23, Without: 6, Behaved: true, GivesUp: true, Evidence: []audit.Evidence{
					{Kind: "refused", Capability: 6, Return: -1,
						Syscall: audit.Syscall{Number: 116, Name: "setgroups"}}}},
				{Set: 1<<6 | 1<<23, Without: 7, Evidence: []audit.Evidence{
					{Kind: "test", Capability: -1, Text: "the test exited with status 1"}}},
				{Set: 1<<6 | 1<<7, Without: 23, Behaved: true, Evidence: []audit.Evidence{
					{Kind: "refused", Capability: 23, Syscall: sysOpenat, Return: -13}}},
				{Set: 1<<6 | 1<<7, Without: 0, Behaved: true, NotAsked: true,
					Evidence: []audit.Evidence{{Kind: "not_asked", Capability: 0, Syscall: sysChown}}},
				{Set: 1<<6 | 1<<7, Without: 1, Evidence: []audit.Evidence{
					{Kind: "spoilt", Capability: -1, Text: "since a run before had to be killed, the " +
						"program does not behave with all capabilities either: the test exited with " +
						"status 1"}}},
			},
			Minimal: &audit.Trial{Set: 1<<6 | 1<<7, Without: -1, Behaved: true, Evidence: []audit.Evidence{
				{Kind: "refused", Capability: 23, Syscall: sysOpenat, Return: -13}}},
		},
	},
	"not-verified": {
		Application: app("/usr/sbin/daemon"), System: host, Backend: "fentry", Tasks: 1, StillRunning: 1,
		Proof: &audit.Proof{Skipped: "descendants were still running; --follow waits for them"},
	},
	"granted": {
		Application: app("/usr/bin/ping"), System: host, Backend: "fentry",
		TotalChecks: 3, Tasks: 1,
		Required: []audit.Capability{{
			Number: 13, Tally: audit.Tally{Granted: 2, Denied: 1}, Syscall: sysSocket,
			CallSites: []audit.CallSite{
				{Function: "inet_create", Syscall: sysSocket, Checks: 2, Stacks: pingStacks},
				site("inet6_create", sysSocket, 1)},
		}},
	},
	"dropped": {
		Application: app("/usr/sbin/chronyd"), System: host, Backend: "fentry",
		Dropped: true, CapsetCalls: 2, TotalChecks: 14, Tasks: 2,
		Required: []audit.Capability{
			{Number: 0, Tally: granted(2), Syscall: sysChown,
				CallSites: []audit.CallSite{site("setattr_prepare", sysChown, 2)}},
			{Number: 7, Tally: granted(1), Syscall: sysSetuid, CallSites: []audit.CallSite{
				site("__sys_setuid", sysSetuid, 1),
				{Function: "__sys_setresuid", Syscall: sysSetresuid, Checks: 5, Sampled: true},
			}},
			{Number: 10, Tally: granted(9), Syscall: sysBind, CallSites: []audit.CallSite{
				{Function: "__inet_bind", Syscall: sysBind, Checks: 4, Sampled: true},
			}},
		},
		CapsetOnly: []audit.CapsetOnly{
			{Number: 23, Effective: true, Permitted: true},
			{Number: 19, Permitted: true, Inheritable: true},
		},
		Init: []audit.Capability{
			{Number: 0, Tally: granted(2), Syscall: sysChown,
				CallSites: []audit.CallSite{site("setattr_prepare", sysChown, 2)}},
			{Number: 7, Tally: granted(1), Syscall: sysSetuid},
			{Number: 10, Tally: granted(4), Syscall: sysBind},
		},
		Operational: []audit.Capability{{Number: 10, Tally: granted(5), Syscall: sysBind}},
	},
	"dropped-all": {
		Application: app("/usr/sbin/dropper"), System: host, Backend: "fentry",
		Dropped: true, CapsetCalls: 1, TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 10, Tally: granted(1), Syscall: sysBind}},
		Init:     []audit.Capability{{Number: 10, Tally: granted(1), Syscall: sysBind}},
	},
	"objects": {
		Application: app("/usr/sbin/server"), System: host, Backend: "fentry", TotalChecks: 80, Tasks: 3,
		Required: []audit.Capability{
			{Number: 1, Tally: granted(70), Syscall: sysOpenat, CallSites: []audit.CallSite{
				asked(site("generic_permission", sysOpenat, 69), 3,
					seen(60, objects.Object{Kind: objects.File, Path: "/etc/ssl/private/x.key", Owner: "root",
						Group: "ssl-cert", Mode: "0640"}),
					seen(4, objects.Object{Kind: objects.File, Path: "/root", Given: "/root/\xff\x1b[2J",
						Owner: "root", Group: "root", Mode: "0700", Type: "directory"}),
					seen(1, objects.Object{Kind: objects.File, Path: "/dev/console", Owner: "root",
						Group: "tty", Mode: "0620", Type: "character device", Device: "5:1"})),
				asked(site("may_create", sysMount, 1), 0,
					seen(1, objects.Object{Kind: objects.File, Path: "/mnt",
						Option: "from /dev/sda1, MS_RDONLY"}),
					seen(1, objects.Object{Kind: objects.Arguments, Option: "arguments 0x1, an address"})),
			}},
			{Number: 10, Tally: granted(1), Syscall: sysBind, CallSites: []audit.CallSite{
				asked(site("__inet_bind", sysBind, 1), 0, seen(1, objects.Object{Kind: objects.Socket,
					Family: "IPv4", Protocol: "tcp", Address: "0.0.0.0", Port: 80})),
			}},
		},
		Denied: []audit.Denied{{
			Number: 5, Checks: 9, Syscalls: []audit.Syscall{sysRead}, Assessment: audit.AssessInconclusive,
			CallSites: []audit.CallSite{asked(site("check_kill_permission", sysRead, 9), 0,
				seen(9, objects.Object{Kind: objects.Process, PID: 812, Program: "sshd", User: "root",
					Option: "SIGTERM"}),
				seen(1, objects.Object{Kind: objects.Option, Option: "all processes"}),
				seen(1, objects.Object{Kind: objects.Option, Option: "process group 1"}),
				seen(1, objects.Object{Kind: objects.Option, Option: "process group 2"}),
				seen(1, objects.Object{Kind: objects.Socket, Family: "netlink", Protocol: "route",
					Message: "RTM_NEWLINK"}))},
		}},
	},
	"denied": {
		Application: audit.Application{PID: 4242, Path: "/usr/bin/cat", Ended: true, Status: 1}, System: host,
		Backend:     "fentry",
		TotalChecks: 30, Tasks: 1,
		Denied: []audit.Denied{
			{
				Number: 1, Checks: 3, Syscalls: []audit.Syscall{sysOpenat},
				CallSites: []audit.CallSite{site("generic_permission", sysOpenat, 3)},
				Outcomes: []audit.SyscallOutcome{failed(sysOpenat, audit.Success, 0, 2),
					failed(sysOpenat, audit.PermissionFailure, -13, 1)},
				Assessment: audit.AssessPermissionFailure,
			},
			{
				Number: 2, Checks: 4, Syscalls: []audit.Syscall{sysRead},
				Outcomes: []audit.SyscallOutcome{failed(sysRead, audit.Success, 0, 3),
					failed(sysRead, audit.Interrupted, -512, 1)},
				Assessment: audit.AssessMixedInterruption,
			},
			{
				Number: 3, Checks: 2, Syscalls: []audit.Syscall{noSyscall},
				Assessment: audit.AssessInconclusive,
			},
			{
				Number: 19, Checks: 3, Syscalls: []audit.Syscall{sysRead, sysOpenat},
				Outcomes: []audit.SyscallOutcome{
					failed(sysRead, audit.Success, 0, 1), failed(sysRead, audit.OtherFailure, -5, 1),
					failed(sysOpenat, audit.OtherFailure, -524, 1),
					failed(sysOpenat, audit.OtherFailure, -4000, 1),
				},
				Assessment: audit.AssessMixedOther,
			},
			{
				Number: 21, Checks: 5, LSMRefused: 2, Syscalls: []audit.Syscall{sysOpenat},
				Outcomes:   []audit.SyscallOutcome{failed(sysOpenat, audit.Success, 0, 5)},
				Assessment: audit.AssessSucceededDespite,
			},
			{
				Number: 34, Checks: 1, Syscalls: []audit.Syscall{sysSyslog},
				Outcomes: []audit.SyscallOutcome{failed(sysSyslog, audit.Interrupted, -4, 1),
					failed(sysSyslog, audit.Interrupted, -516, 1)},
				Assessment: audit.AssessInconclusive,
			},
			{
				Number: 38, Checks: 12, Syscalls: []audit.Syscall{sysMount},
				Outcomes:   []audit.SyscallOutcome{failed(sysMount, audit.OtherFailure, -2, 12)},
				Assessment: audit.AssessDenialNotEstablished,
			},
		},
	},
	"nested": {
		Application: app("/usr/bin/unshare"), System: host, Backend: "tracepoint",
		TotalChecks: 4, Tasks: 2,
		Denied: []audit.Denied{{
			Number: 21, Checks: 1, Syscalls: []audit.Syscall{sysMount},
			Outcomes:   []audit.SyscallOutcome{failed(sysMount, audit.PermissionFailure, -1, 1)},
			Assessment: audit.AssessPermissionFailure,
		}},
		Nested: []audit.Nested{{
			Number: 21, Tally: granted(3),
			CallSites: []audit.CallSite{site("path_mount", sysMount, 2), site("may_mount", sysOpenat, 1)},
		}},
		Programs: []audit.ProgramUse{
			{Index: 1, Path: "/usr/bin/unshare", StandsFor: 1, Processes: 1},
			{Index: 2, Parent: 1, Path: "/usr/bin/mount", StandsFor: 1, Processes: 1, Refused: []int{21},
				Syscalls: []string{"clone", "i386:mount", "keyctl"}, RefusedSyscalls: []string{"i386:mount"}},
		},
	},
	"maybe-probe": {
		Application: app("/usr/bin/new"), System: host, Backend: "fentry", TotalChecks: 6, Tasks: 1,
		Required: []audit.Capability{{Number: 21, Tally: granted(4), Syscall: sysMount,
			CallSites: []audit.CallSite{site("path_mount", sysMount, 2),
				{Function: "new_function", Syscall: sysMount, Checks: 1, MaybeProbe: true},
				{Function: "\x1bnew", Syscall: noSyscall, Checks: 1, MaybeProbe: true}},
		}},
		Denied: []audit.Denied{{Number: 0, Checks: 2, Syscalls: []audit.Syscall{sysChown},
			CallSites: []audit.CallSite{
				{Function: "new_function", Syscall: sysChown, Checks: 2, MaybeProbe: true}},
			Outcomes:   []audit.SyscallOutcome{failed(sysChown, audit.Success, 0, 2)},
			Assessment: audit.AssessSucceededDespite}},
	},
	"advisory": {
		Application: app("/usr/bin/dmesg"), System: host, Backend: "tracepoint",
		BlindSpots:  told("options: not shown", "lsm: what AppArmor refused counts as granted"),
		TotalChecks: 24, Tasks: 1,
		Required: []audit.Capability{{
			Number: 34, Tally: granted(3), Syscall: sysSyslog,
			CallSites: []audit.CallSite{
				site("check_syslog_permissions", sysSyslog, 2),
				{Function: "kallsyms_show_value", Syscall: sysRead, Checks: 1,
					Advisory: "kernel addresses read as zeros"},
				site("devkmsg_open", sysOpenat, 1), site("security_file_open", sysOpenat, 1),
				site("nothing_known", noSyscall, 1),
			},
		}},
		Advisory: []audit.Advisory{
			{Number: 21, Tally: audit.Tally{Granted: 20, Denied: 1}, CallSites: []audit.CallSite{
				{Function: "cap_vm_enough_memory", Syscall: sysMmap, Checks: 20,
					Advisory: "memory kept in reserve for administrators is not used"},
				{Function: "begin_new_exec", Syscall: sysExecve, Checks: 1,
					Advisory: "execve goes on all the same"},
			}},
			// is in REQUIRED already, so the text does not repeat it
			{Number: 34, Tally: granted(1), CallSites: []audit.CallSite{
				{Function: "kallsyms_show_value", Syscall: sysRead, Checks: 1,
					Advisory: "kernel addresses read as zeros"},
			}},
		},
	},
	"failed-anyway": {
		Application: app("/usr/bin/curl"), System: host, Backend: "tracepoint",
		BlindSpots:  append(told("options: not shown"), audit.BlindSpot{Kind: audit.BlindLSM}),
		TotalChecks: 5, Tasks: 1,
		Required: []audit.Capability{{
			Number: 12, Tally: granted(5), Syscall: sysConnect,
			FailedAnyway: []audit.SyscallOutcome{
				failed(sysConnect, audit.PermissionFailure, -1, 1),
				failed(sysConnect, audit.OtherFailure, -111, 4),
			},
		}},
	},
	"sampled": {
		Application: app("/usr/sbin/server"), System: host, Backend: "tracepoint", Sampled: true,
		Subject:     audit.Subject{Kind: audit.SubjectPID},
		BlindSpots:  []audit.BlindSpot{{Kind: audit.BlindUnasked}, {Kind: audit.BlindCalls}},
		TotalChecks: 500205, Tasks: 1,
		Required: []audit.Capability{
			{Number: 10, Tally: granted(5), Syscall: sysBind, LookedAt: calls(5),
				FailedAnyway: []audit.SyscallOutcome{failed(sysBind, audit.OtherFailure, -98, 1)}},
			{Number: 12, Tally: granted(200000), Syscall: sysConnect, LookedAt: calls(3188),
				FailedAnyway: []audit.SyscallOutcome{failed(sysConnect, audit.OtherFailure, -111, 4)}},
		},
		Denied: []audit.Denied{
			{Number: 1, Checks: 300000, Syscalls: []audit.Syscall{sysOpenat}, LookedAt: calls(4751),
				Outcomes:   []audit.SyscallOutcome{failed(sysOpenat, audit.Success, 0, 4751)},
				Assessment: audit.AssessSucceededDespite},
			{Number: 21, Checks: 200, Syscalls: []audit.Syscall{sysMount}, LookedAt: calls(66),
				Outcomes:   []audit.SyscallOutcome{failed(sysMount, audit.PermissionFailure, -1, 66)},
				Assessment: audit.AssessPermissionFailure},
		},
	},
	"hostile-path": {
		Application: app("/tmp/\xff\xfe 'x'\n\x1b]0;owned\a\u202e\u009b2J/été"), System: host,
		Backend:     "kprobe",
		TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 13, Tally: granted(1), Syscall: sysSocket}},
		Programs: []audit.ProgramUse{
			{Index: 1, Path: "/tmp/\xff\xfe\x1b[31m", StandsFor: 1, Processes: 1, Needs: []int{13}},
			{Index: 2, Parent: 1, Path: "\n  /usr/bin/fake (1 process)", StandsFor: 1, Processes: 1,
				Syscalls: []string{"clone", "set_mempolicy"}, Namespaces: true},
			{Index: 3, Parent: 4, Path: "/in/a", StandsFor: 1, Processes: 1},
			{Index: 4, Parent: 3, Path: "/circle", StandsFor: 1, Processes: 1},
			{Index: 0, Needs: []int{13}},
		},
	},
	"python": {
		Application: audit.Application{PID: 4242, Path: "/usr/local/bin/serve.py", Python: true, Ended: true,
			Signal: 15},
		System: host, Backend: "fentry", TotalChecks: 2, Tasks: 4,
		Required: []audit.Capability{
			{Number: 0, Tally: granted(1), Syscall: sysChown},
			{Number: 10, Tally: granted(1), Syscall: sysBind},
		},
	},
	"many-programs": {
		Application: app("/usr/bin/build-all"), System: host, Backend: "fentry", TotalChecks: 900, Tasks: 900,
		Required: []audit.Capability{{Number: 0, Tally: granted(900), Syscall: sysChown,
			CallSites: []audit.CallSite{site("chown_common", sysChown, 900)}}},
		Programs: append([]audit.ProgramUse{
			{Index: 1, Path: "/usr/bin/build-all", StandsFor: 1, Processes: 1},
			{Index: 2, Parent: 1, Path: "/tmp/tmp.*/conf\x1btest", StandsFor: 812, Processes: 813,
				Needs: []int{0}},
			{Index: 3, Parent: 2, Path: "./a.out", StandsFor: 2, Processes: 2, Refused: []int{13}},
			{Index: 4, Parent: 1, Path: "/tmp/tmp.*/true", StandsFor: 60, Processes: 60},
		}, installers(25)...),
	},
	"sys-admin": {
		Application: app("/usr/bin/mount"), System: host, Backend: "fentry", TotalChecks: 2, Tasks: 1,
		Required: []audit.Capability{{
			Number: 21, Tally: granted(2), Syscall: sysMount,
			CallSites: []audit.CallSite{site("path_mount", sysMount, 2)},
		}},
	},
	"setpcap-not-held": {
		Application: audit.Application{PID: 4242, Path: "/usr/bin/ping", FilePermitted: 1 << 13,
			FileEffective: true, Ended: true},
		System: host, Backend: "fentry", TotalChecks: 3, CapsetCalls: 1, Tasks: 1,
		Required: []audit.Capability{
			{Number: 8, Tally: granted(1), Syscall: sysCapset},
			{Number: 13, Tally: granted(2), Syscall: sysSocket},
		},
	},
	// its file has more than the run needed
	"container": {
		Application: audit.Application{PID: 4242, Path: "/usr/local/bin/server", FilePermitted: 1<<10 | 1<<12,
			Unprivileged: true, Ended: true},
		Subject: audit.Subject{Kind: audit.SubjectContainer, Name: "web", Engine: "podman",
			Image: "localhost/web:1", ContainerID: "0123456789ab"},
		System: host, Backend: "tracepoint", TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 10, Tally: granted(1), Syscall: sysBind}},
	},
	"container-of-a-pod": {
		Application: audit.Application{PID: 4242, Path: "/server"},
		Subject: audit.Subject{Kind: audit.SubjectContainer, Name: "app", Engine: "containerd",
			Image: "example.org/web:1", ImageDigest: "sha256:" + strings.Repeat("5e", 32),
			Cgroup:      "/kubepods/pod0-1/0123456789ab",
			ContainerID: "0123456789ab", Namespace: "default", Pod: "web-0", PodUID: "0-1"},
		System: host, Backend: "tracepoint", TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 10, Tally: granted(1), Syscall: sysBind}},
	},
	"pod": {
		Subject: audit.Subject{Kind: audit.SubjectPod, Name: "default/web-0", Engine: "cri-o",
			Cgroup: "/kubepods.slice/kubepods-pod0_1.slice", Namespace: "default", Pod: "web-0",
			PodUID: "0-1"},
		System: host, Backend: "tracepoint", TotalChecks: 1, Tasks: 3,
		Required: []audit.Capability{{Number: 10, Tally: granted(1), Syscall: sysBind}},
	},
	"incomplete": {
		Application: audit.Application{PID: 4242, Path: "/usr/sbin/daemon", Ended: true, Signal: 11},
		System:      audit.SystemContext{KernelVersion: "6.1.0"}, Backend: "kprobe", TotalChecks: 1000,
		Tasks: 20000, StillRunning: 3,
		Losses: audit.Losses{Tasks: 1, Checks: 2, Rows: 3, Sites: 4, Outcomes: 5, Programs: 6, Events: 7,
			Unasked: 8},
		Required: []audit.Capability{
			{Number: 10, Tally: granted(1), Syscall: noSyscall},
			// a kernel newer than every name we know
			{Number: 63, Tally: granted(999), Syscall: noSyscall},
		},
	},
	// root looks into root's processes, and makes a user namespace after its drop
	"unasked": {
		Application: app("/usr/bin/monitor"), System: host, Backend: "tracepoint", TotalChecks: 2, Tasks: 2,
		Dropped: true, CapsetCalls: 1,
		Required: []audit.Capability{{Number: 21, Tally: granted(2), Syscall: sysMount}},
		Init:     []audit.Capability{{Number: 21, Tally: granted(2), Syscall: sysMount}},
		Unasked: []audit.UnaskedCapability{
			{Number: 19, Calls: []audit.UnaskedCall{
				{Syscall: sysOpenat, Count: 7, Concluded: true}, {Syscall: sysRead, Count: 1}}},
			{Number: 31, AfterDrop: true, Calls: []audit.UnaskedCall{
				{Syscall: audit.Syscall{Number: 1, Name: "write"}, Count: 1, Concluded: true}}},
		},
		Programs: []audit.ProgramUse{{Index: 1, Path: "/usr/bin/monitor", StandsFor: 1, Processes: 2,
			Needs: []int{19, 21, 31}}},
	},
	"serving": {
		Application: app("/usr/local/sbin/served"), System: host, Backend: "fentry", TotalChecks: 4, Tasks: 1,
		Took: 3 * time.Hour, Lasted: 3 * time.Hour,
		Serving: &audit.Serving{After: 412 * time.Millisecond, Syscall: &sysPoll},
		Required: []audit.Capability{
			{Number: 10, Tally: granted(1), Syscall: sysBind,
				Span: &audit.Span{First: 200 * time.Millisecond, Last: 400 * time.Millisecond}},
			{Number: 13, Tally: granted(3), Syscall: sysSocket,
				Span: &audit.Span{First: 100 * time.Millisecond, Last: 2 * time.Hour}},
		},
	},
	"ended-after-refusal": {
		Application: audit.Application{PID: 4242, Path: "/usr/local/sbin/served", Command: "served",
			Arguments: []string{"--port=80"}, UID: 65534, Unprivileged: true, Ended: true, Status: 1},
		System: host, Backend: "fentry", TotalChecks: 3, Tasks: 1, Took: 3e9,
		Denied: []audit.Denied{
			{Number: 0, Checks: 2, Syscalls: []audit.Syscall{sysChown},
				Outcomes:   []audit.SyscallOutcome{failed(sysChown, audit.PermissionFailure, -1, 2)},
				Assessment: audit.AssessPermissionFailure},
			{Number: 10, Checks: 1, Syscalls: []audit.Syscall{sysBind},
				Outcomes:   []audit.SyscallOutcome{failed(sysBind, audit.PermissionFailure, -13, 1)},
				Assessment: audit.AssessPermissionFailure},
		},
		RefusedEnd: &audit.RefusedEnd{PID: 4242, Status: 1, Syscall: sysBind, Return: -13,
			Capabilities: []int{10}},
	},
	"unit-ended-after-refusal": {
		Application: audit.Application{PID: 4242, Path: "/usr/sbin/served", Unprivileged: true},
		Subject:     audit.Subject{Kind: audit.SubjectUnit, Name: "served.service"},
		System:      host, Backend: "fentry", TotalChecks: 1, Tasks: 1, Took: 3e9,
		Denied: []audit.Denied{{Number: 10, Checks: 1, Syscalls: []audit.Syscall{sysBind},
			Outcomes:   []audit.SyscallOutcome{failed(sysBind, audit.PermissionFailure, -13, 1)},
			Assessment: audit.AssessPermissionFailure}},
		RefusedEnd: &audit.RefusedEnd{PID: 4243, Status: 1, Syscall: sysBind, Return: -13,
			Capabilities: []int{10}},
	},
	"without": {
		Application: app("/usr/sbin/webd"), System: host, Backend: "fentry", TotalChecks: 9, Tasks: 1,
		RunAs: "www",
		Required: []audit.Capability{
			{Number: 2, Tally: granted(2), Syscall: sysOpenat, CallSites: []audit.CallSite{
				asking("generic_permission", sysOpenat, aFile("/srv/key"), aFile("/var/lib/web/users")),
			}},
			// one of two has no way around
			{Number: 5, Tally: granted(2), Syscall: sysKill, CallSites: []audit.CallSite{
				asking("check_kill_permission", sysKill,
					objects.Object{Kind: objects.Process, PID: 7, Program: "db", User: "db",
						Option: "SIGHUP"},
					objects.Object{Kind: objects.Process, PID: 1, Program: "init", User: "root",
						Option: "SIGHUP"}),
			}},
			// one way for both
			{Number: 6, Tally: granted(1), Syscall: sysSetgroups, CallSites: []audit.CallSite{
				asking("__do_sys_setgroups", sysSetgroups,
					objects.Object{Kind: objects.Option, Option: "no groups"}),
			}},
			{Number: 7, Tally: granted(1), Syscall: sysSetuid, CallSites: []audit.CallSite{
				asking("__sys_setuid", sysSetuid, objects.Object{Kind: objects.Option, Option: "user web"}),
			}},
			{Number: 10, Tally: granted(2), Syscall: sysBind, CallSites: []audit.CallSite{
				asking("__inet_bind", sysBind, aPort(80), aPort(443)),
			}},
			// nothing of the program's is to be typed as it is
			{Number: 18, Tally: granted(1), Syscall: sysChroot, CallSites: []audit.CallSite{
				asking("ksys_chroot", sysChroot, aFile("/srv/\x1b[2J$(id)")),
			}},
		},
	},
	"not-exercised": {
		Application: app("/usr/sbin/logind\x1bd"), System: host, Backend: "fentry", TotalChecks: 1, Tasks: 3,
		Gains:    []audit.Gain{audit.GainSessions},
		Required: []audit.Capability{{Number: 6, Tally: granted(1), Syscall: sysSetgroups}},
		Programs: []audit.ProgramUse{
			{Index: 1, Path: "/usr/sbin/logind\x1bd", StandsFor: 1, Processes: 1, Needs: []int{6},
				Syscalls:        []string{"bind", "chroot", "kill", "read", "setgroups"},
				RefusedSyscalls: []string{"chroot"}},
			{Index: 2, Parent: 1, Path: "/bin/sh", StandsFor: 2, Processes: 2, Members: []int{3},
				Syscalls: []string{"read"}},
		},
		Bounds: &audit.Bounds{Programs: []audit.ProgramBounds{
			{Index: 1, Result: loads(code("/usr/sbin/logind\x1bd", map[int][]reach.Operation{
				0: {{Call: "chown", Asks: "setattr_prepare", Files: true}},
				5: {{Call: "kill(0)", Function: "stop", Asks: "check_kill_permission"},
					{Call: "pidfd_send_signal", Object: "/lib/libsystemd.so.0", Function: "+0x1234"}},
				6: {{Call: "setgroups", Asks: "may_setgroups"}},
				7: {{Call: "setresuid", Function: "become", Asks: "__sys_setresuid"},
					{Call: "setuid", Function: "become", Asks: "__sys_setuid"}},
				10: {{Call: "bind", Function: "listen_on", Asks: "__inet_bind"},
					{Call: "bind", Object: "/lib/libc.so.6", Function: "bindresvport"}},
				18: {{Call: "chroot", Function: "privsep_preauth_child", Asks: "ksys_chroot"}},
				29: {{Call: "socket(16, 3, 9)", Object: "/lib/lib\x1b[2Jaudit.so.1", Function: "audit_open"}},
				34: {{Call: "/dev/kmsg", Object: "/lib/libsystemd.so.0", Asks: "devkmsg_open"}},
			}))},
			{Index: 2, Result: code("/bin/sh", map[int][]reach.Operation{
				7: {{Call: "setuid", Object: "/bin/sh", Function: "setprivileged"}},
			})},
		}},
	},
	"held": {
		Application: audit.Application{PID: 7, Path: "/usr/sbin/timed"},
		Subject:     audit.Subject{Kind: audit.SubjectUnit, Name: "timed.service", FromStart: true},
		System:      host, Backend: "fentry", TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 25, Tally: granted(1), Syscall: sysSyslog}},
		Held:     &audit.Held{Permitted: 1<<25 | 1<<7 | 1<<13, Bounding: 1<<41 - 1 - 1<<16},
		Programs: []audit.ProgramUse{{Index: 1, Path: "/usr/sbin/timed", StandsFor: 1, Processes: 1,
			Needs: []int{25}}},
		Bounds: &audit.Bounds{Programs: []audit.ProgramBounds{{Index: 1, Result: code("/usr/sbin/timed",
			map[int][]reach.Operation{7: {{Call: "setuid", Function: "main"}},
				25: {{Call: "clock_settime", Function: "main"}}})}}},
	},
	"not-looked-at": {
		Application: app("/usr/bin/true"), System: host, Backend: "tracepoint", Sampled: true, Tasks: 2,
		Programs: []audit.ProgramUse{{Index: 1, Path: "/usr/bin/true", StandsFor: 1, Processes: 1,
			Syscalls: []string{"read"}}},
		Bounds: &audit.Bounds{Programs: []audit.ProgramBounds{
			{Index: 1, Result: code("/usr/bin/true", map[int][]reach.Operation{
				1: {{Call: "openat(2)", Files: true}},
				6: {{Call: "setgid", Function: "drop"}},
			})},
			{Index: 2, Failed: "/usr/bin/gone: no such file\x1b or directory"},
		}},
	},
	"nothing-ruled-out": {
		Application: audit.Application{PID: 4242, Path: "/usr/bin/python3.11", Ended: true,
			Mentions: []string{"os.chroot", "os.setresuid"}},
		System: host, Backend: "fentry", Tasks: 1,
		Programs: []audit.ProgramUse{{Index: 1, Path: "/usr/bin/python3.11", StandsFor: 1, Processes: 1}},
		Bounds: &audit.Bounds{Programs: []audit.ProgramBounds{
			{Index: 1, Result: anyCall("/usr/bin/python3.11")}}},
	},
	"everything": {
		Application: app("/sbin/init"), System: host, Backend: "fentry", TotalChecks: 41, Tasks: 1,
		Required: every(),
	},
}

// loads is a program that can load others' code.
func loads(r *reach.Result) *reach.Result {
	r.Loads = true
	return r
}

// code is a program that can do what is given, by capability; its own where no object is named.
func code(program string, can map[int][]reach.Operation) *reach.Result {
	r := &reach.Result{Program: program, Architecture: "x86-64", Objects: []string{program, "/lib/libc.so.6"},
		SystemCalls: []string{"bind", "chroot", "kill", "read", "setgroups", "setresuid"}, Executes: true}
	for n, operations := range can {
		v := &r.Capabilities[n]
		for _, o := range operations {
			if o.Object == "" {
				o.Object = program
			}
			class := reach.Possible
			if o.Files {
				class = reach.OnFiles
			}
			v.Class = max(v.Class, class)
			v.Operations = append(v.Operations, o)
		}
	}
	return r
}

// anyCall is a program whose code does not say which system calls it makes.
func anyCall(program string) *reach.Result {
	r := code(program, nil)
	r.AnySystemCall = true
	for n := range r.Capabilities {
		r.Capabilities[n] = reach.Verdict{Class: reach.Possible,
			Operations: []reach.Operation{{Call: "any system call", Object: program}}}
	}
	return r
}

// installers are programs that one runs, each under another name.
func installers(n int) (list []audit.ProgramUse) {
	for i := range n {
		list = append(list, audit.ProgramUse{Index: 5 + i, Parent: 1,
			Path: "/usr/lib/install-" + strings.Repeat("x", i), StandsFor: 1, Processes: 1, Needs: []int{0}})
	}
	return list
}

// every is each capability of the kernels that this was written for.
func every() []audit.Capability {
	var list []audit.Capability
	for n := range 41 {
		list = append(list, audit.Capability{Number: n, Tally: granted(1), Syscall: sysOpenat})
	}
	return list
}
