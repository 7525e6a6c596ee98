/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "early.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *be_there(void *unused)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return unused;
}

// Go's runtime takes some when it begins to wait for files and timers, or dies; an audit with repetitions needs up
// to 100. The runtime sets the soft limit to the hard one (os/rlimit.go).
static int room_for_files(void)
{
	int files[128], n = 0, most = started_as_stub() ? 8 : sizeof(files) / sizeof(files[0]);
	struct rlimit limit = {0}, raised;

	getrlimit(RLIMIT_NOFILE, &limit);
	raised = limit;
	raised.rlim_cur = raised.rlim_max;
	setrlimit(RLIMIT_NOFILE, &raised);
	while (n < most && (files[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	for (int i = 0; i < n; i++)
		close(files[i]);
	setrlimit(RLIMIT_NOFILE, &limit);
	return n == most;
}

// Stacks of the size that they are to have would be mapped, protected and unmapped one by one, and this process's
// other CPUs be told each time: so they have small ones, beside a mapping as large as those are together.
int room_for(int wanted, size_t memory)
{
	pthread_t threads[MOST_THREADS];
	pthread_attr_t small;
	size_t stack;
	int n = 0;
	void *space = mmap(NULL, memory, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *stacks;

	if (space == MAP_FAILED)
		return 0;
	pthread_attr_init(&small);
	pthread_attr_getstacksize(&small, &stack);
	pthread_attr_setstacksize(&small, SMALL_STACK);
	// as the C library maps them: writable, so that RLIMIT_DATA counts them
	stacks = mmap(NULL, wanted * stack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stacks != MAP_FAILED) {
		pthread_mutex_lock(&gate);
		while (n < wanted && n < MOST_THREADS && pthread_create(&threads[n], &small, be_there, NULL) == 0)
			n++;
		pthread_mutex_unlock(&gate);
		for (int i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
		munmap(stacks, wanted * stack);
	}
	pthread_attr_destroy(&small);
	munmap(space, memory);
	return n == wanted;
}

// Runs before Go's runtime, which would die with a page of what it was at. Nobody reads that of the analyst.
__attribute__((constructor)) static void look_around(void)
{
	static const char line[] = "Error: " NO_ROOM "\n";

#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 2); // else 64 MiB of address space for each of the first threads
#endif
	if (started_as_analyst())
		return;
	if (!room_for(RUNTIME_THREADS, RUNTIME_MEMORY) || !room_for_files()) {
		if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
			_exit(1); // nobody to tell
		_exit(1);
	}
}
