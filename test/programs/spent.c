// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spent COMMAND...: run a command; then print, in a line of its own, the nanoseconds that it took, those of processor
 * time, and the KiB of memory that the largest of its processes had at the peak. Exits as the command does.
 *
 * A program of its own, for it is small: the peak of a process begins with what its parent has, where they share
 * memory up to the exec (fs/exec.c, exec_mmap(): setmax_mm_hiwater_rss()).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_FOUND = 127 };

static long long ns_of(struct timeval t) { return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL; }

int main(int argc, char **argv)
{
	struct timespec start, end;
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: spent COMMAND...\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = vfork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(NOT_FOUND);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		perror("spent");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("\n%lld %lld %ld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec,
	       ns_of(usage.ru_utime) + ns_of(usage.ru_stime), usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
