// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks for capabilities for things that are known: the test knows what the report has to say of each. The
 * directory that is its argument has what is named below, of another user. Prints the pid of its child, which is
 * another user's process.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(const char *what, long result)
{
	if (result < 0)
		err(1, "%s", what);
}

static void files(void)
{
	int directory = open("closed", O_PATH);

	must("chown", chown("plain", 12346, 12347));
	must("chmod", chmod("mine/inner", 0640));
	must("fchownat", fchownat(directory, "inner", 12346, -1, 0));
	must("open", open("closed/inner", O_RDWR));
	must("unlink", unlink("closed/gone"));
	must("mkdir", mkdir("closed/new", 0700));
	must("mknod", mknod("device", S_IFCHR | 0600, makedev(1, 3)));
	must("fchown", fchown(open("plain", O_RDONLY), -1, 12348));
	must("lchown", lchown("\033[31m\377\n", 12346, -1));
}

static void sockets(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct { struct nlmsghdr header; struct ifinfomsg body; } message = {
		{ sizeof(message), RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 }, { .ifi_index = 1 << 30 } };
	int mark = 1, yes = 1, udp = socket(AF_INET, SOCK_DGRAM, 0);

	must("socket", udp);
	must("setsockopt", setsockopt(udp, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	must("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	must("send", send(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), &message, sizeof(message), 0));
	for (int port = 601; port < 610; port++) {
		address.sin_port = htons(port);
		udp = socket(AF_INET, SOCK_DGRAM, 0);
		/* this program runs several times at once */
		must("setsockopt", setsockopt(udp, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)));
		must("bind", bind(udp, (void *)&address, sizeof(address)));
	}
}

static void processes(void)
{
	struct rlimit none = {}, one = { 1, 1 };
	gid_t groups[] = { 12346, 12347 };
	int status, ready[2];
	pid_t child;
	char nothing;

	must("pipe", pipe(ready));
	child = fork();
	must("fork", child);
	if (!child) {
		must("setresuid", setresuid(12345, 12345, 12345));
		must("write", write(ready[1], "", 1));
		for (;;)
			pause();
	}
	printf("%d\n", child);
	must("read", read(ready[0], &nothing, 1));
	must("ptrace", ptrace(PTRACE_SEIZE, child, 0, 0));
	must("setns", setns(syscall(SYS_pidfd_open, child, 0), CLONE_NEWUTS));
	must("kill", kill(child, SIGKILL));
	must("waitpid", waitpid(child, &status, 0));
	must("setpriority", setpriority(PRIO_PROCESS, 0, -5));
	must("setrlimit", setrlimit(RLIMIT_CORE, &none));
	setrlimit(RLIMIT_CORE, &one); /* root need not be allowed to, in a container */
	must("setgroups", setgroups(2, groups));
	must("setresgid", setresgid(-1, 12346, -1));
	must("unshare", unshare(CLONE_NEWUTS));
}

/* Inherits what it no longer holds: security/commoncap.c, cap_capset(). */
static void sets(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1 << CAP_SETPCAP, .permitted = 1 << CAP_SETPCAP } };

	must("capset", syscall(SYS_capset, &header, data));
	data[0].inheritable = 1 << CAP_NET_RAW;
	must("capset", syscall(SYS_capset, &header, data));
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(1, "wants a directory");
	must(argv[1], chdir(argv[1]));
	files();
	sockets();
	processes();
	sets();
	return 0;
}
