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

/* Counts what the current task was granted. Global: see argument(). */
__noinline int count_unasked(struct ca_task *t, __u32 capability, __u64 held, __u32 details)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_unasked key = {};
	struct ca_row first = {}, *row;

	if (!t)
		return 0;
	key.held = held;
	key.capability = capability;
	key.details = details;
	key.syscall = current_syscall(task, t, &key.abi);
	key.group = t->group;
	key.phase = group_of(t)->phase;
	row = bpf_map_lookup_elem(&unasked, &key);
	if (!row) {
		first.kind = new_kind(t->group);
		if (first.kind)
			bpf_map_update_elem(&unasked, &key, &first, BPF_NOEXIST);
		row = bpf_map_lookup_elem(&unasked, &key);
	}
	add(row ? &row->count : &state.lost_unasked);
	if (row)
		note_kind(t->program, row->kind);
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
static __always_inline int on_comparison(struct task_struct *other, bool known, __u32 capability,
					 unsigned int mode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = own_task(task, &state.lost_unasked);
	__u32 details = 0;
	__u64 held;

	if (!t || !(t->flags & CA_TASK_RECORDING) || BPF_CORE_READ(other, tgid) == task->tgid ||
	    ((known ? flags_of(other) : flags_by_address(other)) & CA_TASK_RECORDING))
		return 0;
	held = held_by(task, other, capability, mode & PTRACE_MODE_FSCREDS);
	if (held && (mode & PTRACE_MODE_READ) && reads_mm(t, task))
		details = CA_READS_MM;
	return held ? count_unasked(t, capability, held, details) : 0;
}

static __always_inline int on_ptrace_access(struct task_struct *child, bool known, unsigned int mode)
{
	/* the mode of a probe, for /proc/PID/stat (fs/proc/array.c, do_task_stat()): refusing changes little */
	return mode & PTRACE_MODE_NOAUDIT ? 0 : on_comparison(child, known, CAP_SYS_PTRACE, mode);
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
	return on_comparison(other, true, CAP_SYS_NICE, 0);
}

SEC("kprobe/cap_task_setscheduler")
int BPF_KPROBE(kprobe_setscheduler, struct task_struct *other)
{
	return on_comparison(other, false, CAP_SYS_NICE, 0);
}

/* fs/ext4/super.c and fs/f2fs/checkpoint.c ask for a thread of their own, whatever the answer is: 5.10 to 7.3. */
static __always_inline int on_setioprio(struct task_struct *other, bool known)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__s32 nr = SYSCALL_NR((struct pt_regs *)bpf_task_pt_regs(task));

	return nr == NR_MOUNT || nr == NR_FSCONFIG ? 0 : on_comparison(other, known, CAP_SYS_NICE, 0);
}

SEC("fentry/cap_task_setioprio")
int BPF_PROG(fentry_setioprio, struct task_struct *other)
{
	return on_setioprio(other, true);
}

SEC("kprobe/cap_task_setioprio")
int BPF_KPROBE(kprobe_setioprio, struct task_struct *other)
{
	return on_setioprio(other, false);
}

SEC("fentry/cap_task_setnice")
int BPF_PROG(fentry_setnice, struct task_struct *other)
{
	return on_comparison(other, true, CAP_SYS_NICE, 0);
}

SEC("kprobe/cap_task_setnice")
int BPF_KPROBE(kprobe_setnice, struct task_struct *other)
{
	return on_comparison(other, false, CAP_SYS_NICE, 0);
}

/* What is said of a grant beside the number of the capability, which is the lowest byte. */
enum {
	BY_FIRST_NS = 0x100,	/* the other task's number is the first pid namespace's, not the caller's */
	READS_MM = 0x200,	/* see CA_READS_MM */
};

/*
 * One of the tree's tasks did something to another process, with success and without a check.
 * This and the next two tell whether something was counted.
 */
