/*
 * serve CALL [late]: makes a check of sys_chroot, waits in CALL as a server does, and ends; late makes another such
 * check after that.
 *
 *	poll, select, epoll_wait, accept, rt_sigtimedwait, pause	for a fifth of a second
 *	read		of a pipe, for a second and a half
 *	thread		poll, in another thread than the first
 *	background	poll, in a child whose parent has ended
 *	child		poll, in a child for which its parent waits that long alone, too
 *	nothing
 *	forever		poll without an end
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIFTH = 200 /* ms */ };

static __attribute__((noreturn)) void fail(const char *what)
{
	perror(what);
	_exit(2);
}

static void check(void)
{
	if (chroot("/"))
		fail("chroot");
}

static void *in_thread(void *call)
{
	poll(NULL, 0, FIFTH);
	return call;
}

static void on_alarm(int unused)
{
	(void)unused;
}

static void alarm_in(long microseconds)
{
	struct itimerval timer = { .it_value = { .tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000 } };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void sleep_on_pipe(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		fail("pipe");
	alarm_in(1500000);
	if (read(ends[0], &byte, 1) >= 0)
		fail("read");
}

static void wait_in(const char *call)
{
	struct timespec fifth = { .tv_nsec = FIFTH * 1000000 };
	struct timeval same = { .tv_usec = FIFTH * 1000 };
	struct epoll_event event;
	pthread_t thread;
	sigset_t none;

	sigemptyset(&none);
	if (!strcmp(call, "poll"))
		poll(NULL, 0, FIFTH);
	else if (!strcmp(call, "forever"))
		poll(NULL, 0, -1);
	else if (!strcmp(call, "select"))
		select(0, NULL, NULL, NULL, &same);
	else if (!strcmp(call, "epoll_wait"))
		epoll_wait(epoll_create1(0), &event, 1, FIFTH);
	else if (!strcmp(call, "rt_sigtimedwait"))
		sigtimedwait(&none, NULL, &fifth);
	else if (!strcmp(call, "read"))
		sleep_on_pipe();
	else if (!strcmp(call, "thread") && pthread_create(&thread, NULL, in_thread, NULL))
		fail("pthread_create");
	else if (!strcmp(call, "thread"))
		pthread_join(thread, NULL);
	else if (!strcmp(call, "pause")) {
		alarm_in(FIFTH * 1000);
		pause();
	} else if (!strcmp(call, "accept")) {
		int listener = socket(AF_UNIX, SOCK_STREAM, 0);

		if (listen(listener, 1))
			listener = socket(AF_INET, SOCK_STREAM, 0);
		if (listen(listener, 1))
			fail("listen");
		alarm_in(FIFTH * 1000);
		accept(listener, NULL, NULL);
	} else if (strcmp(call, "nothing"))
		exit(2);
}

int main(int count, char **arguments)
{
	int late = count == 3 && !strcmp(arguments[2], "late");

	if (count < 2)
		return 2;
	check();
	if (!strcmp(arguments[1], "background")) {
		pid_t first = getpid();

		if (fork())
			return 0;
		while (getppid() == first)
			usleep(1000);
		wait_in("poll");
		wait_in("poll");
	} else if (!strcmp(arguments[1], "child")) {
		if (fork()) {
			wait(NULL);
			return 0;
		}
		wait_in("poll");
	} else {
		wait_in(arguments[1]);
	}
	if (late)
		check();
	return 0;
}
