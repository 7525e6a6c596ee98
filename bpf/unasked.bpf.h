/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel grants without a check. Who holds at least what another
 * process holds may look into it, trace it and change its priority
 * (security/commoncap.c, cap_ptrace_access_check(), cap_safe_nice()), and who
 * held CAP_SETFCAP when it made a user namespace may map the parent's root into
 * it (kernel/user_namespace.c, verify_root_map()). cap_capable() is not called
 * then; with a smaller set it is, or the call fails. docs/decided-without-a-check.md
 * has all such places.
 *
 * Backends that can attach to these functions see the comparison. The
 * tracepoint backend concludes it, when a system call of a traced task ends, from
 * the call and its arguments: `concludes`.
 */

/* kernel/bpf/helpers.c, kernel/bpf/task_iter.c: all are there in 6.14, the first kernel for which anything is
 * concluded. Older ones never get to the calls. */
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern struct task_struct *bpf_task_from_vpid(__s32 vpid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
struct bpf_iter_task {
	__u64 opaque[3];
} __attribute__((aligned(8)));
enum { BPF_TASK_ITER_ALL_PROCS = 0 };
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;

static __noinline int count_unasked(struct ca_task *t, struct task_struct *task, __u32 capability, __u64 held,
				    __u32 knowledge)
{
	struct ca_unasked row = {};
	__u64 one = 1, *n;

	row.held = held;
	row.capability = capability;
	row.knowledge = knowledge;
	row.syscall = current_syscall(task, t, &row.abi);
	row.program = t->program;
	row.phase = state.phase;
	n = bpf_map_lookup_elem(&unasked, &row);
	if (!n) {
		if (bpf_map_update_elem(&unasked, &row, &one, BPF_NOEXIST) == 0)
			return 0;
		n = bpf_map_lookup_elem(&unasked, &row); /* another CPU was first */
	}
	add(n ? n : &state.lost_unasked);
	return 0;
}

/*
 * What another process holds, if that is something, but no more than the caller
 * holds: then nobody is asked. cap_ptrace_access_check() compares only within a
 * user namespace. A caller in a nested one got its set with that, not by a grant.
 */
static __always_inline __u64 held_by(struct task_struct *task, struct task_struct *other, __u32 capability,
				     bool effective)
{
	const struct cred *own = BPF_CORE_READ(task, cred), *theirs = BPF_CORE_READ(other, real_cred);
	__u64 ns = (__u64)BPF_CORE_READ(own, user_ns), held = sets_bits(&theirs->cap_permitted);

	if (ns != state.user_ns || (capability == CAP_SYS_PTRACE && ns != (__u64)BPF_CORE_READ(theirs, user_ns)))
		return 0;
	return held & ~sets_bits(effective ? &own->cap_effective : &own->cap_permitted) ? 0 : held;
}

/*
 * flags_of() where the task is only an address, as in a kprobe: the helper wants a
 * pointer that the verifier knows. 6.1 to 7.3, kernel/bpf/bpf_local_storage.c: a task's
 * storage is a list with an element for each map, here no more than a few.
 */
static __noinline __u32 flags_by_address(struct task_struct *other)
{
	struct hlist_node *node = BPF_CORE_READ(other, bpf_storage, list.first);
	struct bpf_local_storage_elem *element;
	__u64 key = (__u64)other;
	struct ca_newborn *newborn;
	__u32 flags = 0;

	for (int i = 0; i < 32 && node; i++, node = BPF_CORE_READ(node, next)) {
		element = (void *)node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
		if ((void *)BPF_CORE_READ(element, sdata.smap) != (void *)&tasks)
			continue;
		bpf_probe_read_kernel(&flags, sizeof(flags),
				      (void *)element + bpf_core_field_offset(struct bpf_local_storage_elem, sdata) +
					      bpf_core_field_offset(struct bpf_local_storage_data, data));
		return flags;
	}
	newborn = state.waiting ? bpf_map_lookup_elem(&newborns, &key) : 0;
	return newborn && BPF_CORE_READ(other, start_time) <= newborn->born ? newborn->flags : 0;
}

/*
 * The way of the backends that see the comparison begin: it is done again here.
 * A process of the tree is no reason to grant anything: with the smaller set it
 * holds less itself.
 */
static __always_inline int on_comparison(struct task_struct *other, bool known, __u32 capability, bool effective)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = own_task(task, &state.lost_unasked);
	__u64 held;

	if (!t || !(t->flags & CA_TASK_RECORDING) || BPF_CORE_READ(other, tgid) == task->tgid ||
	    ((known ? flags_of(other) : flags_by_address(other)) & CA_TASK_RECORDING))
		return 0;
	held = held_by(task, other, capability, effective);
	return held ? count_unasked(t, task, capability, held, CA_SEEN) : 0;
}

