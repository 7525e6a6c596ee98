/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include "stub.h"

#define NO_ROOM "too little room for the threads, memory and files of cap-audit: see ulimit -u, -v and -n, and " \
	"pids.max of the control group"

enum {
	// What Go's runtime has when main begins, and the address space that it reserves
	// (1.26, runtime/mpagealloc_64bit.go, sysInit()), with some to spare.
	RUNTIME_THREADS = 8,
	RUNTIME_MEMORY = 1536 << 20,
	MOST_THREADS = 64,
	// for a thread that does nothing, with what glibc has there of its own
	SMALL_STACK = 64 << 10,
};

// Tries whether that many threads can be at the same time, beside that much memory.
int room_for(int threads, size_t memory);

// Has nothing of this program's code and constants, and of its libraries', mapped: a fault brings back what is used.
void let_code_go(void);

unsigned long long ignored_signals(void);
int started_as_stub(void);
int started_as_analyst(void);
void put_in_place(void);
