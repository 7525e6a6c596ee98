/*
 * reach HOW PID: do something once to another process that the kernel allows to whoever holds at least what
 * that process holds, without a check, and to others by CAP_SYS_PTRACE or CAP_SYS_NICE.
 *
 *	reach --list		one way a line: HOW CAPABILITY; `none` where nothing is ever asked, and a + behind
 *				the name where more is asked for besides
 *	reach HOW child		the same to a child, which holds what this process holds
 *	reach wait [bare]	be the other process, bare of capabilities: prints what to give as PID, and waits
 *
 * PID can be PID:ADDRESS, of memory to read. Exit status: 0 allowed, 1 refused, 77 not on this kernel or architecture, 2 anything else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALLOWED = 0, REFUSED = 1, BROKEN = 2, UNSUPPORTED = 77 };

static char path[256];

static const char *in_proc(int pid, const char *name)
{
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

static long open_in_proc(int pid, const char *name) { return open(in_proc(pid, name), O_RDONLY); }

/* A file that could not be opened fails to be read with EBADF: refused, too. */
static long read_in_proc(int pid, const char *name)
{
	char byte;

	return read(open_in_proc(pid, name), &byte, 1);
}

static char text[256];

static long read_exe(int pid) { return readlink(in_proc(pid, "exe"), text, sizeof(text)); }
static long follow_root(int pid) { return access(in_proc(pid, "root/etc"), F_OK); }
static long stat_exe(int pid) { return stat(in_proc(pid, "exe"), &(struct stat){ 0 }); }
static long lstat_exe(int pid) { return lstat(in_proc(pid, "exe"), &(struct stat){ 0 }); }
static long read_fd(int pid) { return readlink(in_proc(pid, "fd/0"), text, sizeof(text)); }
static long list_fds(int pid) { return open_in_proc(pid, "fd"); }
static long list_fdinfo(int pid) { return open_in_proc(pid, "fdinfo"); }
static long enter_fdinfo(int pid) { return chdir(in_proc(pid, "fdinfo")); }
static long name_fdinfo(int pid) { return open(in_proc(pid, "fdinfo"), O_PATH); }
static long stat_fdinfo(int pid) { return stat(in_proc(pid, "fdinfo/"), &(struct stat){ 0 }); }
static long open_fdinfo(int pid) { return open_in_proc(pid, "fdinfo/0"); }
static long open_map_files(int pid) { return open_in_proc(pid, "map_files"); }
static long name_maps(int pid) { return open(in_proc(pid, "maps"), O_PATH); }
static long lstat_fd(int pid) { return lstat(in_proc(pid, "fd/0"), &(struct stat){ 0 }); }
static long lstat_cwd(int pid) { return lstat(in_proc(pid, "cwd/."), &(struct stat){ 0 }); }

/* To the end: . and .. are given to everybody. */
static long list_map_files(int pid)
{
	int directory = open_map_files(pid);
	long ret;

	while ((ret = syscall(SYS_getdents64, directory, text, sizeof(text))) > 0)
		;
	return ret;
}

static long by_roundabout(const char *format, int pid)
{
	snprintf(path, sizeof(path), format, pid);
	return readlink(path, text, sizeof(text));
}

static long of_two_slashes(int pid) { return by_roundabout("//proc//%d///exe", pid); }
static long of_dots(int pid) { return by_roundabout("/./proc/./%d/././/exe", pid); }

static long of_parents(int pid) { return by_roundabout("/proc/self/task/../../%d/task/../exe", pid); }
static long environ_of_parents(int pid) { return open_in_proc(pid, "task/../environ"); }

static long below_parents(int pid)
{
	if (chdir("/"))
		return -1;
	return by_roundabout("../proc/%d/exe", pid);
}

static long from_parent(int pid)
{
	char name[64];

	snprintf(name, sizeof(name), "../%d/exe", pid);
	return readlinkat(open("/proc/self", O_PATH | O_DIRECTORY), name, text, sizeof(text));
}