static __always_inline int on_ptrace_access(struct task_struct *child, bool known, unsigned int mode)
{
	/* the mode of a probe, for /proc/PID/stat (fs/proc/array.c, do_task_stat()): refusing changes little */
	return mode & PTRACE_MODE_NOAUDIT ? 0 : on_comparison(child, known, CAP_SYS_PTRACE, mode & PTRACE_MODE_FSCREDS);
}

SEC("fentry/cap_ptrace_access_check")
int BPF_PROG(fentry_ptrace_access, struct task_struct *child, unsigned int mode)
{
	return on_ptrace_access(child, true, mode);
}

SEC("kprobe/cap_ptrace_access_check")
int BPF_KPROBE(kprobe_ptrace_access, struct task_struct *child, unsigned int mode)
{
	return on_ptrace_access(child, false, mode);
}

/* cap_safe_nice() is static, and these three are all that call it. */
SEC("fentry/cap_task_setscheduler")
int BPF_PROG(fentry_setscheduler, struct task_struct *other)
{
	return on_comparison(other, true, CAP_SYS_NICE, false);
}

SEC("kprobe/cap_task_setscheduler")
int BPF_KPROBE(kprobe_setscheduler, struct task_struct *other)
{
	return on_comparison(other, false, CAP_SYS_NICE, false);
}

SEC("fentry/cap_task_setioprio")
int BPF_PROG(fentry_setioprio, struct task_struct *other)
{
	return on_comparison(other, true, CAP_SYS_NICE, false);
}

SEC("kprobe/cap_task_setioprio")
int BPF_KPROBE(kprobe_setioprio, struct task_struct *other)
{
	return on_comparison(other, false, CAP_SYS_NICE, false);
}

SEC("fentry/cap_task_setnice")
int BPF_PROG(fentry_setnice, struct task_struct *other)
{
	return on_comparison(other, true, CAP_SYS_NICE, false);
}

SEC("kprobe/cap_task_setnice")
int BPF_KPROBE(kprobe_setnice, struct task_struct *other)
{
	return on_comparison(other, false, CAP_SYS_NICE, false);
}

/*
 * One of the tree's tasks did something to another process, with success and without a check.
 * This and the next two tell whether something was counted.
 */
static __noinline int conclude_of(struct ca_task *t, struct task_struct *task, struct task_struct *other,
				  __u32 capability)
{
	__u64 held;

	if (other->tgid == task->tgid || (flags_of(other) & CA_TASK_RECORDING))
		return 0;
	held = held_by(task, other, capability, false);
	if (!held)
		return 0;
	count_unasked(t, task, capability, held, CA_CONCLUDED);
	return 1;
}

/* The same by the other task's number in the caller's pid namespace, or in the first one. */
static __noinline int conclude_by_number(struct ca_task *t, struct task_struct *task, __s32 number, bool first_ns,
					 __u32 capability)
{
	struct task_struct *other;
	int counted;

	if (number <= 0) /* the caller itself */
		return 0;
	other = first_ns ? bpf_task_from_pid(number) : bpf_task_from_vpid(number);
	if (!other) { /* it has ended meanwhile */
		add(&state.lost_unasked);
		return 1;
	}
	counted = conclude_of(t, task, other, capability);
	bpf_task_release(other);
	return counted;
}

static __always_inline struct file *file_of(struct task_struct *task, __u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = 0;

	if (descriptor < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	return file;
}

/* fs/pidfs.c, pidfd_pid(), 6.14 to 7.3 */
static __noinline int conclude_by_pidfd(struct ca_task *t, struct task_struct *task, __u32 descriptor)
{
	struct inode *inode = BPF_CORE_READ(file_of(task, descriptor), f_inode);
	struct pid *pid = BPF_CORE_READ(inode, i_private);

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PID_FS_MAGIC)
		return 0;
	return conclude_by_number(t, task, BPF_CORE_READ(pid, numbers[0].nr), true, CAP_SYS_PTRACE);
}

