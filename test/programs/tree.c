/*
 * tree MODE ...: process trees with an exactly known number of capability checks.
 *
 * The check is chroot("/"): every call makes one check of CAP_SYS_CHROOT and no other, whoever calls;
 * nothing changes when it is granted; and neither libc, nor exec, nor fork ever asks for that capability,
 * so the count stays exact in any surroundings. Run it with CAP_SYS_CHROOT; but the count is the same
 * without.
 *
 * Exit status: 0, or 2 when a step failed (with a line on stderr). Nothing is printed on success.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"usage: tree MODE ...            checks of sys_chroot in all\n"
	"  loop N                        N\n"
	"  fork N                        N: one in each of N children, one after another\n"
	"  living N                      N: one in each of N children that live at the same time\n"
	"  deep N                        N: one in each of N generations, the first included\n"
	"  threads T N                   T x N: N in each of T threads\n"
	"  leader-exits N                N: in a thread, after the first thread has exited\n"
	"  thread-exec N                 N: after an exec by another thread than the first\n"
	"  double-exec N                 N: after two execs\n"
	"  daemon N [FIFO]               N: in a daemon, after the first process has been reaped (and a\n"
	"                                byte, or end of file, has been read from FIFO)\n"
	"  pidns N                       N: in a child that is process 1 of a new pid namespace (one of\n"
	"                                sys_admin, too)\n"
	"  vfork N                       N: one in each of N children made by vfork, one after another\n"
	"  storm N                       N: one in each of N children made as fast as possible, SIGCHLD ignored\n"
	"  drop BEFORE AFTER             BEFORE + AFTER: around a capset that leaves only sys_chroot (and asks\n"
	"                                once for setpcap, as every capset does)\n"
	"  crowd N FIFO                  16 x N: N in each thread of a tree of 8 processes with 2 threads each,\n"
	"                                three generations deep, after end of file on FIFO; says\n"
	"                                \"ready\" when all wait for it\n"
	"  relay N                       0: N chains of processes, each of which forks the next one and ends, and\n"
	"                                heeds no SIGTERM; for ever, after \"ready\"\n"
	"  noop-capset N                 0 (N of setpcap): N times a capset that changes nothing\n";

static long number;	/* N */

static __attribute__((noreturn)) void fail(const char *what)
{
	fprintf(stderr, "tree: %s: %s\n", what, strerror(errno));
	_exit(2);
}

static void probe(long times)
{
	while (times-- > 0)
		syscall(SYS_chroot, "/");
}

/* Waits for one child, and passes its failure on. */
static void reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		_exit(2);
}

/* Forks; where there is no room, waits for some rather than give up: the count is the point. */
static pid_t must_fork(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid >= 0)
			return pid;
		if (errno != EAGAIN)
			fail("fork");
		sched_yield();
	}
}

static void exec_self(const char *mode)
{
	char text[32], path[PATH_MAX];
	/* a real name, for the sake of comm */
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		fail("readlink");
	path[length] = '\0';
	snprintf(text, sizeof(text), "%ld", number);
	execl(path, "tree", mode, text, NULL);
	fail("exec");
}

static void run_fork(void)
{
	for (long i = 0; i < number; i++) {
		pid_t pid = must_fork();

		if (pid == 0) {
			probe(1);
			_exit(0);
		}
		reap(pid);
	}
}

/* On its own: a caller's variables must not share its frame with the child. */
static __attribute__((noinline)) pid_t vfork_probe(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		syscall(SYS_chroot, "/");
		_exit(0);
	}
	return pid;
}

static void run_vfork(void)
{
	for (long i = 0; i < number; i++) {
		pid_t pid = vfork_probe();

		if (pid < 0)
			fail("vfork");
		reap(pid);
	}
}