static __noinline int conclude_of(struct ca_task *t, struct task_struct *task, struct task_struct *other,
				  __u32 grant)
{
	__u32 capability = grant & 0xff;
	__u64 held;

	if (other->tgid == task->tgid || (flags_of(other) & CA_TASK_RECORDING))
		return 0;
	held = held_by(task, other, capability, false);
	if (!held)
		return 0;
	count_unasked(t, capability, held, CA_CONCLUDED | (grant & READS_MM ? CA_READS_MM : 0));
	return 1;
}

/*
 * The same by the other task's number. This and the others that are not static are looked at once by the verifier, not
 * for each of the calls that lead here: see argument(). It looks at them where nothing is concluded, too, and there the
 * kernel may lack what they call.
 */
__noinline int conclude_by_number(__s32 number, __u32 grant)
{
	struct task_struct *task = bpf_get_current_task_btf(), *other;
	struct ca_task *t;
	int counted;

	if (!concludes || number <= 0) /* the caller itself */
		return 0;
	t = task_of(task);
	if (!t)
		return 0;
	other = grant & BY_FIRST_NS ? bpf_task_from_pid(number) : bpf_task_from_vpid(number);
	if (!other) { /* it has ended meanwhile */
		add(&state.lost_unasked);
		return 1;
	}
	counted = conclude_of(t, task, other, grant);
	bpf_task_release(other);
	return counted;
}

/* fs/pidfs.c, pidfd_pid(), 6.14 to 7.3 */
__noinline int conclude_by_pidfd(__u32 descriptor, __u32 grant)
{
	struct inode *inode = BPF_CORE_READ(own_file(descriptor), f_inode);
	struct pid *pid = BPF_CORE_READ(inode, i_private);

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PID_FS_MAGIC)
		return 0;
	return conclude_by_number(BPF_CORE_READ(pid, numbers[0].nr), grant | BY_FIRST_NS);
}

/* Whether a process is meant by setpriority(2) or ioprio_set(2) of a process group or a user. */
__noinline int is_meant(__u64 address, bool group, __u32 who)
{
	struct task_struct *task = bpf_get_current_task_btf(), *other = (struct task_struct *)address;
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

__noinline int conclude_by_set(bool group, __u32 who)
{
	struct task_struct *task = bpf_get_current_task_btf(), *other;
	struct ca_task *t = task_of(task);
	struct bpf_iter_task it;
	__u64 address = 0;

	if (!concludes || !t)
		return 0;
	bpf_iter_task_new(&it, 0, BPF_TASK_ITER_ALL_PROCS);
	while ((other = bpf_iter_task_next(&it))) {
		bpf_probe_read_kernel(&address, sizeof(address), &other); /* a number, see anchor() */
		if (is_meant(address, group, who))
			conclude_of(t, task, other, CAP_SYS_NICE);
	}
	bpf_iter_task_destroy(&it);
	return 0;
}

/* PRIO_* count from 0, IOPRIO_WHO_* from 1: `which` as the former do. */
static __always_inline void conclude_priority(__u32 which, __u32 who)
{
	if (which == PRIO_PROCESS)
		conclude_by_number(who, CAP_SYS_NICE);
	else if (which <= PRIO_USER)
		conclude_by_set(which == PRIO_PGRP, who);
}

/*
 * An open file, when it has just been opened or, if it is a directory, is read: whatever
 * path led to it, and wherever procfs is mounted. fs/proc/base.c, proc_map_files_readdir(),
 * asks when /proc/PID/map_files is read, and a call that has given . and .. already hides
 * the refusal (6.18).
 */
__noinline int conclude_file(__u32 descriptor, bool is_read)
{
	struct file *file = own_file(descriptor);
	struct pid *pid = pid_of(READ_POINTER(file, f_inode));
	struct dentry *dentry;
	__u64 name, parent;

	if (!pid)
		return 0;
	dentry = READ_POINTER(file, f_path.dentry);
	name = name_of_dentry(dentry);
	parent = name_of_dentry(READ_POINTER(dentry, d_parent));
	if (is_read ? name != name_of("map_file") : !is_guarded_file(name) && parent != name_of("fdinfo"))
		return 0;
	return conclude_by_number(READ_NUMBER(pid, numbers[0].nr),
				  CAP_SYS_PTRACE | BY_FIRST_NS | (is_read || is_of_mm(name) ? READS_MM : 0));
}

__noinline int conclude_path(__u64 user_path, __s32 directory, __u32 how)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct place place = {};
	__u32 grant = CAP_SYS_PTRACE;

	if (((how & PATH_OF_FILE) && is_empty(user_path)) || !find_place(task, user_path, directory, &place) ||
	    !is_guarded(place.name, place.slash, place.more, how))
		return 0;
	if (place.first_ns)
		grant |= BY_FIRST_NS;
	if (place.name == name_of("map_file"))
		grant |= READS_MM;
	return conclude_by_number(place.number, grant);
}