/* Whether a process is meant by setpriority(2) or ioprio_set(2) of a process group or a user. */
static __always_inline bool is_meant(struct task_struct *task, struct task_struct *other, bool group, __u32 who)
{
	const struct cred *own = BPF_CORE_READ(task, cred);
	struct pid *of_other;
	__u32 level;
	__s32 number = 0;

	if (!group)
		return BPF_CORE_READ(other, real_cred, uid.val) == (who ? who : BPF_CORE_READ(own, uid.val));
	of_other = BPF_CORE_READ(other, signal, pids[PIDTYPE_PGID]);
	if (!who)
		return of_other == BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]);
	level = BPF_CORE_READ(task, thread_pid, level);
	if (level <= BPF_CORE_READ(of_other, level))
		bpf_probe_read_kernel(&number, sizeof(number), (void *)of_other + bpf_core_field_offset(struct pid, numbers) +
				      (__u64)level * bpf_core_type_size(struct upid));
	return (__u32)number == who;
}

static __noinline int conclude_by_set(struct ca_task *t, struct task_struct *task, bool group, __u32 who)
{
	struct bpf_iter_task it;
	struct task_struct *other;

	bpf_iter_task_new(&it, 0, BPF_TASK_ITER_ALL_PROCS);
	while ((other = bpf_iter_task_next(&it)))
		if (is_meant(task, other, group, who))
			conclude_of(t, task, other, CAP_SYS_NICE);
	bpf_iter_task_destroy(&it);
	return 0;
}

/* PRIO_* count from 0, IOPRIO_WHO_* from 1: `which` as the former do. */
static __always_inline void conclude_priority(struct ca_task *t, struct task_struct *task, __u32 which, __u32 who)
{
	if (which == PRIO_PROCESS)
		conclude_by_number(t, task, who, false, CAP_SYS_NICE);
	else if (which <= PRIO_USER)
		conclude_by_set(t, task, which == PRIO_PGRP, who);
}

enum { PATH_SEEN = 128, NAME_SEEN = 16 };

/* The first bytes of a path, and how far they have been read. */
struct path_reader {
	char bytes[PATH_SEEN];
	__u32 at;
	bool ended_by_slash;	/* the last name: a link is followed then */
};

static __always_inline char byte_at(const struct path_reader *p, __u32 at) { return p->bytes[at & (PATH_SEEN - 1)]; }

/* Goes to where a path's next name begins, as fs/namei.c, link_path_walk(), does: beyond slashes and `.`. */
__noinline int skip_nothing(struct path_reader *p)
{
	if (!p)
		return 0;
	for (__u32 i = 0; i < NAME_SEEN; i++) {
		char c = byte_at(p, p->at), next = byte_at(p, p->at + 1);

		if (c != '/' && (c != '.' || (next && next != '/')))
			break;
		p->at++;
	}
	return 0;
}

/* The first eight bytes of a path's next name; the reader goes to the name after it. */
__noinline __u64 next_name(struct path_reader *p)
{
	__u64 name = 0;

	if (!p)
		return 0;
	skip_nothing(p);
	for (__u32 i = 0; i < NAME_SEEN; i++) {
		char c = byte_at(p, p->at);

		if (!c || c == '/')
			break;
		p->at++;
		if (i < sizeof(name))
			name |= (__u64)(__u8)c << (8 * i);
	}
	p->ended_by_slash = byte_at(p, p->at) == '/';
	skip_nothing(p);
	return name;
}

