/* need: what the kernel asks for and does not mind the answer. Everybody gets through. */
#ifndef NEED_PROBES_H
#define NEED_PROBES_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <linux/vm_sockets.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/* A socket of a kind that this kernel may lack. */
static int socket_if_any(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		quit(UNSUPPORTED, "no sockets of family %d in this kernel", family);
	return fd;
}

static int reads(const char *path)
{
	char buffer[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	must(read(fd, buffer, sizeof(buffer)), path);
	close(fd);
	return 0;
}

/* A datagram to itself whose page the kernel pins. */
static int probe_zerocopy(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static char page[4096];
	socklen_t size = sizeof(own);
	int ret, on = 1, fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)), "SO_ZEROCOPY");
	if (bind(fd, (struct sockaddr *)&own, size) < 0)
		quit(UNSUPPORTED, "the loopback interface is down");
	must(getsockname(fd, (struct sockaddr *)&own, &size), "getsockname");
	ret = verdict(sendto(fd, page, sizeof(page), MSG_ZEROCOPY, (struct sockaddr *)&own, size), 0);
	close(fd);
	return ret;
}

/* The socket itself takes NET_RAW. */
static int probe_umem(void)
{
	static char pages[4096] __attribute__((aligned(4096)));
	struct xdp_umem_reg umem = {
		.addr = (unsigned long)pages, .len = sizeof(pages), .chunk_size = sizeof(pages),
	};
	int ret, fd = socket_if_any(AF_XDP, SOCK_RAW);

	if (fd < 0)
		return -errno;
	ret = verdict(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)), 0);
	close(fd);
	return ret;
}

static int probe_uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0)
		quit(UNSUPPORTED, "io_uring_setup: %s", strerror(errno));
	close(fd);
	return 0;
}

static int probe_vsock(void)
{
	int fd = socket_if_any(AF_VSOCK, SOCK_STREAM);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* To be told by handle of what happens to one file. */
static int probe_fanotify(void)
{
	int ret, fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY);

	if (fd < 0 && errno == ENOSYS)
		quit(UNSUPPORTED, "no fanotify in this kernel");
	if (fd < 0)
		return -errno;
	ret = fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, prepared("readable"));
	if (ret < 0 && (errno == ENODEV || errno == EXDEV || errno == EOPNOTSUPP))
		quit(UNSUPPORTED, "files of %s cannot be told by handle", getenv("NEED_DIR"));
	ret = verdict(ret, 0);
	close(fd);
	return ret;
}

static int probe_xattrs(void)
{
	char names[256];

	return verdict(flistxattr(own_file(), names, sizeof(names)), 0);
}

static int probe_pagemap(void)
{
	return reads("/proc/self/pagemap");
}

static int probe_stat(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", helper());
	return reads(path);
}

static int probe_sysctl(void)
{
	return reads("/proc/sys/net/ipv4/ip_forward");
}

static int probe_kallsyms(void)
{
	return reads("/proc/kallsyms");
}

/* The value that it has. */
static int probe_oom(void)
{
	char value[16];
	int fd = must(open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC), "oom_score_adj"), ret;

	ret = must(read(fd, value, sizeof(value)), "oom_score_adj");
	ret = verdict(pwrite(fd, value, ret, 0), 0);
	close(fd);
	return ret;
}

#endif
