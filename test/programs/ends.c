/*
 * ends WAY CALLS END: gives up all capabilities, is refused chroot(2), makes CALLS system calls more, and ends:
 * END is an exit status, or a signal with SIG before its number.
 *
 *	alone		the process itself
 *	thread		a thread of it, which ends the process
 *	child		a child, and the process ends as that did, or as a shell does where a signal ended it
 *	other-child	a child; the process exits with status 9
 *	exec		the process itself, and then it executes itself to end: nothing was refused to that program
 */
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noreturn)) void fail(const char *what)
{
	perror(what);
	_exit(2);
}

static __attribute__((noreturn)) void end(const char *how)
{
	if (strncmp(how, "SIG", 3))
		exit(atoi(how));
	signal(atoi(how + 3), SIG_DFL);
	raise(atoi(how + 3));
	_exit(2);
}

static void be_refused(long calls)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none))
		fail("capset");
	if (!chroot("/") || errno != EPERM)
		fail("chroot");
	fputs("ends: it was refused\n", stderr);
	while (calls-- > 0)
		getppid();
}

static char **arguments;

static void *in_thread(void *unused)
{
	be_refused(atol(arguments[2]));
	end(arguments[3]);
	return unused;
}

int main(int count, char **list)
{
	pthread_t thread;
	int status;

	arguments = list;
	if (count != 4)
		return 2;
	if (!strcmp(list[1], "end"))
		end(list[3]);
	if (!strcmp(list[1], "thread") && pthread_create(&thread, NULL, in_thread, NULL))
		fail("pthread_create");
	if (!strcmp(list[1], "thread"))
		pthread_join(thread, NULL);
	if (strstr(list[1], "child") && fork()) {
		if (wait(&status) < 0)
			fail("wait");
		if (!strcmp(list[1], "other-child"))
			return 9;
		return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	be_refused(atol(list[2]));
	if (!strcmp(list[1], "exec")) {
		execl("/proc/self/exe", "ends", "end", list[2], list[3], NULL);
		fail("execl");
	}
	end(list[3]);
}
