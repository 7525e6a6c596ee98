/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a process gives up what it has before Go's runtime begins: there is one thread then, and those to come inherit
 * from it. */
#ifndef CAP_AUDIT_NONE_H
#define CAP_AUDIT_NONE_H

#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Gives up all capabilities but those. Returns what was permitted. */
static unsigned long long give_up(unsigned long long kept)
{
	struct __user_cap_header_struct self = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];
	static const char failed[] = "Error: cap-audit cannot give up its capabilities\n";
	unsigned long long had;

	if (syscall(SYS_capget, &self, sets) == 0) {
		had = sets[0].permitted | (unsigned long long)sets[1].permitted << 32;
		for (int i = 0; i < 2; i++) {
			sets[i].effective = 0;
			sets[i].permitted &= kept >> 32 * i;
		}
		if (syscall(SYS_capset, &self, sets) == 0)
			return had;
	}
	if (write(STDERR_FILENO, failed, sizeof(failed) - 1))
		_exit(1);
	_exit(1);
}

/* For who needs none, whoever the caller is, and is to get none. */
static void give_up_all(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(1);
	give_up(0);
}

/* Go's runtime and library heed variables that begin with GO, in a program with privileges, too. What the runtime reads
 * is the array behind argv; a target's environment is made of the strings that it pointed to. The array keeps its length,
 * for the auxiliary vector behind it is found by that. */
static void forget_go(char **env)
{
	static char nothing[1];

	for (; *env; env++)
		if (strncmp(*env, "GO", 2) == 0)
			*env = nothing;
}

#endif
