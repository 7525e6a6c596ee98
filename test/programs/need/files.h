/* need: modes about files, the processes of others, and identity. */
#ifndef NEED_FILES_H
#define NEED_FILES_H

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static int need_chown(void)
{
	/* To the owner it has: chown_ok() lets that pass unasked only for the owner. */
	return verdict(chown(prepared("owned"), THIRD, -1), 0);
}

static int need_dac_override(void)
{
	int fd;

	/* Mode 0. Reading would ask for DAC_READ_SEARCH first, writing asks for this one only. */
	fd = open(prepared("owned"), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int need_dac_read_search(void)
{
	/* Reading a mode-0 file would be allowed to DAC_OVERRIDE too; opening by handle is not. */
	static const char *places[] = { "/", "/dev/shm", "/sys/fs/cgroup" };
	static union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} at;
	static int mount_fd = -1;
	int fd, id;

	/* An overlay has no handles: try others. */
	for (size_t i = 0; mount_fd < 0 && i < sizeof(places) / sizeof(*places); i++) {
		at.handle.handle_bytes = MAX_HANDLE_SZ;
		if (name_to_handle_at(AT_FDCWD, places[i], &at.handle, &id, 0) == 0)
			mount_fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (mount_fd < 0)
		quit(UNSUPPORTED, "no file system with file handles");
	fd = open_by_handle_at(mount_fd, &at.handle, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int need_fowner(void)
{
	/* Times of one's own choice. chmod() would ask for FSETID as well, outside the file's group. */
	struct timespec times[2] = { { .tv_sec = 1 + round }, { .tv_sec = 1 + round } };

	return verdict(utimensat(AT_FDCWD, prepared("owned"), times, 0), 0);
}

static int need_fsetid(void)
{
	struct stat st;
	int fd = own_file();

	if (round == 0)
		must(fchmod(fd, S_ISUID | 0600), "fchmod");
	/* Writing takes the set-uid bit away, in silence, unless the writer has the capability. */
	must(pwrite(fd, "", 1, 0), "pwrite");
	must(fstat(fd, &st), "fstat");
	return st.st_mode & S_ISUID ? 0 : -EPERM;
}

/* The third user's process. */
static pid_t helper(void)
{
	static pid_t pid;

	if (!pid) {
		FILE *file = fopen(prepared("pid"), "re");

		if (!file || fscanf(file, "%d", &pid) != 1)
			quit(BROKEN, "no pid of the helper process");
		fclose(file);
	}
	return pid;
}

static int need_kill(void)
{
	int ret = kill(helper(), 0);

	if (ret < 0 && errno == ESRCH)
		quit(UNSUPPORTED, "the helper process is gone; run need --prepare");
	return verdict(ret, 0);
}

static int need_lease(void)
{
	int ret, fd = must(open(prepared("readable"), O_RDONLY | O_CLOEXEC), "open");

	ret = verdict(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	close(fd);	/* ends the lease; F_UNLCK would ask again */
	return ret;
}

static int need_mknod(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d", prepared("scratch"), getpid());
	/* Not 0:0, which is a whiteout and free to all. */
	if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) < 0)
		return -errno;
	must(unlink(path), "unlink");
	return 0;
}

static int need_linux_immutable(void)
{
	int flags, fd = own_file();

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		quit(UNSUPPORTED, "tmpfs has no file flags before Linux 6.0");
	flags ^= FS_APPEND_FL;
	return verdict(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

static int need_setfcap(void)
{
	/* Revision 3 names the root of a user namespace, here a uid of no one's; revision 2 would ask twice. */
	struct vfs_ns_cap_data none = { .magic_etc = VFS_CAP_REVISION_3, .rootid = THIRD };
	int ret;

	ret = fsetxattr(own_file(), "security.capability", &none, sizeof(none), 0);
	if (ret < 0 && errno == EOPNOTSUPP)
		quit(UNSUPPORTED, "tmpfs has no extended attributes");
	return verdict(ret, 0);
}

static int need_sys_rawio(void)
{
	int block = 0;

	return verdict(ioctl(own_file(), FIBMAP, &block), EINVAL);	/* tmpfs has no blocks */
}

/* Identity. Rounds alternate, since a no-op is free to all. Only the saved ids change, so that root stays
 * root. */

static int need_setgid(void)
{
	return verdict(syscall(SYS_setresgid, -1, -1, THIRD + round % 2), 0);
}

static int need_setuid(void)
{
	return verdict(syscall(SYS_setresuid, -1, -1, THIRD + round % 2), 0);
}

static int need_setpcap(void)
{
	return verdict(prctl(PR_CAPBSET_DROP, 63, 0, 0, 0), EINVAL);	/* no such capability */
}

#endif