static void run_living(void)
{
	int ready[2], hold[2];
	char byte;

	if (pipe(ready) < 0 || pipe(hold) < 0)
		fail("pipe");
	for (long i = 0; i < number; i++) {
		pid_t pid = fork();	/* none of them ends before all live: waiting for room would be for ever */

		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			close(hold[1]);
			probe(1);
			if (write(ready[1], "", 1) != 1)
				_exit(2);
			_exit(read(hold[0], &byte, 1) != 0);	/* the parent never writes */
		}
	}
	for (long i = 0; i < number; i++)
		if (read(ready[0], &byte, 1) != 1)
			fail("read");
	close(hold[1]);
	for (long i = 0; i < number; i++)
		reap(-1);
}

static void run_deep(void)
{
	for (long generation = 1; ; generation++) {
		pid_t pid;

		probe(1);
		if (generation >= number)
			return;
		pid = must_fork();
		if (pid > 0) {
			reap(pid);
			return;
		}
	}
}

static void run_storm(void)
{
	signal(SIGCHLD, SIG_IGN);	/* the kernel reaps */
	for (long i = 0; i < number; i++)
		if (must_fork() == 0) {
			probe(1);
			_exit(0);
		}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;			/* fails with ECHILD, once all have ended */
}

static void run_relay(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (long i = 0; i < number; i++)
		if (must_fork() == 0)
			for (;;)
				if (must_fork() > 0)
					_exit(0);
	fprintf(stderr, "ready\n");
	for (;;)
		pause();
}

static pthread_t start(void *(*body)(void *), void *argument)
{
	pthread_t thread;
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 128 * 1024);
	errno = pthread_create(&thread, &small, body, argument);
	if (errno)
		fail("pthread_create");
	return thread;
}

static void *thread_probes(void *unused)
{
	probe(number);
	return unused;
}

static void run_threads(long count)
{
	pthread_t *threads = calloc(count, sizeof(*threads));

	if (!threads)
		fail("calloc");
	for (long i = 0; i < count; i++)
		threads[i] = start(thread_probes, NULL);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void *thread_after_leader(void *unused)
{
	char path[64], state;

	/* Joining a leader waits for its memory only. It has exited for certain when it is a zombie. */
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	do {
		FILE *file = fopen(path, "re");

		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			fail(path);
		fclose(file);
		sched_yield();
	} while (state != 'Z');
	probe(number);
	exit(0);
	return unused;
}

static void *thread_exec(void *unused)
{
	exec_self("loop");
	return unused;
}

static void run_daemon(const char *fifo)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	pid_t first = getpid(), middle;
	struct pollfd gone = { .fd = syscall(SYS_pidfd_open, first, 0), .events = POLLIN };
	int null = open("/dev/null", O_RDWR), fd;
	char byte;

	if (gone.fd < 0 || null < 0)
		fail("pidfd_open, /dev/null");
	middle = must_fork();
	if (middle) {
		reap(middle);
		return;
	}
	setsid();
	middle = getpid();
	if (must_fork())
		_exit(0);

	/* The daemon. It keeps no one's pipe open, as daemons do, so that whoever reads one sees the end. */
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (poll(&gone, 1, 10000) != 1)
		_exit(2);
	/* Ended; now until it is reaped and we have another parent. At most ten seconds: a parent may never
	 * reap. */
	for (int i = 0; i < 10000; i++) {
		if (syscall(SYS_pidfd_send_signal, gone.fd, 0, NULL, 0) < 0 && errno == ESRCH && getppid() != middle)
			break;
		nanosleep(&moment, NULL);
	}
	if (fifo) {
		fd = open(fifo, O_RDONLY);
		if (fd < 0 || read(fd, &byte, 1) < 0)
			_exit(2);
	}
	probe(number);
	_exit(0);
}

static void run_pidns(void)
{
	pid_t pid;

	if (syscall(SYS_unshare, CLONE_NEWPID) < 0)
		fail("unshare");
	pid = must_fork();
	if (pid == 0) {
		probe(getpid() == 1 ? number : 0);
		_exit(getpid() == 1 ? 0 : 2);
	}
	reap(pid);
}

/* capset is made by the system call: libcap-ng would add calls of its own. */
static void capabilities(int get, struct __user_cap_data_struct sets[2])
{
	struct __user_cap_header_struct self = { _LINUX_CAPABILITY_VERSION_3, 0 };

	if (syscall(get ? SYS_capget : SYS_capset, &self, sets) < 0)
		fail(get ? "capget" : "capset");
}

