// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * calls WAY...: make system calls that engines' seccomp profiles refuse, each once. Of most the kernel asks
 * for no capability.
 *
 * Exit status: 0 all went through, 1 one did not, 77 not on this kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, UNSUPPORTED = 77 };

static long ends_or_is_waited_for(long child)
{
	if (child == 0)
		_exit(0);
	return child < 0 ? child : waitpid(child, 0, 0);
}

static long set_mempolicy(void) { return syscall(SYS_set_mempolicy, 0, 0, 0); }
static long get_mempolicy(void) { return syscall(SYS_get_mempolicy, 0, 0, 0, 0, 0); }
static long kcmp(void) { return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILES, 0, 0); }
static long move_pages(void) { return syscall(SYS_move_pages, 0, 0, 0, 0, 0, 0); }
static long clone_plainly(void) { return ends_or_is_waited_for(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static long clone_names(void) { return ends_or_is_waited_for(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0)); }

static long clone3_flags(uint64_t flags)
{
	uint64_t args[8] = { flags, 0, 0, 0, SIGCHLD }; /* struct clone_args of the first version */

	return ends_or_is_waited_for(syscall(SYS_clone3, args, sizeof(args)));
}

static long clone3_plainly(void) { return clone3_flags(0); }
static long clone3_names(void) { return clone3_flags(CLONE_NEWUTS); }

static void *return_at_once(void *argument) { return argument; }

static long threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 200; i++) {
		errno = pthread_create(&thread, 0, return_at_once, 0);
		if (errno)
			return -1;
		pthread_join(thread, 0);
	}
	return 0;
}

static const struct {
	const char *name;
	long (*make)(void);
} ways[] = {
	{ "set_mempolicy", set_mempolicy },
	{ "get_mempolicy", get_mempolicy },
	{ "kcmp", kcmp },
	{ "move_pages", move_pages },
	{ "clone", clone_plainly },
	{ "clone-names", clone_names },
	{ "clone3", clone3_plainly },
	{ "threads", threads },
	{ "clone3-names", clone3_names },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		for (unsigned int w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
			if (strcmp(argv[i], ways[w].name) || ways[w].make() >= 0)
				continue;
			perror(argv[i]);
			return errno == ENOSYS ? UNSUPPORTED : FAILED;
		}
	}
	return DONE;
}