static __always_inline __u32 flags_of_open(__u64 flags)
{
	return (flags & O_PATH ? 0 : PATH_OPENED) | (flags & O_NOFOLLOW ? 0 : PATH_FOLLOWED);
}

static __always_inline __u32 flags_of_stat(__u64 flags)
{
	return (flags & AT_EMPTY_PATH ? PATH_OF_FILE : 0) | (flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOWED);
}

/*
 * The calls that take a path, each with where it begins and what is done with its end. This and the next three say
 * whether it is a call that they look at.
 */
static __always_inline bool conclude_by_path(struct pt_regs *regs, __s32 number, long result)
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
	case NR_CHROOT:
	case NR_READLINK:
	case NR_STATFS:
		path = one;
		from = AT_FDCWD;
		if (number == NR_OPEN)
			how = flags_of_open(two);
		else if (number == NR_ACCESS || number == NR_CHDIR || number == NR_CHROOT)
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
		how = flags_of_stat(SYSCALL_ARG4(regs));
		if (number == NR_FACCESSAT2)
			how |= PATH_ENTERED;
		break;
	case NR_STATX:
	case NR_OPEN_TREE:
		how = flags_of_stat(three);
		break;
	case NR_MOUNT: /* only these two look for what is to be mounted: fs/namespace.c, path_mount(), 6.1 to 7.3 */
		from = AT_FDCWD;
		if ((SYSCALL_ARG4(regs) & (MS_BIND | MS_MOVE)) && !(SYSCALL_ARG4(regs) & MS_REMOUNT))
			conclude_path(one, from, how);
		break;
	case NR_FACCESSAT:
		how |= PATH_ENTERED;
		break;
	case NR_READLINKAT:
		break;
	case NR_GETDENTS:
	case NR_GETDENTS64:
		conclude_file(one, true);
		return true;
	default:
		return false;
	}
	if (!(how & PATH_OPENED) || !conclude_file(result, false))
		conclude_path(path, from, how);
	return true;
}

