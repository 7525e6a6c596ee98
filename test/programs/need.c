/*
 * need CAP [COUNT]: do one thing, COUNT times, that the kernel allows only to a holder of CAP, and that
 * asks for no other capability.
 *
 *	need --list		one mode a line: NAME FUNCTION CHECKS ALTERNATIVE
 *	need --probes		one probe a line: NAME CAP SYSCALL NEEDED
 *	need --prepare DIR	as root, un-audited: make what some modes need beforehand
 *
 * FUNCTION is the kernel function that asks, as the stacks of 6.18 on x86-64 name it (a static one may be
 * inlined, and so bear another name elsewhere). CHECKS is how often it asks in one round when it is
 * granted; N+ where some kernels ask more often. ALTERNATIVE is a capability that the kernel, or an older
 * one, takes in place of CAP: to see CAP refused, take that away, too; `-` when there is none. A
 * capability that nothing can exercise has no line.
 *
 * A probe is used as a mode is: need NAME [COUNT]. In SYSCALL the kernel asks for CAP and goes on whatever
 * the answer is; NEEDED is what it wants in earnest, `-` if nothing.
 *
 * Exit status: 0 allowed, 1 refused (the errno is printed), 77 this kernel or host cannot exercise CAP
 * (the reason is printed), 2 anything else.
 *
 * The truth must be the same for uid 0 and for an ordinary user with CAP as its only, ambient, capability.
 * Hence:
 * - No mode leans on being root. Files belong to a third user, neither root nor the caller, or to the caller.
 * - Setting up asks for nothing. What would ask is made by --prepare and found through $NEED_DIR.
 * - Where the kernel looks at the capability before the arguments, the arguments are wrong on purpose: the
 *   errno tells that the check was passed, and nothing on the machine changes.
 */
#define _GNU_SOURCE
#include "need/common.h"
#include "need/files.h"
#include "need/network.h"
#include "need/probes.h"
#include "need/system.h"

#include <grp.h>
#include <sys/inotify.h>

