/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "stub.h"

// The analyst takes what nobody else wants. Whoever wakes up goes before a task of this policy, and a CPU that runs
// nothing else is as good as idle for all who look for one (kernel/sched/fair.c, check_preempt_wakeup_fair() and
// sched_idle_cpu(), 6.18): a nice level of 19 has less weight than others, but neither. Runs before there are threads,
// which inherit it. Where it is refused, the analyst is like all others.
__attribute__((constructor(101))) static void yield_to_all(int argc, char **argv)
{
	static const struct sched_param none;

	if (argc == 1 && strcmp(argv[0], CAP_AUDIT_ANALYST) == 0)
		syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &none); // musl's function does nothing
}
