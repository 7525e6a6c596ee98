/*
 * show WHAT: print attributes of this process, one a line and always in the same form, so that a run under
 * cap-audit can be compared with a run without. What the kernel tells by system call is not read from
 * /proc.
 *
 *	show rlimits|env|cwd|signals|umask|fds|ids|caps|nice|pgrp|process|all
 *	show args ...		its arguments, and what it was called
 *	show exit CODE
 *	show kill SIGNAL	ends by that signal, without a core file
 *	show stop [SIGNAL]	prints `stopping`, stops itself (SIGSTOP), and prints `continued` when it is
 *	show wait-signal	prints `ready`, waits for INT, TERM or HUP, and prints its name, how it came
 *				(user, queue, tkill, kernel, other) and from whom (parent, self, kernel, other)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

/* Every byte: what is not printable, and the backslash, as \xNN, so that a line is a line. */
static void print_bytes(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '\\')
			printf("\\x%02x", (unsigned char)*s);
		else
			putchar(*s);
	putchar('\n');
}

static void print_limit(rlim_t limit)
{
	if (limit == RLIM_INFINITY)
		printf(" unlimited");
	else
		printf(" %llu", (unsigned long long)limit);
}

static void show_rlimits(void)
{
	static const char *names[] = {	/* in the kernel's order, the same on x86, Arm and RISC-V */
		"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks",
		"sigpending", "msgqueue", "nice", "rtprio", "rttime",
	};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (getrlimit(i, &limit) < 0)
			continue;
		printf("rlimit %s", names[i]);
		print_limit(limit.rlim_cur);
		print_limit(limit.rlim_max);
		putchar('\n');
	}
}

static void show_env(void)
{
	for (char **variable = environ; *variable; variable++) {
		printf("env ");
		print_bytes(*variable);
	}
}

static void show_cwd(void)
{
	char path[PATH_MAX];

	printf("cwd ");
	print_bytes(getcwd(path, sizeof(path)) ? path : strerror(errno));
}

static void print_signals(const char *label, unsigned long long set)
{
	printf("signals %s", label);
	for (int i = 1; i <= 64; i++)
		if (set >> (i - 1) & 1)
			printf(" %d", i);
	putchar('\n');
}

static void show_signals(void)
{
	/* The kernel's own calls: libc's hide the two signals that it keeps for itself. */
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long long mask;
	} action;
	unsigned long long blocked = 0, pending = 0, ignored = 0, handled = 0;

	for (int i = 1; i <= 64; i++) {
		if (syscall(SYS_rt_sigaction, i, NULL, &action, sizeof(action.mask)) < 0)
			continue;
		if (action.handler == SIG_IGN)
			ignored |= 1ULL << (i - 1);
		else if (action.handler != SIG_DFL)
			handled |= 1ULL << (i - 1);
	}
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked));
	syscall(SYS_rt_sigpending, &pending, sizeof(pending));
	print_signals("blocked", blocked);
	print_signals("ignored", ignored);
	print_signals("handled", handled);
	print_signals("pending", pending);
}

static void show_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	printf("umask %04o\n", (unsigned int)mask);
}

static void show_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	char targets[1024][256] = { "" };
	struct dirent *entry;

	if (!dir) {
		printf("fds %s\n", strerror(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir) || fd >= 1024)
			continue;
		if (readlinkat(dirfd(dir), entry->d_name, targets[fd], sizeof(*targets) - 1) < 0)
			strcpy(targets[fd], "?");
	}
	closedir(dir);
	for (int fd = 0; fd < 1024; fd++)
		if (*targets[fd]) {
			int flags = fcntl(fd, F_GETFL);

			/* O_LARGEFILE is libc's business; where output has got to depends on what came before. */
			printf("fd %d flags %o ", fd, flags & ~0100000);
			if ((flags & O_ACCMODE) == O_RDONLY)
				printf("offset %lld ", (long long)lseek(fd, 0, SEEK_CUR));
			print_bytes(targets[fd]);
		}
}

static void show_ids(void)
{
	uid_t uid[3];
	gid_t gid[3], groups[1024];
	int count = getgroups(1024, groups);

	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	/* setfs*id with an invalid id changes nothing and returns the present one. */
	printf("uid %u %u %u fs %d\n", uid[0], uid[1], uid[2], (int)syscall(SYS_setfsuid, -1));
	printf("gid %u %u %u fs %d\n", gid[0], gid[1], gid[2], (int)syscall(SYS_setfsgid, -1));
	printf("groups");
	for (int i = 0; i < count; i++)
		printf(" %u", groups[i]);
	putchar('\n');
}