#define MODE(capability, lower, function, checks, alternative) \
	{ #lower, CAP_ ## capability, need_ ## lower, function, checks, alternative }

static const struct mode {
	const char *name;
	int number;
	int (*once)(void);
	const char *function;		/* NULL: not exercised at all */
	const char *checks;		/* in one round, when granted */
	const char *alternative;
} modes[] = {
	MODE(CHOWN, chown, "setattr_prepare", "1", "-"),
	MODE(DAC_OVERRIDE, dac_override, "generic_permission", "1", "-"),
	MODE(DAC_READ_SEARCH, dac_read_search, "do_handle_open", "1", "-"),
	MODE(FOWNER, fowner, "setattr_prepare", "1", "-"),
	MODE(FSETID, fsetid, "setattr_should_drop_suidgid", "1", "-"),
	MODE(KILL, kill, "check_kill_permission", "1", "-"),
	MODE(SETGID, setgid, "__sys_setresgid", "1", "-"),
	MODE(SETUID, setuid, "__sys_setresuid", "1", "-"),
	MODE(SETPCAP, setpcap, "cap_task_prctl", "1", "-"),
	MODE(LINUX_IMMUTABLE, linux_immutable, "vfs_fileattr_set", "1", "-"),
	MODE(NET_BIND_SERVICE, net_bind_service, "__inet_bind", "1", "-"),
	MODE(NET_BROADCAST, net_broadcast, NULL, NULL, NULL),
	MODE(NET_ADMIN, net_admin, "sk_setsockopt", "1", "-"),
	MODE(NET_RAW, net_raw, "inet_create", "1", "-"),
	MODE(IPC_LOCK, ipc_lock, "__do_sys_mlockall", "1", "-"),
	MODE(IPC_OWNER, ipc_owner, "ipcperms", "1", "-"),
	MODE(SYS_MODULE, sys_module, "__do_sys_init_module", "1", "-"),
	MODE(SYS_RAWIO, sys_rawio, "do_vfs_ioctl", "1", "-"),
	MODE(SYS_CHROOT, sys_chroot, "__x64_sys_chroot", "1", "-"),
	MODE(SYS_PTRACE, sys_ptrace, "__ptrace_may_access", "1", "-"),
	MODE(SYS_PACCT, sys_pacct, "__x64_sys_acct", "1", "-"),
	MODE(SYS_ADMIN, sys_admin, "__x64_sys_sethostname", "1", "-"),
	MODE(SYS_BOOT, sys_boot, "__do_sys_reboot", "1", "-"),
	MODE(SYS_NICE, sys_nice, "can_nice", "1", "-"),
	MODE(SYS_RESOURCE, sys_resource, "do_prlimit", "1", "-"),
	MODE(SYS_TIME, sys_time, "cap_settime", "1", "-"),
	MODE(SYS_TTY_CONFIG, sys_tty_config, "__x64_sys_vhangup", "1", "-"),
	MODE(MKNOD, mknod, "vfs_mknod", "1", "-"),
	MODE(LEASE, lease, "vfs_setlease", "1", "-"),
	MODE(AUDIT_WRITE, audit_write, "audit_receive_msg", "1", "-"),
	MODE(AUDIT_CONTROL, audit_control, "audit_receive_msg", "1", "-"),
	MODE(SETFCAP, setfcap, "cap_convert_nscap", "1", "-"),
	MODE(MAC_OVERRIDE, mac_override, NULL, NULL, NULL),
	MODE(MAC_ADMIN, mac_admin, "aa_policy_admin_capable", "1", "-"),
	MODE(SYSLOG, syslog, "check_syslog_permissions", "1", "sys_admin"),
	MODE(WAKE_ALARM, wake_alarm, "__do_sys_timerfd_create", "1", "-"),
	MODE(BLOCK_SUSPEND, block_suspend, "do_epoll_ctl", "1", "-"),
	MODE(AUDIT_READ, audit_read, "audit_multicast_bind", "1", "-"),
	MODE(PERFMON, perfmon, "find_get_context", "1", "sys_admin"),
	MODE(BPF, bpf, "__sys_bpf", "1+", "sys_admin"),
	MODE(CHECKPOINT_RESTORE, checkpoint_restore, "alloc_pid", "1", "sys_admin"),
};

static const struct probe {
	const char *name, *capability, *syscall, *needed;
	int (*once)(void);
} probes[] = {
	{ "zerocopy", "ipc_lock", "sendto", "-", probe_zerocopy },
	{ "umem", "ipc_lock", "setsockopt", "net_raw", probe_umem },
	{ "uring", "ipc_lock", "io_uring_setup", "-", probe_uring },
	{ "vsock", "net_admin", "socket", "-", probe_vsock },
	{ "interface", "net_admin", "ioctl", "-", probe_interface },
	{ "interface-module", "sys_module", "ioctl", "-", probe_interface },
	{ "fanotify", "sys_admin", "fanotify_init", "-", probe_fanotify },
	{ "xattrs", "sys_admin", "flistxattr", "-", probe_xattrs },
	{ "pagemap", "sys_admin", "read", "-", probe_pagemap },
	{ "stat", "sys_ptrace", "read", "-", probe_stat },
	{ "sysctl", "net_admin", "openat", "-", probe_sysctl },
	{ "kallsyms", "syslog", "openat", "-", probe_kallsyms },
	{ "oom", "sys_resource", "pwrite64", "-", probe_oom },
	{ "lookup", "net_admin", "newfstatat", "-", probe_lookup },
	{ "same-uid", "setuid", "setuid", "-", probe_setuid },
	{ "same-gid", "setgid", "setgid", "-", probe_setgid },
	{ "pci", "sys_admin", "pread64", "-", probe_pci },
	{ "terminal", "sys_tty_config", "ioctl", "-", probe_terminal },
	{ "acl", "fsetid", "fsetxattr", "fowner", probe_acl },
	{ "mkdir", "fsetid", "mkdirat", "-", probe_mkdir },
};

/* Whether not even the host's first process may ever have it: then a refusal says nothing about the
 * caller. */
static int host_lacks(int capability)
{
	unsigned long long bounding = ~0ULL;
	FILE *file = fopen("/proc/1/status", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CapBnd: %llx", &bounding);
	if (file)
		fclose(file);
	return !(bounding >> capability & 1);
}

static void make(const char *dir, const char *name, int directory, mode_t mode, uid_t owner)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (directory)
		must(mkdir(path, 0700), path);
	else
		must(close(must(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path)), path);
	must(chown(path, owner, owner), path);
	must(chmod(path, mode), path);
}

static int prepare(const char *dir)
{
	char path[PATH_MAX], byte;
	int ready[2], watch, null, start;
	pid_t helper;
	FILE *file;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		must(-1, dir);
	must(chmod(dir, 0755), dir);
	make(dir, "owned", 0, 0, THIRD);
	make(dir, "readable", 0, 0644, THIRD);
	make(dir, "scratch", 1, 0777, 0);
	make(dir, "pid", 0, 0644, 0);
	make(dir, "setgid", 1, 02777, THIRD);

	file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	if (file && fscanf(file, "%d", &start) == 1 && start <= 1)
		make(dir, FREE_PORTS, 0, 0644, 0);
	if (file)
		fclose(file);

	/* A process of the third user, to be signalled. It ends when DIR/pid is removed, or after an hour. */
	snprintf(path, sizeof(path), "%s/pid", dir);
	watch = must(inotify_init1(IN_CLOEXEC), "inotify_init1");
	must(inotify_add_watch(watch, path, IN_DELETE_SELF), path);
	must(pipe2(ready, O_CLOEXEC), "pipe2");
	helper = must(fork(), "fork");
	if (helper == 0) {
		struct inotify_event event;

		alarm(3600);
		setsid();
		null = must(open("/dev/null", O_RDWR), "/dev/null");
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (chdir("/") < 0 || setgroups(0, NULL) < 0 || setresgid(THIRD, THIRD, THIRD) < 0 ||
		    setresuid(THIRD, THIRD, THIRD) < 0 || write(ready[1], "", 1) != 1)
			_exit(BROKEN);
		close(ready[0]);
		close(ready[1]);
		_exit(read(watch, &event, sizeof(event)) < 0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		quit(BROKEN, "the helper process failed");

	file = fopen(path, "we");
	if (!file || fprintf(file, "%d\n", helper) < 0 || fclose(file))
		quit(BROKEN, "%s: %s", path, strerror(errno));
	return 0;
}

static const struct probe *const last_probe = probes + sizeof(probes) / sizeof(*probes);

/* The exit status of the probe of that name, -1 if there is none. */
static int run_probe(const char *name, long count)
{
	const struct probe *probe = probes;

	while (probe < last_probe && strcmp(probe->name, name))
		probe++;
	if (probe == last_probe)
		return -1;
	for (; round < count; round++) {
		int error = -probe->once();

		if (!error)
			continue;
		printf("%s\n", strerrorname_np(error));
		return REFUSED;
	}
	return ALLOWED;
}

int main(int argc, char **argv)
{
	const size_t all = sizeof(modes) / sizeof(*modes);
	const struct mode *mode = modes;
	int status;
	long count;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (; mode < modes + all; mode++)
			if (mode->function)
				printf("%s %s %s %s\n", mode->name, mode->function, mode->checks, mode->alternative);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--probes")) {
		for (const struct probe *p = probes; p < last_probe; p++)
			printf("%s %s %s %s\n", p->name, p->capability, p->syscall, p->needed);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "--prepare"))
		return prepare(argv[2]);
	if (argc < 2 || argc > 3 || (count = argc == 3 ? atol(argv[2]) : 1) < 1)
		quit(BROKEN, "usage: need CAP [COUNT] | PROBE [COUNT] | --list | --probes | --prepare DIR");

	status = run_probe(argv[1], count);
	if (status >= 0)
		return status;

	while (mode < modes + all && strcmp(mode->name, argv[1]))
		mode++;
	if (mode == modes + all)
		quit(BROKEN, "%s: no such capability", argv[1]);

	for (; round < count; round++) {
		int error = -mode->once();

		if (!error)
			continue;
		if (error != EPERM && error != EACCES)
			quit(BROKEN, "%s: %s", mode->name, strerror(error));
		if (host_lacks(mode->number))
			quit(UNSUPPORTED, "%s: %s, and this host's first process cannot have it", mode->name,
			     strerrorname_np(error));
		printf("%s\n", strerrorname_np(error));
		return REFUSED;
	}
	return ALLOWED;
}