static long up_from_process(int pid)
{
	return readlinkat(open(in_proc(pid, "task"), O_PATH | O_DIRECTORY), "../exe", text, sizeof(text));
}

static long of_self_by_parents(__attribute__((unused)) int pid)
{
	return readlink("/proc/1/../self/exe", text, sizeof(text));
}

/* By a path that does not tell where it leads. */
static long maps_by_relative_path(int pid)
{
	if (chdir("/"))
		return -1;
	return open(in_proc(pid, "maps") + 1, O_RDONLY);
}

/* An ordinary file of such a name, or the link to nothing, in a directory of its own. */
static long of_ordinary(int pid, const char *name, long (*once)(void))
{
	char directory[] = "/tmp/reach-XXXXXX", command[256];
	long ret;
	int error;

	if (!mkdtemp(directory))
		return -1;
	snprintf(command, sizeof(command), "d=%s/proc/%d; mkdir -p $d && ln -s nothing $d/exe && : >$d/maps",
		 directory, pid);
	if (system(command)) {
		errno = EIO;
		return -1;
	}
	snprintf(path, sizeof(path), "%s/proc/%d/%s", directory, pid, name);
	ret = once();
	error = errno;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	if (system(command))
		return -1;
	errno = error;
	return ret;
}

static long open_path(void) { return open(path, O_RDONLY); }
static long read_path(void) { return readlink(path, text, sizeof(text)); }
static long open_ordinary(int pid) { return of_ordinary(pid, "maps", open_path); }
static long read_ordinary(int pid) { return of_ordinary(pid, "exe", read_path); }

/* The same with a number that no process has: linux/threads.h, PID_MAX_LIMIT is 4194304 up to 7.3. */
enum { NO_PID = 9999999 };

static long open_ordinary_of_none(__attribute__((unused)) int pid)
{
	return of_ordinary(NO_PID, "maps", open_path);
}

static long read_ordinary_of_none(__attribute__((unused)) int pid)
{
	return of_ordinary(NO_PID, "exe", read_path);
}

static long read_status(int pid) { return read_in_proc(pid, "status"); }
static long open_ns(int pid) { return open_in_proc(pid, "ns/net"); }
static long open_maps(int pid) { return open_in_proc(pid, "maps"); }
static long open_mem(int pid) { return open_in_proc(pid, "mem"); }
static long open_environ(int pid) { return open_in_proc(pid, "environ"); }
static long read_io(int pid) { return read_in_proc(pid, "io"); }
static long change_to_cwd(int pid) { return chdir(in_proc(pid, "cwd")); }

static long change_root(int pid) { return chroot(in_proc(pid, "root")); }
static long stat_file_system(int pid) { return statfs(in_proc(pid, "root"), &(struct statfs){ 0 }); }
static long tree_of_ns(int pid) { return syscall(SYS_open_tree, AT_FDCWD, in_proc(pid, "ns/net"), 0); }

/* Where nobody else sees it. */
static long bind_ns(int pid)
{
	if (unshare(CLONE_NEWNS))
		return -1;
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		errno = ENOSYS; /* / is no mount point, but a chroot's */
		return -1;
	}
	return mount(in_proc(pid, "ns/net"), "/proc/version", NULL, MS_BIND, NULL);
}

static long of_thread(int pid)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%d/exe", pid);
	return readlink(in_proc(pid, name), text, sizeof(text));
}

static long from_directory(int pid)
{
	int directory = open(in_proc(pid, ""), O_PATH | O_DIRECTORY);

	return readlinkat(directory, "exe", text, sizeof(text));
}

static int link_itself(int pid) { return open(in_proc(pid, "exe"), O_PATH | O_NOFOLLOW); }
static long stat_link(int pid) { return fstat(link_itself(pid), &(struct stat){ 0 }); }
static long read_link(int pid) { return readlinkat(link_itself(pid), "", text, sizeof(text)); }

static long from_proc(int pid)
{
	char name[64];

	snprintf(name, sizeof(name), "%d/exe", pid);
	return readlinkat(open("/proc", O_PATH | O_DIRECTORY), name, text, sizeof(text));
}

