/* need: modes about the network and the audit system, which is spoken to by netlink. */
#ifndef NEED_NETWORK_H
#define NEED_NETWORK_H

#include <arpa/inet.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/*
 * Reading the setting asks for NET_ADMIN, so --prepare reads it and leaves a file. Containers of Docker's
 * have it at 0.
 */
static int ports_are_free(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" FREE_PORTS, getenv("NEED_DIR") ? getenv("NEED_DIR") : ".");
	return access(path, F_OK) == 0;
}

static int need_net_bind_service(void)
{
	/* An address of our own within 127/8, so that no service is in the way. */
	struct sockaddr_in own = {
		.sin_family = AF_INET,
		.sin_port = htons(1),
		.sin_addr.s_addr = htonl(0x7f000002 + (getpid() & 0x7fffff)),
	};
	int ret, fd;

	if (ports_are_free())
		quit(UNSUPPORTED, "net.ipv4.ip_unprivileged_port_start leaves every port to all");
	fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	ret = bind(fd, (struct sockaddr *)&own, sizeof(own));
	if (ret < 0 && errno == EADDRNOTAVAIL)
		quit(UNSUPPORTED, "the loopback interface is down");
	ret = verdict(ret, 0);
	close(fd);
	return ret;
}

static int need_net_admin(void)
{
	int ret, size = 4096, fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	ret = verdict(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	close(fd);
	return ret;
}

static int need_net_raw(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Audit, by netlink. Without an address on send the kernel asks about the opener of the socket, too. */

static int audit_request(int type)
{
	struct { struct nlmsghdr header; struct nlmsgerr error; char more[256]; } reply;
	struct nlmsghdr request = { .nlmsg_len = sizeof(request), .nlmsg_type = type,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	if (fd < 0 || sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		quit(UNSUPPORTED, "no audit in this kernel or namespace: %s", strerror(errno));
	do
		must(recv(fd, &reply, sizeof(reply), 0), "recv");
	while (reply.header.nlmsg_type != NLMSG_ERROR);		/* AUDIT_GET's answer may come first */
	close(fd);
	if (reply.error.error == -ECONNREFUSED)
		quit(UNSUPPORTED, "no audit in a user namespace");
	errno = -reply.error.error;
	return errno ? -1 : 0;
}

static int need_audit_write(void)
{
	return verdict(audit_request(AUDIT_USER), EINVAL);	/* an empty message is not logged */
}

static int need_audit_control(void)
{
	char ns[64] = "";

	/* The kernel refuses this in other pid namespaces without asking. */
	if (readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1) < 0 || strcmp(ns, "pid:[4026531836]"))
		quit(UNSUPPORTED, "not in the first pid namespace");
	return verdict(audit_request(AUDIT_GET), 0);
}

static int need_audit_read(void)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1) };
	int ret, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	if (fd < 0)
		quit(UNSUPPORTED, "no audit in this kernel: %s", strerror(errno));
	ret = verdict(bind(fd, (struct sockaddr *)&group, sizeof(group)), 0);
	close(fd);
	return ret;
}

#endif