/* The number that a name spells, 0 for none. */
__noinline int number_of(__u64 name)
{
	__s32 number = 0;

	for (int i = 0; i < 8 && name; i++, name >>= 8) {
		__u8 digit = (name & 0xff) - '0';

		if (digit > 9)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

/* A name of up to eight letters as next_name() gives it: a constant, as strings are compared by no helper. */
static __always_inline __u64 name_of(const char *text)
{
	__u64 name = 0;

#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (!text[i])
			break;
		name |= (__u64)(__u8)text[i] << (8 * i);
	}
	return name;
}

/* What a system call does with a path. */
enum {
	PATH_FOLLOWED = 1,	/* a link at its end is followed, or read */
	PATH_ENTERED = 2,	/* whether a directory at its end may be entered is looked at */
	PATH_OPENED = 4,	/* what is at its end is opened, to do more than to name it (O_PATH) */
};

/*
 * Whether fs/proc asks whether the caller may ptrace the process when a path leads
 * over a name in /proc/PID. fs/proc/base.c, proc_pid_get_link(), proc_pid_readlink(),
 * map_files_d_revalidate(); fs/proc/fd.c, proc_fdinfo_permission(); tested with 6.18.
 */
static __always_inline bool is_guarded(__u64 name, bool slash, bool more, __u32 how)
{
	if (name == name_of("exe") || name == name_of("cwd") || name == name_of("root"))
		return slash || (how & PATH_FOLLOWED);
	if (name == name_of("fd") || name == name_of("ns"))
		return more && (how & PATH_FOLLOWED);
	if (name == name_of("fdinfo"))
		return more || (how & PATH_ENTERED);
	return name == name_of("map_file") && more;
}

/*
 * The same for a file of /proc/PID that is opened. fs/proc/base.c, proc_mem_open(), lock_trace() and
 * others, tested with 6.18. Some ask when they are read: who opens them is taken to do that.
 */
static __always_inline bool is_guarded_file(__u64 name)
{
	return name == name_of("fdinfo") || name == name_of("mem") || name == name_of("environ") ||
	       name == name_of("auxv") || name == name_of("maps") || name == name_of("smaps") ||
	       name == name_of("smaps_ro") || name == name_of("numa_map") || name == name_of("pagemap") ||
	       name == name_of("stack") || name == name_of("syscall") || name == name_of("personal") ||
	       name == name_of("io");
}

/*
 * The process in whose directory of procfs a file is. Inodes there that belong to
 * none have no pid: fs/proc/inode.c, proc_alloc_inode(), 6.18.
 */
static __always_inline struct pid *pid_of(struct inode *inode)
{
	struct proc_inode *in_proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);

	return BPF_CORE_READ(inode, i_sb, s_magic) == PROC_SUPER_MAGIC ? BPF_CORE_READ(in_proc, pid) : 0;
}

static __always_inline __u64 name_of_dentry(struct dentry *dentry)
{
	char name[NAME_SEEN] __attribute__((aligned(8))) = {};

	bpf_probe_read_kernel_str(name, NAME_SEEN, BPF_CORE_READ(dentry, d_name.name));
	return *(__u64 *)name;
}

/*
 * An open file, when it has just been opened or, if it is a directory, is read: whatever
 * path led to it, and wherever procfs is mounted. fs/proc/base.c, proc_map_files_readdir(),
 * asks when /proc/PID/map_files is read, and a call that has given . and .. already hides
 * the refusal (6.18).
 */
static __noinline int conclude_file(struct ca_task *t, struct task_struct *task, __u32 descriptor,
				    bool is_read)
{
	struct file *file = file_of(task, descriptor);
	struct pid *pid = pid_of(BPF_CORE_READ(file, f_inode));
	struct dentry *dentry;
	__u64 name, parent;

	if (!pid)
		return 0;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	name = name_of_dentry(dentry);
	parent = name_of_dentry(BPF_CORE_READ(dentry, d_parent));
	if (is_read ? name != name_of("map_file") : !is_guarded_file(name) && parent != name_of("fdinfo"))
		return 0;
	return conclude_by_number(t, task, BPF_CORE_READ(pid, numbers[0].nr), true, CAP_SYS_PTRACE);
}

/*
 * A path that leads over the directory of a process in procfs, from /proc or from a
 * directory there: of other paths nobody knows here which file systems they cross.
 */
static __noinline int conclude_path(struct ca_task *t, struct task_struct *task, __u64 user_path, __s32 directory,
				    __u32 how)
{
	struct path_reader p = {};
	struct dentry *dentry;
	struct inode *inode;
	struct pid *pid = 0;
	__s32 number = 0;
	__u64 name = 0;

	if (bpf_probe_read_user_str(p.bytes, PATH_SEEN, (const void *)user_path) <= 0)
		return 0;
	if (byte_at(&p, 0) == '/') {
		if (next_name(&p) != name_of("proc"))
			return 0;
	} else {
		dentry = directory == AT_FDCWD ? BPF_CORE_READ(task, fs, pwd.dentry) :
						 BPF_CORE_READ(file_of(task, directory), f_path.dentry);
		inode = BPF_CORE_READ(dentry, d_inode);
		if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
			return 0;
		pid = pid_of(inode);
		if (pid) {
			number = BPF_CORE_READ(pid, numbers[0].nr);
			name = name_of_dentry(dentry);
			skip_nothing(&p);
			if (number_of(name))
				name = next_name(&p);
		}
	}
	if (!pid) {
		number = number_of(next_name(&p));
		name = next_name(&p);
	}
	if (name == name_of("task") && byte_at(&p, p.at)) {
		if (pid) /* the thread's own number is not the first namespace's: a directory's process stands for it */
			next_name(&p);
		else
			number = number_of(next_name(&p));
		name = next_name(&p);
	}
	if (number && is_guarded(name, p.ended_by_slash, byte_at(&p, p.at), how))
		conclude_by_number(t, task, number, pid != 0, CAP_SYS_PTRACE);
	return 0;
}