static void show_caps(void)
{
	struct __user_cap_header_struct self = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];
	unsigned long long bounding = 0, ambient = 0;

	if (syscall(SYS_capget, &self, sets) < 0)
		return;
	for (int i = 0; i < 64; i++) {
		int held = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (held < 0)
			break;
		bounding |= (unsigned long long)held << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ambient |= 1ULL << i;
	}
	printf("caps effective %08x%08x\n", sets[1].effective, sets[0].effective);
	printf("caps permitted %08x%08x\n", sets[1].permitted, sets[0].permitted);
	printf("caps inheritable %08x%08x\n", sets[1].inheritable, sets[0].inheritable);
	printf("caps bounding %016llx\n", bounding);
	printf("caps ambient %016llx\n", ambient);
	printf("no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("securebits %x\n", (unsigned int)prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
}

static void show_nice(void)
{
	struct sched_param param = { 0 };
	cpu_set_t cpus;

	printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
	sched_getparam(0, &param);
	printf("sched policy %d priority %d\n", sched_getscheduler(0), param.sched_priority);
	printf("ioprio %ld\n", syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0));
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return;
	printf("cpus");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &cpus))
			printf(" %d", i);
	putchar('\n');
}

static void show_pgrp(void)
{
	printf("pgrp %d%s\n", getpgrp(), getpgrp() == getpid() ? " leader" : "");
	printf("sid %d%s\n", getsid(0), getsid(0) == getpid() ? " leader" : "");
}

static void show_process(void)
{
	char score[32] = "?";
	int death = -1, subreaper = -1;
	FILE *file = fopen("/proc/self/oom_score_adj", "re");

	if (file) {
		if (fscanf(file, "%31s", score) != 1)
			strcpy(score, "?");
		fclose(file);
	}
	prctl(PR_GET_PDEATHSIG, &death);
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	printf("personality %x\n", (unsigned int)personality(0xffffffff));
	printf("parent death signal %d\n", death);
	printf("child subreaper %d\n", subreaper);
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	printf("oom_score_adj %s\n", score);
	printf("timer slack %d\n", prctl(PR_GET_TIMERSLACK));
	printf("thp disable %d\n", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	printf("seccomp %d\n", prctl(PR_GET_SECCOMP));
}

static const struct attribute {
	const char *name;
	void (*show)(void);
} attributes[] = {
	{ "rlimits", show_rlimits }, { "env", show_env }, { "cwd", show_cwd }, { "signals", show_signals },
	{ "umask", show_umask }, { "fds", show_fds }, { "ids", show_ids }, { "caps", show_caps },
	{ "nice", show_nice }, { "pgrp", show_pgrp }, { "process", show_process },
};

static int signal_number(const char *name)
{
	for (int i = 1; i < NSIG; i++)
		if (sigabbrev_np(i) && !strcmp(sigabbrev_np(i), name))
			return i;
	return atoi(name);
}

/* By the default action, whatever was inherited. */
static void raise_default(int number)
{
	sigset_t set;

	fflush(stdout);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), number);
}

static int die(int number)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	raise_default(number);
	fprintf(stderr, "show: signal %d does not end a process\n", number);
	return 2;
}

static int stop(int number)
{
	puts("stopping");
	raise_default(number);
	puts("continued");
	return 0;
}

static int wait_signal(void)
{
	const char *how, *from;
	siginfo_t info;
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	fflush(stdout);
	do
		number = sigwaitinfo(&set, &info);
	while (number < 0 && errno == EINTR);	/* as after a stop and a continue */

	switch (info.si_code) {
	case SI_USER: how = "user"; break;	/* kill, pidfd_send_signal */
	case SI_QUEUE: how = "queue"; break;
	case SI_TKILL: how = "tkill"; break;
	case SI_KERNEL: how = "kernel"; break;	/* the terminal */
	default: how = "other";
	}
	if (info.si_code == SI_KERNEL)
		from = "kernel";
	else if (info.si_pid == getppid())
		from = "parent";
	else
		from = info.si_pid == getpid() ? "self" : "other";
	printf("%s %s %s\n", sigabbrev_np(number), how, from);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int known = 0;

	if (!strcmp(what, "args")) {
		for (int i = 0; i < argc; i++) {
			printf("arg ");
			print_bytes(argv[i]);
		}
		return 0;
	}
	if (argc == 3 && !strcmp(what, "exit"))
		return atoi(argv[2]);
	if (argc == 3 && !strcmp(what, "kill"))
		return die(signal_number(argv[2]));
	if (!strcmp(what, "stop"))
		return stop(argc == 3 ? signal_number(argv[2]) : SIGSTOP);
	if (!strcmp(what, "wait-signal"))
		return wait_signal();

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (!strcmp(what, "all") || !strcmp(what, attributes[i].name)) {
			attributes[i].show();
			known = 1;
		}
	if (!known)
		fputs("usage: show rlimits|env|cwd|signals|umask|fds|ids|caps|nice|pgrp|process|all\n"
		      "       show args ... | exit CODE | kill SIGNAL | stop [SIGNAL] | wait-signal\n", stderr);
	return known ? 0 : 2;
}
