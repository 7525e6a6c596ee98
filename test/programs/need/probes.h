/* need: what the kernel asks for and does not mind the answer. Everybody gets through. */
#ifndef NEED_PROBES_H
#define NEED_PROBES_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <termios.h>

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

/* An interface that is not there: by either of two names the kernel looks for a module. */
static int probe_interface(void)
{
	struct ifreq request = { .ifr_name = "absent" };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	int answer = ioctl(fd, SIOCGIFADDR, &request), error = errno;

	close(fd);
	return answer < 0 && error == ENODEV ? 0 : -error;
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

static int probe_lookup(void)
{
	struct stat st;

	return verdict(stat("/proc/sys/net/ipv4/ip_forward", &st), 0);
}

/* By system call: the C library's own asks all threads. */
static int probe_setuid(void)
{
	return verdict(syscall(SYS_setuid, getuid()), 0);
}

static int probe_setgid(void)
{
	return verdict(syscall(SYS_setgid, getgid()), 0);
}

/* The header of whatever device comes first. */
static int probe_pci(void)
{
	char header[64];
	glob_t found;
	int ret, fd;

	if (glob("/sys/bus/pci/devices/*/config", 0, NULL, &found))
		quit(UNSUPPORTED, "no PCI device");
	fd = must(open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC), found.gl_pathv[0]);
	ret = verdict(pread(fd, header, sizeof(header), 0), 0);
	close(fd);
	globfree(&found);
	return ret;
}

/* How a virtual terminal is set that is not its own, as older and newer C libraries ask, and where its cursor is. */
static int probe_terminal(void)
{
	const unsigned long newer = _IOR('T', 0x2A, unsigned[11]); /* TCGETS2 of a struct termios2 */
	const unsigned long place = _IOR('V', 0x10, unsigned short[4]); /* VT_GETCONSIZECSRPOS */
	unsigned short cursor[4];
	unsigned set2[11];
	struct termios set;
	int ret, fd = open("/dev/tty1", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		quit(UNSUPPORTED, "no virtual terminal: %s", strerror(errno));
	ret = verdict(tcgetattr(fd, &set) | ioctl(fd, newer, set2), 0);
	if (!ret)
		ret = verdict(ioctl(fd, place, cursor), ENOTTY);
	close(fd);
	return ret;
}

/* An ACL that says what the mode says, of a file of another group. */
static int probe_acl(void)
{
	static const struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[3];
	} acl = { { POSIX_ACL_XATTR_VERSION }, {
		{ ACL_USER_OBJ, ACL_READ | ACL_WRITE, ACL_UNDEFINED_ID },
		{ ACL_GROUP_OBJ, ACL_READ, ACL_UNDEFINED_ID },
		{ ACL_OTHER, ACL_READ, ACL_UNDEFINED_ID },
	} };
	int ret, fd = must(open(prepared("readable"), O_RDONLY | O_CLOEXEC), "open");

	ret = fsetxattr(fd, "system.posix_acl_access", &acl, sizeof(acl), 0);
	if (ret < 0 && errno == EOPNOTSUPP)
		quit(UNSUPPORTED, "no ACLs in %s", getenv("NEED_DIR"));
	ret = verdict(ret, 0);
	close(fd);
	return ret;
}

/* A setgid bit in a directory that has one, and another group: a new directory gets it from there. */
static int probe_mkdir(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d-%ld", prepared("setgid"), getpid(), round);
	if (mkdirat(AT_FDCWD, path, 02755) < 0)
		return -errno;
	return verdict(rmdir(path), 0);
}

/* kernel/ksyms_common.c, kallsyms_show_value(): where everybody may profile the kernel, nobody is asked. */
static int probe_kallsyms(void)
{
	int fd = must(open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC), "perf_event_paranoid");
	char value[16] = "";

	must(read(fd, value, sizeof(value) - 1), "perf_event_paranoid");
	close(fd);
	if (atoi(value) <= 1)
		quit(UNSUPPORTED, "kernel.perf_event_paranoid shows the kernel's addresses to everybody");
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