static __always_inline __u32 flags_of_open(__u64 flags)
{
	return (flags & O_PATH ? 0 : PATH_OPENED) | (flags & O_NOFOLLOW ? 0 : PATH_FOLLOWED);
}

/* The calls that take a path, each with where it begins and what is done with its end. */
static __always_inline void conclude_by_path(struct ca_task *t, struct task_struct *task, struct pt_regs *regs,
					     __s32 number, long result)
{
	__u64 one = SYSCALL_ARG1(regs), two = SYSCALL_ARG2(regs), three = SYSCALL_ARG3(regs), flags = 0;
	__u32 how = PATH_FOLLOWED;
	__u64 path = two;
	__s32 from = one;

	switch (number) {
	case NR_OPEN:
	case NR_STAT:
	case NR_ACCESS:
	case NR_CHDIR:
	case NR_READLINK:
		path = one;
		from = AT_FDCWD;
		if (number == NR_OPEN)
			how = flags_of_open(two);
		else if (number == NR_ACCESS || number == NR_CHDIR)
			how |= PATH_ENTERED;
		break;
	case NR_OPENAT:
		how = flags_of_open(three);
		break;
	case NR_OPENAT2: /* struct open_how begins with the flags */
		bpf_probe_read_user(&flags, sizeof(flags), (const void *)three);
		how = flags_of_open(flags);
		break;
	case NR_NEWFSTATAT:
	case NR_FACCESSAT2:
		how = SYSCALL_ARG4(regs) & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOWED;
		if (number == NR_FACCESSAT2)
			how |= PATH_ENTERED;
		break;
	case NR_STATX:
		how = three & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOWED;
		break;
	case NR_FACCESSAT:
		how |= PATH_ENTERED;
		break;
	case NR_READLINKAT:
		break;
	case NR_GETDENTS:
	case NR_GETDENTS64:
		conclude_file(t, task, one, true);
		return;
	default:
		return;
	}
	if (!(how & PATH_OPENED) || !conclude_file(t, task, result, false))
		conclude_path(t, task, path, from, how);
}

/* The calls for which the kernel asks whether the caller may ptrace the other process. */
static __always_inline void conclude_look(struct ca_task *t, struct task_struct *task, struct pt_regs *regs,
					  __s32 number, __u64 one, __u64 two, long result)
{
	switch (number) {
	case NR_PTRACE:
		if (one == PTRACE_ATTACH || one == PTRACE_SEIZE)
			conclude_by_number(t, task, two, false, CAP_SYS_PTRACE);
		return;
	case NR_KCMP:
		conclude_by_number(t, task, two, false, CAP_SYS_PTRACE);
		/* fall through */
	case NR_PROCESS_VM_READV:
	case NR_PROCESS_VM_WRITEV:
	case NR_GET_ROBUST_LIST:
	case NR_MIGRATE_PAGES:
	case NR_MOVE_PAGES:
		conclude_by_number(t, task, one, false, CAP_SYS_PTRACE);
		return;
	case NR_PRCTL:
		if (one == PR_SCHED_CORE)
			conclude_by_number(t, task, SYSCALL_ARG3(regs), false, CAP_SYS_PTRACE);
		return;
	case NR_IOCTL: /* fs/pidfs.c, pidfd_ioctl(): descriptors of the process's namespaces */
		if ((__u32)two < PIDFD_GET_CGROUP_NAMESPACE || (__u32)two > PIDFD_GET_UTS_NAMESPACE)
			return;
		/* fall through */
	case NR_PIDFD_GETFD:
	case NR_PROCESS_MADVISE:
	case NR_SETNS: /* of a pidfd; a descriptor of a namespace was asked for when it was opened */
		conclude_by_pidfd(t, task, one);
		return;
	}
	conclude_by_path(t, task, regs, number, result);
}

