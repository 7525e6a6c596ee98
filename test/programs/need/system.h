/* need: modes about limits, the machine, tracing, and those that want a child. */
#ifndef NEED_SYSTEM_H
#define NEED_SYSTEM_H

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

/* Limits and scheduling. */

static int need_ipc_lock(void)
{
	if (round == 0)
		set_limit(RLIMIT_MEMLOCK, 0);	/* or the limit would do, unasked */
	if (mlockall(MCL_FUTURE) < 0)		/* MCL_CURRENT would ask twice */
		return -errno;
	must(munlockall(), "munlockall");
	return 0;
}

static int need_sys_nice(void)
{
	if (round == 0)
		set_limit(RLIMIT_NICE, 0);
	must(setpriority(PRIO_PROCESS, 0, 19), "setpriority");
	return verdict(setpriority(PRIO_PROCESS, 0, 18), 0);
}

static int need_sys_resource(void)
{
	struct rlimit more = { 0, 1 };

	set_limit(RLIMIT_CORE, 0);
	return verdict(setrlimit(RLIMIT_CORE, &more), 0);
}

static int need_ipc_owner(void)
{
	struct msqid_ds ds;
	int ret, id = msgget(IPC_PRIVATE, 0);

	if (id < 0)
		quit(UNSUPPORTED, "msgget: %s", strerror(errno));
	ret = verdict(msgctl(id, IPC_STAT, &ds), 0);	/* mode 0, for the owner, too */
	must(msgctl(id, IPC_RMID, NULL), "msgctl");	/* the owner's by right */
	return ret;
}

/* The machine: each with arguments that fail after the check. */

static int need_sys_module(void)
{
	FILE *file = fopen("/proc/sys/kernel/modules_disabled", "re");
	int ret;

	if (file) {
		if (fgetc(file) == '1')
			quit(UNSUPPORTED, "kernel.modules_disabled is 1");
		fclose(file);
	}
	ret = syscall(SYS_init_module, "none", 4, "");
	if (ret < 0 && errno == ENOSYS)
		quit(UNSUPPORTED, "no modules in this kernel");
	return verdict(ret, ENOEXEC);
}

static int need_sys_chroot(void)
{
	return verdict(chroot("/"), 0);
}

static int need_sys_pacct(void)
{
	int ret = acct("");	/* no such file; NULL would turn accounting off */

	if (ret < 0 && errno == ENOSYS)
		quit(UNSUPPORTED, "no process accounting in this kernel");
	return verdict(ret, ENOENT);
}

static int need_sys_admin(void)
{
	return verdict(syscall(SYS_sethostname, "", -1), EINVAL);
}

static int need_sys_boot(void)
{
	return verdict(syscall(SYS_reboot, 0, 0, 0, NULL), EINVAL);	/* not the magic numbers */
}

static int need_sys_time(void)
{
	struct timezone beyond = { .tz_minuteswest = 16 * 60 };		/* more than 15 hours from Greenwich */

	return verdict(syscall(SYS_settimeofday, NULL, &beyond), EINVAL);
}

static int need_syslog(void)
{
	return verdict(klogctl(9 /* SYSLOG_ACTION_SIZE_UNREAD */, NULL, 0), 0);
}

