// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ways HOW [ARGUMENT]: do something for which the kernel wants a capability of most, and not of those who go one
 * of the ways around it; where that is another option of the program's, HOW has it. Exits with 0 if it was allowed,
 * with 1 and the reason if not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_PASSED = 3 }; /* of the sockets that systemd passes on: sd_listen_fds(3) */

static int number(const char *word) { return (int)strtol(word, NULL, 0); }

/* There is no address of 192.0.2.0/24 on any machine. */
static int serve(int s, const char *address, const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((unsigned short)number(port)) };

	return inet_pton(AF_INET, address, &in.sin_addr) == 1 ? bind(s, (struct sockaddr *)&in, sizeof(in)) : -1;
}

static int bound(const char *port)
{
	if (getenv("LISTEN_FDS"))
		return listen(FIRST_PASSED, 1);
	return serve(socket(AF_INET, SOCK_STREAM, 0), "0.0.0.0", port);
}

static int option(int level, int name, int value)
{
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), level, name, &value, sizeof(value));
}

static int foreign(int name)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	return setsockopt(s, SOL_IP, name, &on, sizeof(on)) ?: serve(s, "192.0.2.1", "4711");
}

/* Nor one of 2001:db8::/32. */
static int foreign6(int name)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(4711) };
	int s = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;

	inet_pton(AF_INET6, "2001:db8::1", &in.sin6_addr);
	return setsockopt(s, SOL_IPV6, name, &on, sizeof(on)) ?: bind(s, (struct sockaddr *)&in, sizeof(in));
}

/* The kernel doubles what is asked for, up to rmem_max or wmem_max. */
static int buffer(int set, int get, const char *bytes)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), size = number(bytes);
	socklen_t length = sizeof(size);

	if (setsockopt(s, SOL_SOCKET, set, &size, length) || getsockopt(s, SOL_SOCKET, get, &size, &length))
		return -1;
	return size == 2 * number(bytes) ? 0 : -1;
}

static int tunnel(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return ioctl(open("/dev/net/tun", O_RDWR), TUNSETIFF, &r);
}

static int filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int lock(const char *bytes)
{
	size_t size = (size_t)number(bytes);
	void *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? -1 : mlock(memory, size);
}

/* As daemons do that may be started as root. */
static int become(const char *id)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) ?: setgid((gid_t)number(id)) ?: setuid((uid_t)number(id));
}

/* In DIR, where it finds FILE; "-" for the directory that it was started in. */
static int within(const char *dir, const char *file)
{
	if (strcmp(dir, "-") && (chroot(dir) || chdir("/")))
		return -1;
	return access(file, F_OK);
}

static int trace(const char *pid) { return (int)ptrace(PTRACE_SEIZE, number(pid), NULL, NULL); }

static int lease(const char *file) { return fcntl(open(file, O_RDONLY), F_SETLEASE, F_RDLCK); }

/* Of a process that is scheduled in real time. */
static int in_real_time(const char *priority)
{
	struct sched_param p = { .sched_priority = number(priority) };

	return sched_setparam(0, &p);
}

static int count(pid_t pid, int cpu)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK };

	return (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, 0) < 0 ? -1 : 0;
}

static int pipe_of(const char *bytes)
{
	int ends[2];

	return pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, number(bytes)) < 0 ? -1 : 0;
}

static int put(const char *file)
{
	int f = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	return f >= 0 && write(f, "x", 1) == 1 ? 0 : -1;
}

/* In a PID namespace this ends its first process, and nothing else: kernel/pid_namespace.c, reboot_pid_ns(). */
static int restart(void) { return (int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, RB_AUTOBOOT, 0); }

static int way(const char *how, char **arguments)
{
	static const struct { const char *name; int level, option, value; } options[] = {
		{ "priority", SOL_SOCKET, SO_PRIORITY, 7 }, { "lower-priority", SOL_SOCKET, SO_PRIORITY, 6 },
	};
	const char *first = arguments[0] ?: "", *second = first[0] && arguments[1] ? arguments[1] : "";

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (!strcmp(how, options[i].name))
			return option(options[i].level, options[i].option, options[i].value);
	if (!strcmp(how, "bind"))
		return bound(first);
	if (!strcmp(how, "transparent"))
		return foreign(IP_TRANSPARENT);
	if (!strcmp(how, "freebind"))
		return foreign(IP_FREEBIND);
	if (!strcmp(how, "transparent6"))
		return foreign6(IPV6_TRANSPARENT);
	if (!strcmp(how, "freebind6"))
		return foreign6(IPV6_FREEBIND);
	if (!strcmp(how, "force-buffer"))
		return buffer(SO_RCVBUFFORCE, SO_RCVBUF, first);
	if (!strcmp(how, "buffer"))
		return buffer(SO_RCVBUF, SO_RCVBUF, first);
	if (!strcmp(how, "force-send-buffer"))
		return buffer(SO_SNDBUFFORCE, SO_SNDBUF, first);
	if (!strcmp(how, "send-buffer"))
		return buffer(SO_SNDBUF, SO_SNDBUF, first);
	if (!strcmp(how, "tun"))
		return tunnel(first);
	if (!strcmp(how, "filter"))
		return filter();
	if (!strcmp(how, "lock"))
		return lock(first);
	if (!strcmp(how, "nice"))
		return setpriority(PRIO_PROCESS, 0, number(first));
	if (!strcmp(how, "become"))
		return become(first);
	if (!strcmp(how, "within"))
		return within(first, second);
	if (!strcmp(how, "pipe"))
		return pipe_of(first);
	if (!strcmp(how, "put"))
		return put(first);
	if (!strcmp(how, "give"))
		return chown(first, (uid_t)number(second), (gid_t)-1);
	if (!strcmp(how, "restart"))
		return restart();
	if (!strcmp(how, "trace"))
		return trace(first);
	if (!strcmp(how, "count"))
		return count(0, -1);
	if (!strcmp(how, "count-all"))
		return count(-1, 0);
	if (!strcmp(how, "lease"))
		return lease(first);
	if (!strcmp(how, "in-real-time"))
		return in_real_time(first);
	if (!strcmp(how, "mode"))
		return chmod(first, (mode_t)number(second));
	fprintf(stderr, "ways: no way %s\n", how);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: ways HOW [ARGUMENT]...\n");
		return 2;
	}
	if (way(argv[1], argv + 2) == 0)
		return 0;
	perror("ways");
	return 1;
}