static long from_working_directory(int pid)
{
	if (chdir(in_proc(pid, "fd")))
		return -1;
	return readlink("0", text, sizeof(text));
}

static long seize(int pid)
{
	return ptrace(PTRACE_SEIZE, pid, 0, 0);
}

static void *address = text;

static long read_memory(int pid)
{
	struct iovec here = { text, 1 }, there = { address, 1 };

	return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static long compare(int pid)
{
	return syscall(SYS_kcmp, pid, getpid(), KCMP_VM, 0, 0);
}

static long take_fd(int pid)
{
	return syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), 0, 0);
}


static long robust_list(int pid)
{
	void *head;
	size_t size;

	return syscall(SYS_get_robust_list, pid, &head, &size);
}

static long migrate(int pid)
{
	unsigned long node = 1;

	return syscall(SYS_migrate_pages, pid, 2UL, &node, &node);
}

static long move(int pid)
{
	void *page = text;
	int node = 0, status;

	return syscall(SYS_move_pages, pid, 1UL, &page, &node, &status, 2 /* MPOL_MF_MOVE */);
}

static long nice_process(int pid) { return setpriority(PRIO_PROCESS, pid, 7); }
static long nice_group(int pid) { return setpriority(PRIO_PGRP, getpgid(pid), 7); }
static long nice_user(int pid) { return setpriority(PRIO_USER, pid ? getuid() : 0, 7); }
static long policy(int pid) { return sched_setscheduler(pid, SCHED_BATCH, &(struct sched_param){ 0 }); }
static long parameters(int pid) { return sched_setparam(pid, &(struct sched_param){ 0 }); }

static long affinity(int pid)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	return sched_setaffinity(pid, sizeof(all), &all);
}

static long io_process(int pid) { return syscall(SYS_ioprio_set, 1, pid, 2 << 13 | 7); }
static long io_group(int pid) { return syscall(SYS_ioprio_set, 2, getpgid(pid), 2 << 13 | 7); }
static long read_limits(int pid) { return prlimit(pid, RLIMIT_NOFILE, NULL, &(struct rlimit){ 0 }); }