/* The calls for which the kernel asks whether the caller may ptrace the other process. */
static __always_inline bool conclude_look(struct pt_regs *regs, __s32 number, __u64 one, __u64 two, long result)
{
	switch (number) {
	case NR_PTRACE:
		if (one == PTRACE_ATTACH || one == PTRACE_SEIZE)
			conclude_by_number(two, CAP_SYS_PTRACE);
		return true;
	case NR_KCMP:
		conclude_by_number(two, CAP_SYS_PTRACE);
		/* fall through */
	case NR_PROCESS_VM_READV:
	case NR_PROCESS_VM_WRITEV:
	case NR_GET_ROBUST_LIST:
	case NR_MIGRATE_PAGES:
	case NR_MOVE_PAGES:
		conclude_by_number(one, CAP_SYS_PTRACE);
		return true;
	case NR_PRCTL:
		if (one == PR_SCHED_CORE)
			conclude_by_number(SYSCALL_ARG3(regs), CAP_SYS_PTRACE);
		return true;
	case NR_IOCTL: /* fs/pidfs.c, pidfd_ioctl(): descriptors of the process's namespaces */
		if ((__u32)two < PIDFD_GET_CGROUP_NAMESPACE || (__u32)two > PIDFD_GET_UTS_NAMESPACE)
			return true;
		/* fall through */
	case NR_PIDFD_GETFD:
	case NR_SETNS: /* of a pidfd; a descriptor of a namespace was asked for when it was opened */
		conclude_by_pidfd(one, CAP_SYS_PTRACE);
		return true;
	case NR_PROCESS_MADVISE:
		conclude_by_pidfd(one, CAP_SYS_PTRACE | READS_MM);
		return true;
	}
	return conclude_by_path(regs, number, result);
}

/* The calls for which the kernel asks whether the caller may change the other process's priority. */
static __always_inline bool conclude_nice(__s32 number, __u64 one, __u64 two)
{
	switch (number) {
	case NR_SCHED_SETPARAM:
	case NR_SCHED_SETSCHEDULER:
	case NR_SCHED_SETATTR:
	case NR_SCHED_SETAFFINITY:
		conclude_by_number(one, CAP_SYS_NICE);
		return true;
	case NR_SETPRIORITY:
		conclude_priority(one, two);
		return true;
	case NR_IOPRIO_SET:
		conclude_priority(one - IOPRIO_WHO_PROCESS, two);
		return true;
	}
	return false;
}

/*
 * A call in which the capability was asked for tells that by the check: granted is what was. Other tables than the
 * native one are left out: the manual says so.
 */
__noinline int conclude(__u64 granted, __s32 number, long result)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u64 one = SYSCALL_ARG1(regs), two = SYSCALL_ARG2(regs);

	if (!(granted >> CAP_SYS_PTRACE & 1) && conclude_look(regs, number, one, two, result))
		return 1;
	if (!(granted >> CAP_SYS_NICE & 1) && conclude_nice(number, one, two))
		return 1;
	return !!(granted & (1ULL << CAP_SYS_PTRACE | 1ULL << CAP_SYS_NICE));
}

/* The same, but for plain calls, which most are. */
static __always_inline void conclude_unless_plain(struct ca_task *t, __s32 number, long result)
{
	__u32 n = number;

	if (n >= CA_SYSCALLS || (t->plain[n / 64] >> (n & 63) & 1))
		return;
	if (!conclude(t->granted, number, result))
		t->plain[n / 64] |= 1ULL << (n & 63);
}

/*
 * A task wrote the map of a user namespace, and root of the parent is in it. Asked
 * for CAP_SETFCAP is only who writes from outside; who made the namespace, and writes
 * from within, is known to have had it then (6.1 to 7.3: kernel/user_namespace.c,
 * create_user_ns(), parent_could_setfcap). map_write() asks for CAP_SYS_ADMIN each
 * time: no other write has to be looked at.
 */
__noinline int note_root_map(__u32 descriptor)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);
	struct file *file = own_file(descriptor);
	struct seq_file *seq = BPF_CORE_READ(file, private_data);
	struct user_namespace *ns, *parent;
	__u32 root, extents;

	if (!t)
		return 0;
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != PROC_SUPER_MAGIC ||
	    name_of_dentry(BPF_CORE_READ(file, f_path.dentry)) != name_of("uid_map"))
		return 0;
	ns = BPF_CORE_READ(seq, private);
	parent = BPF_CORE_READ(ns, parent);
	if ((__u64)parent != state.user_ns || BPF_CORE_READ(parent, uid_map.extent[0].first))
		return 0;
	root = BPF_CORE_READ(parent, uid_map.extent[0].lower_first);
	extents = BPF_CORE_READ(ns, uid_map.nr_extents);
	if (extents > UID_GID_MAP_MAX_BASE_EXTENTS) { /* the least comes first */
		if (BPF_CORE_READ(ns, uid_map.reverse, lower_first) == root)
			count_unasked(t, CAP_SETFCAP, 0, CA_CONCLUDED);
		return 0;
	}
	for (__u32 i = 0; i < UID_GID_MAP_MAX_BASE_EXTENTS && i < extents; i++)
		if (BPF_CORE_READ(ns, uid_map.extent[i].lower_first) == root) {
			count_unasked(t, CAP_SETFCAP, 0, CA_CONCLUDED);
			break;
		}
	return 0;
}