/* The calls for which the kernel asks whether the caller may change the other process's priority. */
static __always_inline void conclude_nice(struct ca_task *t, struct task_struct *task, __s32 number, __u64 one,
					  __u64 two)
{
	switch (number) {
	case NR_SCHED_SETPARAM:
	case NR_SCHED_SETSCHEDULER:
	case NR_SCHED_SETATTR:
	case NR_SCHED_SETAFFINITY:
		conclude_by_number(t, task, one, false, CAP_SYS_NICE);
		break;
	case NR_SETPRIORITY:
		conclude_priority(t, task, one, two);
		break;
	case NR_IOPRIO_SET:
		conclude_priority(t, task, one - IOPRIO_WHO_PROCESS, two);
		break;
	}
}

/* A call in which the capability was asked for tells that by the check. Other tables than the native one are left
 * out: the manual says so. */
static __always_inline void conclude(struct ca_task *t, struct task_struct *task, struct pt_regs *regs,
				     __s32 number, __u8 abi, long result)
{
	__u64 one = SYSCALL_ARG1(regs), two = SYSCALL_ARG2(regs);

	if (abi != CA_ABI_NATIVE)
		return;
	if (!(t->granted >> CAP_SYS_PTRACE & 1))
		conclude_look(t, task, regs, number, one, two, result);
	if (!(t->granted >> CAP_SYS_NICE & 1))
		conclude_nice(t, task, number, one, two);
}

/*
 * A task wrote the map of a user namespace, and root of the parent is in it. Asked
 * for CAP_SETFCAP is only who writes from outside; who made the namespace, and writes
 * from within, is known to have had it then (6.1 to 7.3: kernel/user_namespace.c,
 * create_user_ns(), parent_could_setfcap). map_write() asks for CAP_SYS_ADMIN each
 * time: no other write has to be looked at.
 */
static __noinline int note_root_map(struct ca_task *t, struct task_struct *task, __u32 descriptor)
{
	struct file *file = file_of(task, descriptor);
	struct seq_file *seq = BPF_CORE_READ(file, private_data);
	struct user_namespace *ns, *parent;
	char name[NAME_SEEN] __attribute__((aligned(8))) = {};
	__u32 root, extents;

	bpf_probe_read_kernel_str(name, NAME_SEEN, BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != PROC_SUPER_MAGIC ||
	    *(__u64 *)name != name_of("uid_map"))
		return 0;
	ns = BPF_CORE_READ(seq, private);
	parent = BPF_CORE_READ(ns, parent);
	if ((__u64)parent != state.user_ns || BPF_CORE_READ(parent, uid_map.extent[0].first))
		return 0;
	root = BPF_CORE_READ(parent, uid_map.extent[0].lower_first);
	extents = BPF_CORE_READ(ns, uid_map.nr_extents);
	if (extents > UID_GID_MAP_MAX_BASE_EXTENTS) { /* the least comes first */
		if (BPF_CORE_READ(ns, uid_map.reverse, lower_first) == root)
			count_unasked(t, task, CAP_SETFCAP, 0, CA_CONCLUDED);
		return 0;
	}
	for (__u32 i = 0; i < UID_GID_MAP_MAX_BASE_EXTENTS && i < extents; i++)
		if (BPF_CORE_READ(ns, uid_map.extent[i].lower_first) == root) {
			count_unasked(t, task, CAP_SETFCAP, 0, CA_CONCLUDED);
			break;
		}
	return 0;
}

/* Of two programs at the end of a system call the second concludes only where the first was not run, or all
 * were counted twice. */
static __always_inline void on_success(struct ca_task *t, struct task_struct *task, struct pt_regs *regs,
				       __s32 number, __u8 abi, long result, bool is_twin)
{
	if ((t->granted >> CAP_SYS_ADMIN & 1) && !(t->granted >> CAP_SETFCAP & 1) && t->abi == CA_ABI_NATIVE &&
	    (t->syscall == NR_WRITE || t->syscall == NR_PWRITE64 || t->syscall == NR_WRITEV))
		note_root_map(t, task, SYSCALL_ARG1(regs));
	if (!concludes)
		return;
	if (is_twin && (t->flags & CA_TASK_LOOKED_AT)) {
		t->flags &= ~CA_TASK_LOOKED_AT;
		return;
	}
	conclude(t, task, regs, number, abi, result);
	if (preemptible && !is_twin)
		t->flags |= CA_TASK_LOOKED_AT;
}