static const struct way {
	const char *name;
	const char *capability;
	long (*once)(int pid);
} ways[] = {
	{ "readlink-exe", "sys_ptrace", read_exe },
	{ "readlink-fd", "sys_ptrace", read_fd },
	{ "readlink-thread", "sys_ptrace", of_thread },
	{ "readlinkat-directory", "sys_ptrace", from_directory },
	{ "readlinkat-proc", "sys_ptrace", from_proc },
	{ "readlinkat-link", "sys_ptrace", read_link },
	{ "readlink-working-directory", "sys_ptrace", from_working_directory },
	{ "access-root", "sys_ptrace", follow_root },
	{ "stat-exe", "sys_ptrace", stat_exe },
	{ "chdir-cwd", "sys_ptrace", change_to_cwd },
	{ "chroot-root", "sys_ptrace+", change_root },
	{ "statfs-root", "sys_ptrace", stat_file_system },
	{ "open_tree-ns", "sys_ptrace", tree_of_ns },
	{ "mount-ns", "sys_ptrace+", bind_ns },
	{ "lstat-cwd-slash", "sys_ptrace", lstat_cwd },
	{ "readlink-slashes", "sys_ptrace", of_two_slashes },
	{ "readlink-dots", "sys_ptrace", of_dots },
	{ "readlink-parents", "sys_ptrace", of_parents },
	{ "readlink-below-parents", "sys_ptrace", below_parents },
	{ "readlinkat-parent", "sys_ptrace", from_parent },
	{ "readlinkat-up", "sys_ptrace", up_from_process },
	{ "open-environ-parents", "sys_ptrace", environ_of_parents },
	{ "list-fdinfo", "sys_ptrace", list_fdinfo },
	{ "chdir-fdinfo", "sys_ptrace?", enter_fdinfo },
	{ "open-fdinfo", "sys_ptrace", open_fdinfo },
	{ "list-map_files", "sys_ptrace", list_map_files },
	{ "open-maps-relative", "sys_ptrace", maps_by_relative_path },
	{ "open-ns", "sys_ptrace", open_ns },
	{ "open-maps", "sys_ptrace", open_maps },
	{ "open-mem", "sys_ptrace", open_mem },
	{ "open-environ", "sys_ptrace", open_environ },
	{ "read-io", "sys_ptrace", read_io },
	{ "ptrace", "sys_ptrace", seize },
	{ "process_vm_readv", "sys_ptrace", read_memory },
	{ "kcmp", "sys_ptrace", compare },
	{ "pidfd_getfd", "sys_ptrace", take_fd },
	{ "get_robust_list", "sys_ptrace", robust_list },
	{ "migrate_pages", "sys_ptrace+", migrate },
	{ "move_pages", "sys_ptrace", move },
	{ "setpriority-process", "sys_nice", nice_process },
	{ "setpriority-group", "sys_nice", nice_group },
	{ "sched_setscheduler", "sys_nice", policy },
	{ "sched_setparam", "sys_nice", parameters },
	{ "sched_setaffinity", "sys_nice", affinity },
	{ "ioprio_set-process", "sys_nice", io_process },
	{ "ioprio_set-group", "sys_nice", io_group },
	{ "stat-link", "none", stat_link },
	{ "lstat-exe", "none", lstat_exe },
	{ "readlink-self-parents", "none", of_self_by_parents },
	{ "open-fd-directory", "none", list_fds },
	{ "stat-fdinfo", "none", stat_fdinfo },
	{ "name-fdinfo", "none", name_fdinfo },
	{ "open-map_files", "none", open_map_files },
	{ "name-maps", "none", name_maps },
	{ "lstat-fd", "none", lstat_fd },
	{ "open-ordinary", "none", open_ordinary },
	{ "readlink-ordinary", "none", read_ordinary },
	{ "open-ordinary-of-none", "none", open_ordinary_of_none },
	{ "readlink-ordinary-of-none", "none", read_ordinary_of_none },
	{ "read-status", "none", read_status },
	{ "prlimit", "none", read_limits },
};

/* Not for all: of its user, every process is meant. */
static const struct way by_user = { "setpriority-user", "sys_nice", nice_user };

static void __attribute__((noreturn)) wait_for_ever(void)
{
	for (;;)
		pause();
}

static int the_child;

static void end_child(void)
{
	kill(the_child, SIGKILL);
	waitpid(the_child, NULL, 0);
}

/* In a process group of its own, since groups are meant, too. */
static int child(void)
{
	int pid = the_child = fork();

	if (pid == 0)
		wait_for_ever();
	setpgid(pid, pid);
	atexit(end_child);
	return pid;
}

static int other(int bare)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bare && syscall(SYS_capset, &header, none)) {
		perror("capset");
		return BROKEN;
	}
	printf("%d:%p\n", getpid(), (void *)text);
	fflush(stdout);
	wait_for_ever();
}

static int pid_of(const char *argument)
{
	const char *memory = strchr(argument, ':');

	if (memory)
		address = (void *)strtoul(memory + 1, NULL, 16);
	return strcmp(argument, "child") ? atoi(argument) : child();
}

static int reach(const struct way *way, int pid)
{
	long ret = way->once(pid);
	int error = errno;

	if (ret >= 0)
		return ALLOWED;
	perror(way->name);
	if (error == ENOSYS)
		return UNSUPPORTED;
	return error == EPERM || error == EACCES || error == EBADF ? REFUSED : BROKEN;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			printf("%s %s\n", ways[i].name, ways[i].capability);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "wait"))
		return other(argc > 2);
	if (argc == 3 && !strcmp(argv[1], by_user.name))
		return reach(&by_user, pid_of(argv[2]));
	for (size_t i = 0; argc == 3 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, argv[1]))
			return reach(&ways[i], pid_of(argv[2]));
	fputs("usage: reach --list | HOW PID | HOW child | wait [bare]\n", stderr);
	return BROKEN;
}