/* In a write that asked for CAP_SYS_ADMIN, which map_write() does. */
static __always_inline void note_map(const struct ca_task *t, struct pt_regs *regs)
{
	if ((t->granted >> CAP_SYS_ADMIN & 1) && !(t->granted >> CAP_SETFCAP & 1) &&
	    is_write_of_map(t->syscall, t->abi))
		note_root_map(SYSCALL_ARG1(regs));
}

/* The shortest is "some 1 1". */
enum { TRIGGER_LEAST = 8, TRIGGER_SEEN = 32 };

static __always_inline bool is_write(__s32 number, __u8 abi)
{
	return abi == CA_ABI_NATIVE && (number == NR_WRITE || number == NR_PWRITE64);
}

/*
 * Who holds CAP_SYS_RESOURCE when it opens a file of /proc/pressure or a group's may have windows of any length in
 * it, others only multiples of 2 s. kernel/sched/psi.c, psi_trigger_create(), 6.1 to 7.3, looks at the effective
 * set, when "some" or "full" is written, the threshold and the window in microseconds.
 */
__noinline int note_trigger(__u64 written)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	char text[2 * TRIGGER_SEEN] __attribute__((aligned(8))) = {};
	struct ca_task *t = task_of(task);
	struct file *file = own_file(SYSCALL_ARG1(regs));
	unsigned long magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);
	unsigned long threshold, window;
	__u32 head;
	long end;

	if (!t)
		return 0;
	if (magic == PROC_SUPER_MAGIC)
		written--; /* psi_write() puts a NUL in the place of the last byte */
	else if (magic != CGROUP2_SUPER_MAGIC)
		return 0;
	if (bpf_probe_read_user(text, written & (TRIGGER_SEEN - 1), (const void *)SYSCALL_ARG2(regs)))
		return 0;
	head = *(__u32 *)text;
	if (head != (__u32)name_of("some") && head != (__u32)name_of("full"))
		return 0;
	end = bpf_strtoul(text + sizeof(head), TRIGGER_SEEN - sizeof(head), 10, &threshold);
	if (end <= 0)
		return 0;
	end &= TRIGGER_SEEN - 1;
	if (bpf_strtoul(text + sizeof(head) + end, TRIGGER_SEEN - sizeof(head), 10, &window) > 0 && window % 2000000)
		count_unasked(t, CAP_SYS_RESOURCE, 0, CA_CONCLUDED);
	return 0;
}

/* Of two programs at the end of a system call the second concludes only where the first was not run, or all
 * were counted twice. */
static __always_inline void on_success(struct ca_task *t, struct pt_regs *regs, __s32 number, __u8 abi, long result,
				       bool is_twin)
{
	if (is_twin && (t->flags & CA_TASK_LOOKED_AT)) {
		t->flags &= ~CA_TASK_LOOKED_AT;
		return;
	}
	note_map(t, regs);
	if (result >= TRIGGER_LEAST && result < TRIGGER_SEEN && is_write(number, abi))
		note_trigger(result);
	if (concludes && abi == CA_ABI_NATIVE)
		conclude_unless_plain(t, number, result);
	if (preemptible && !is_twin)
		t->flags |= CA_TASK_LOOKED_AT;
}
