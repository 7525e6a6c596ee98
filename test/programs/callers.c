// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * callers WAY FILE: checks of one capability, asked for by one function of the kernel and by several of this program.
 *
 * chown asks for CAP_CHOWN, in setattr_prepare(). apart: first() makes ten of these calls, then second() one, by way
 * of another function. deep: below more stack than anybody copies. hollow: below a frame in the midst of which are
 * pages that were not written. forked: after a child was made. signal: in a handler, which has a stack of its own.
 * thread: in another thread. replaced: after a FIFO took the place of the program's file, which argv[0] is. nowhere:
 * as apart, run from a file in memory that is in no directory.
 *
 * Exit status: 0, or 2 when a step failed (with a line on stderr).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_attribute(noclone)	/* gcc's alone */
#define APART __attribute__((noinline, noclone))
#else
#define APART __attribute__((noinline))
#endif

static const char *file;
static volatile int failed;

/* What comes after the call keeps it from being the last thing that the function does, so that it returns here. */
APART void first(void) { failed |= chown(file, 1, -1); }
APART void second(void) { failed |= chown(file, 2, -1) * 2; }

/* A frame of which the compiler does not know the size. */
APART void between(int size)
{
	char room[size];

	memset(room, size, size);
	__asm__ volatile("" : : "r"(room) : "memory");
	second();
	failed |= room[0] != (char)size;
}

APART void deeper(int left)
{
	char room[1000];

	room[0] = left;
	__asm__ volatile("" : : "r"(room) : "memory");
	if (left)
		deeper(left - 1);
	else
		first();
	failed |= room[0] != (char)left;
}

/* As a large frame that the program makes no use of yet, whatever wrote to these pages before. */
APART void hollow(void)
{
	enum { PAGE = 4096, PAGES = 4 };
	char room[(PAGES + 1) * PAGE];
	char *inner = (char *)(((unsigned long)room + PAGE - 1) & -PAGE);

	failed |= madvise(inner, PAGES * PAGE, MADV_DONTNEED);
	first();
	failed |= *inner; /* and it comes back empty */
}

static void on_signal(int number)
{
	second();
	failed |= number != SIGUSR1;
}

static void by_signal(void)
{
	stack_t stack = { .ss_size = 1 << 16, .ss_sp = malloc(1 << 16) };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	failed |= !stack.ss_sp || sigaltstack(&stack, 0) || sigaction(SIGUSR1, &action, 0) || raise(SIGUSR1);
}

static void *on_thread(void *nothing)
{
	first();
	return nothing;
}

static void by_thread(void)
{
	pthread_t thread;

	failed |= pthread_create(&thread, 0, on_thread, 0) || pthread_join(thread, 0);
}

static void from_nowhere(char **argv)
{
	int from = open(argv[0], O_RDONLY), to = memfd_create("callers", MFD_CLOEXEC);
	struct stat info;

	if (!fstat(from, &info) && sendfile(to, from, 0, info.st_size) == info.st_size) {
		argv[1] = "apart";
		fexecve(to, argv, environ);
	}
	failed = 1;
}

int main(int argc, char **argv)
{
	const char *way = argc == 3 ? argv[1] : "";

	file = argc == 3 ? argv[2] : "";
	if (!strcmp(way, "apart")) {
		for (volatile int calls = 0; calls < 10; calls++) /* unrolled by no compiler */
			first();
		between(100 * argc);
	} else if (!strcmp(way, "deep")) {
		deeper(100);
	} else if (!strcmp(way, "hollow")) {
		hollow();
	} else if (!strcmp(way, "forked")) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		failed |= child < 0 || waitpid(child, NULL, 0) != child;
		first();
	} else if (!strcmp(way, "signal")) {
		by_signal();
	} else if (!strcmp(way, "thread")) {
		by_thread();
	} else if (!strcmp(way, "replaced")) {
		failed |= unlink(argv[0]) || mkfifo(argv[0], 0600);
		first();
	} else if (!strcmp(way, "nowhere")) {
		from_nowhere(argv);
	} else {
		fputs("usage: callers apart|deep|hollow|signal|thread|replaced|nowhere FILE\n", stderr);
		return 2;
	}
	if (failed) {
		perror("callers: chown");
		return 2;
	}
	return 0;
}
