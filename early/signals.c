/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include "early.h"

static unsigned long long ignored_at_start;
static int is_stub, is_analyst;

unsigned long long ignored_signals(void) { return ignored_at_start; }
int started_as_stub(void) { return is_stub; }
int started_as_analyst(void) { return is_analyst; }

// Runs before Go's runtime, which installs its handlers over dispositions
// inherited as "ignore" for all signals but SIGHUP and SIGINT.
// First: the other constructor asks which of the three this is.
__attribute__((constructor(101))) static void remember_ignored(int argc, char **argv)
{
	struct sigaction sa;

	is_analyst = argc == 1 && strcmp(argv[0], CAP_AUDIT_ANALYST) == 0;
	is_stub = argc == 2 && strcmp(argv[0], CAP_AUDIT_STUB) == 0;
	for (int sig = 1; sig < 64; sig++) {
		if (sigaction(sig, NULL, &sa) || sa.sa_handler != SIG_IGN)
			continue;
		ignored_at_start |= 1ULL << sig;
		if (!is_stub && (sig == SIGINT || sig == SIGQUIT || sig == SIGTERM))
			signal(sig, SIG_DFL); // see Requests
	}
}

int __real_sigaction(int sig, const struct sigaction *act, struct sigaction *old);

// The handlers of Go's runtime that are not in place yet: by them SIGQUIT dumps
// goroutines until somebody takes it, and what the caller had ignored ends the
// program. The linker has the runtime call this (runtime/cgo/gcc_sigaction.c).
static struct sigaction put_off[SIGTERM + 1];
static int in_place;

int __wrap_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	if (!in_place && act && act->sa_handler != SIG_IGN &&
	    (sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM)) {
		put_off[sig] = *act;
		act = NULL;
	}
	return __real_sigaction(sig, act, old);
}

void put_in_place(void)
{
	in_place = 1;
	for (int sig = 1; sig <= SIGTERM; sig++)
		if (put_off[sig].sa_handler && !(is_stub && ignored_at_start >> sig & 1))
			__real_sigaction(sig, &put_off[sig], NULL);
}
