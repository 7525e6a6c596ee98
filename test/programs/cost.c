// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cost WAY N: do something N times, and print how many nanoseconds of processor time one takes, with that of children.
 * Where nothing is waited for that is all of the time, and other processes bear less on it.
 *
 * Exit status: 0, or 2 when it does not do what it is to (with a line on stderr).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, PAGE = 4096 };

static void as_before(void) { }

static void as_nobody(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)) {
		perror("cost: become nobody");
		exit(2);
	}
}

static int call_getppid(void) { return syscall(SYS_getppid) < 0; }
static int call_setgid(void) { return syscall(SYS_setgid, getgid()); }

/* security/commoncap.c, cap_prctl_drop(): asked before it is seen that there is no such capability. */
static int call_prctl(void) { return !(prctl(PR_CAPBSET_DROP, -1L, 0, 0, 0) < 0 && errno == EINVAL); }

/* mm/vma.c, __mmap_prepare(), of 6.18; mm/mmap.c, mmap_region(), of 6.1: for what is private and writable. */
static int call_mmap(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED || munmap(page, PAGE);
}

static int call_in_vain(void) { return !(syscall(SYS_setgid, 0) < 0 && errno == EPERM); }

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

static const struct {
	const char *name;
	void (*prepare)(void);
	int (*once)(void); /* not 0 where it does not do what it is to */
} ways[] = {
	{ "getppid", as_before, call_getppid },	/* no check */
	{ "setgid", as_before, call_setgid },	/* a check of setgid */
	{ "prctl", as_before, call_prctl },	/* a check of setpcap */
	{ "mmap", as_before, call_mmap },	/* a check of sys_admin; and munmap */
	{ "refused", as_nobody, call_in_vain },	/* a check of setgid that is refused */
	{ "fork", as_before, make_process },
};

static double ns_of(struct timeval t) { return t.tv_sec * 1e9 + t.tv_usec * 1e3; }

static double spent_by(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
}

static double spent(void) { return spent_by(RUSAGE_SELF) + spent_by(RUSAGE_CHILDREN); }

static int measure(int (*once)(void), long n)
{
	double start = spent();

	for (long i = 0; i < n; i++) {
		if (once()) {
			perror("cost");
			return 2;
		}
	}
	printf("%.1f\n", (spent() - start) / n);
	return 0;
}

int main(int argc, char **argv)
{
	long n = argc == 3 ? atol(argv[2]) : 0;

	for (unsigned int w = 0; n > 0 && w < sizeof(ways) / sizeof(*ways); w++) {
		if (!strcmp(argv[1], ways[w].name)) {
			ways[w].prepare();
			return measure(ways[w].once, n);
		}
	}
	fprintf(stderr, "usage: cost getppid|setgid|prctl|mmap|refused|fork N\n");
	return 2;
}