static void run_drop(long before, long after)
{
	struct __user_cap_data_struct sets[2];

	probe(before);
	capabilities(1, sets);
	sets[0].permitted &= 1U << CAP_SYS_CHROOT;
	sets[0].effective &= 1U << CAP_SYS_CHROOT;
	sets[1].permitted = sets[1].effective = 0;
	capabilities(0, sets);
	probe(after);
}

static void run_noop_capset(void)
{
	struct __user_cap_data_struct sets[2];

	capabilities(1, sets);
	for (long i = 0; i < number; i++)
		capabilities(0, sets);
}

static const char *crowd_fifo;

/* Everybody has the FIFO open on their own: nobody takes the end of file away from another. */
static void crowd_wait(int ready)
{
	int fd = open(crowd_fifo, O_RDONLY);
	char byte;

	if (fd < 0)
		fail(crowd_fifo);
	if (write(ready, "r", 1) != 1)
		fail("write");
	if (read(fd, &byte, 1) < 0)
		fail("read");
	probe(number);
}

static void *crowd_thread(void *ready)
{
	crowd_wait(*(int *)ready);
	return NULL;
}

static void run_crowd(void)
{
	pid_t children[3];
	int ready[2], count = 0;
	pthread_t thread;
	char byte;

	if (pipe(ready))
		fail("pipe");
	/* 2 x 2 x 2: each generation doubles */
	for (int generation = 0; generation < 3; generation++) {
		pid_t pid = must_fork();

		if (pid == 0)
			count = 0;
		else
			children[count++] = pid;
	}
	if (count == 3) { /* the first */
		thread = start(crowd_thread, &ready[1]);
		/* the other 7 write twice, this one's thread once; then this one says so, and waits as well */
		for (int i = 0; i < 15; i++)
			if (read(ready[0], &byte, 1) != 1)
				fail("read");
		puts("ready");
		fflush(stdout);
		crowd_wait(ready[1]);
	} else {
		thread = start(crowd_thread, &ready[1]);
		crowd_wait(ready[1]);
	}
	pthread_join(thread, NULL);
	while (count-- > 0)
		reap(children[count]);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	int two = !strcmp(mode, "threads") || !strcmp(mode, "drop");
	int fifo = (!strcmp(mode, "daemon") && argc == 4) || !strcmp(mode, "crowd");

	if (argc != 3 + two + fifo) {
		fputs(usage, stderr);
		return 2;
	}
	number = atol(argv[2 + two]);

	if (!strcmp(mode, "loop"))
		probe(number);
	else if (!strcmp(mode, "fork"))
		run_fork();
	else if (!strcmp(mode, "living"))
		run_living();
	else if (!strcmp(mode, "deep"))
		run_deep();
	else if (!strcmp(mode, "threads"))
		run_threads(atol(argv[2]));
	else if (!strcmp(mode, "leader-exits")) {
		start(thread_after_leader, NULL);
		pthread_exit(NULL);
	} else if (!strcmp(mode, "thread-exec")) {
		start(thread_exec, NULL);
		for (;;) /* a call to wait in would be made before exec in one run, and not in the next */
			;
	} else if (!strcmp(mode, "double-exec"))
		exec_self("single-exec");
	else if (!strcmp(mode, "single-exec"))
		exec_self("loop");
	else if (!strcmp(mode, "daemon"))
		run_daemon(fifo ? argv[3] : NULL);
	else if (!strcmp(mode, "pidns"))
		run_pidns();
	else if (!strcmp(mode, "crowd")) {
		crowd_fifo = argv[3];
		run_crowd();
	} else if (!strcmp(mode, "vfork"))
		run_vfork();
	else if (!strcmp(mode, "relay"))
		run_relay();
	else if (!strcmp(mode, "storm"))
		run_storm();
	else if (!strcmp(mode, "drop"))
		run_drop(atol(argv[2]), number);
	else if (!strcmp(mode, "noop-capset"))
		run_noop_capset();
	else {
		fputs(usage, stderr);
		return 2;
	}
	return 0;
}
