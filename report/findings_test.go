package report

import "github.com/cap-audit/cap-audit/audit"

// The system calls of the examples, by x86-64 number.
var (
	sysRead      = audit.Syscall{Number: 0, Name: "read"}
	sysMmap      = audit.Syscall{Number: 9, Name: "mmap"}
	sysSocket    = audit.Syscall{Number: 41, Name: "socket"}
	sysConnect   = audit.Syscall{Number: 42, Name: "connect"}
	sysBind      = audit.Syscall{Number: 49, Name: "bind"}
	sysExecve    = audit.Syscall{Number: 59, Name: "execve"}
	sysChown     = audit.Syscall{Number: 92, Name: "chown"}
	sysSetuid    = audit.Syscall{Number: 105, Name: "setuid"}
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

func granted(n uint64) audit.Tally { return audit.Tally{Granted: n} }

func site(function string, s audit.Syscall, checks uint64) audit.CallSite {
	return audit.CallSite{Function: function, Syscall: s, Checks: checks}
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
			CallSites: []audit.CallSite{site("inet_create", sysSocket, 2),
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
			{Index: 1, Path: "/usr/bin/unshare", Processes: 1},
			{Index: 2, Parent: 1, Path: "/usr/bin/mount", Processes: 1, Refused: []int{21},
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
	"hostile-path": {
		Application: app("/tmp/\xff\xfe 'x'\n\x1b]0;owned\a\u202e\u009b2J/été"), System: host,
		Backend:     "kprobe",
		TotalChecks: 1, Tasks: 1,
		Required: []audit.Capability{{Number: 13, Tally: granted(1), Syscall: sysSocket}},
		Programs: []audit.ProgramUse{
			{Index: 1, Path: "/tmp/\xff\xfe\x1b[31m", Processes: 1, Needs: []int{13}},
			{Index: 2, Parent: 1, Path: "\n  /usr/bin/fake (1 process)", Processes: 1,
				Syscalls: []string{"clone", "set_mempolicy"}, Namespaces: true},
			{Index: 3, Parent: 4, Path: "/in/a", Processes: 1},
			{Index: 4, Parent: 3, Path: "/circle", Processes: 1},
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
	"sys-admin": {
		Application: app("/usr/bin/mount"), System: host, Backend: "fentry", TotalChecks: 2, Tasks: 1,
		Required: []audit.Capability{{
			Number: 21, Tally: granted(2), Syscall: sysMount,
			CallSites: []audit.CallSite{site("path_mount", sysMount, 2)},
		}},
	},
	"setpcap-not-held": {
		Application: audit.Application{PID: 4242, Path: "/usr/bin/ping", FilePermitted: 1 << 13, Ended: true},
		System:      host, Backend: "fentry", TotalChecks: 3, CapsetCalls: 1, Tasks: 1,
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
		Programs: []audit.ProgramUse{{Index: 1, Path: "/usr/bin/monitor", Processes: 2,
			Needs: []int{19, 21, 31}}},
	},
	"everything": {
		Application: app("/sbin/init"), System: host, Backend: "fentry", TotalChecks: 41, Tasks: 1,
		Required: every(),
	},
}

// every is each capability of the kernels that this was written for.
func every() []audit.Capability {
	var list []audit.Capability
	for n := range 41 {
		list = append(list, audit.Capability{Number: n, Tally: granted(1), Syscall: sysOpenat})
	}
	return list
}