static int need_wake_alarm(void)
{
	int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int need_mac_admin(void)
{
	static int fd = -1;
	int ret;

	if (round == 0 && (fd = open("/sys/kernel/security/apparmor/.load", O_WRONLY | O_CLOEXEC)) < 0)
		quit(UNSUPPORTED, "only AppArmor is known to ask, and it is not here: %s", strerror(errno));
	/* aa_policy_view_capable(), quite apart from the capability. */
	if (geteuid() != 0 && getegid() != 0 && !group_member(0))
		quit(UNSUPPORTED, "AppArmor listens to uid 0 and group 0 only");
	ret = write(fd, "none", 4);		/* not a profile; the errno has changed over time */
	return ret < 0 && errno == EPROTONOSUPPORT ? 0 : verdict(ret, EPROTO);
}

static int need_bpf(void)
{
	char none[8] = "";
	union bpf_attr attr = { .btf = (unsigned long)none, .btf_size = sizeof(none) };

	return verdict(syscall(SYS_bpf, BPF_BTF_LOAD, &attr, sizeof(attr)), EINVAL);	/* not BTF */
}

static int need_perfmon(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY,
					.size = sizeof(attr), .disabled = 1, .exclude_kernel = 1, .exclude_hv = 1 };
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int fd, paranoid;

	if (!file || fscanf(file, "%d", &paranoid) != 1)
		quit(UNSUPPORTED, "no perf events in this kernel");
	fclose(file);
	if (paranoid < 1)
		quit(UNSUPPORTED, "kernel.perf_event_paranoid is %d: every CPU may be watched by all", paranoid);
	if (paranoid > 2)	/* a level of Debian's and Ubuntu's own */
		quit(UNSUPPORTED, "kernel.perf_event_paranoid is %d: SYS_ADMIN is asked for, too; set it to 2",
		     paranoid);
	/* A CPU rather than a task, and not its kernel side: asked for once. */
	fd = syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int need_checkpoint_restore(void)
{
	/* A child with a pid that is taken, by us. CLONE_VM, or the kernel would account for the copied
	 * memory. */
	pid_t taken = getpid();
	struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD,
				   .set_tid = (unsigned long)&taken, .set_tid_size = 1 };
	int ret = syscall(SYS_clone3, &args, sizeof(args));

	if (ret == 0)
		_exit(BROKEN);
	if (ret < 0 && errno == ENOSYS)
		quit(UNSUPPORTED, "no clone3");
	return verdict(ret, EEXIST);
}

static int need_block_suspend(void)
{
	static int watched;
	struct epoll_event event = { .events = EPOLLIN | EPOLLWAKEUP };
	unsigned int events = 0;
	char path[64], line[256];
	int pipes[2], fd;
	FILE *file;

	if (access("/sys/power/wakeup_count", F_OK) < 0)
		quit(UNSUPPORTED, "this kernel cannot suspend");
	must(pipe2(pipes, O_CLOEXEC), "pipe2");
	fd = must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	event.data.fd = watched = pipes[0];
	must(epoll_ctl(fd, EPOLL_CTL_ADD, watched, &event), "epoll_ctl");
	/* The flag is dropped in silence. */
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "tfd: %*d events: %x", &events);
	if (!events)
		quit(BROKEN, "%s shows no events", path);
	fclose(file);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
	return events & EPOLLWAKEUP ? 0 : -EPERM;
}

/* Those that want a child. */

static pid_t child;

static void end_child(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static int need_sys_ptrace(void)
{
	void *list;
	size_t size;

	if (round == 0) {
		int ready[2];
		char byte;

		must(pipe2(ready, O_CLOEXEC), "pipe2");
		child = must(fork(), "fork");
		if (child == 0) {
			/* Not dumpable: the one thing that keeps a process of the same user from looking in. */
			prctl(PR_SET_DUMPABLE, 0);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (write(ready[1], "", 1) != 1)
				_exit(BROKEN);
			for (;;) /* a call to wait in would be made before the signal in one run, and not in the next */
				;
		}
		atexit(end_child);
		must(read(ready[0], &byte, 1), "read");
	}
	return verdict(syscall(SYS_get_robust_list, child, &list, &size), 0);
}

static int need_sys_tty_config(void)
{
	int status;

	child = must(fork(), "fork");
	if (child == 0) {
		/* Hang up the terminal of a new session: it has none. */
		setsid();
		_exit(vhangup() < 0 ? errno : 0);
	}
	must(waitpid(child, &status, 0), "waitpid");
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* Those that nothing asks for. */

static int need_net_broadcast(void)
{
	quit(UNSUPPORTED, "no kernel function asks for it");
}

static int need_mac_override(void)
{
	quit(UNSUPPORTED, "only Smack asks for it");
}

#endif
