/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Audits of what runs already: tasks are adopted instead of being born into the tree.
 */

/* kernel/pid.c, task_active_pid_ns(): that of the innermost number. */
static __always_inline __u64 pid_ns_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	__u64 ns = 0;

	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      (__u64)level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	return ns;
}

/* Index of the program that a task runs: known by its file, until user space has looked the path up. */
static __noinline __u32 program_of_running(struct task_struct *task, __u32 group)
{
	struct ca_program_key key = {};

	identify(&key.file, BPF_CORE_READ(task, mm, exe_file, f_inode));
	key.group = group;
	return index_of(&key, 0, task);
}

/* The flags of a task from when it is recorded. */
static __always_inline __u32 recording(struct task_struct *task)
{
	return CA_TASK_RECORDING | compat_flag(task) |
	       (task->flags & (PF_IO_WORKER | PF_USER_WORKER) ? CA_TASK_IO_WORKER : 0);
}

/* A task came into the watched group, by clone3() or because somebody moved it. */
static __always_inline void enter(struct task_struct *task, __u64 *loss)
{
	__u32 program;

	if (flags_of(task))
		return; /* known */
	if (enter_at_exec) {
		take_in(task, CA_TASK_ENTERING, 0, session_of(task), loss);
		return;
	}
	program = program_of_running(task, group_of_task(task));
	if (take_in(task, recording(task), program, session_of(task), loss))
		count_running(task, program);
}

/*
 * Says whether a container's engine executes itself once more: runc does so in the container's group, from a copy in
 * memory, or from its own file that it opened before (libcontainer/nsenter/cloned_binary.c). fs/exec.c, alloc_bprm(),
 * names what is executed by descriptor.
 */
static __always_inline bool is_engine_again(struct task_struct *task, struct linux_binprm *bprm, struct inode *inode)
{
	const __u64 proc = 0x2f636f72702f, dev_fd = 0x2f64662f7665642f; /* "/proc/" and "/dev/fd/" as numbers */
	__u64 name = 0;

	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(bprm, filename));
	if ((name & 0xffffffffffff) != proc && name != dev_fd)
		return false;
	return !BPF_CORE_READ(inode, i_nlink) || inode == BPF_CORE_READ(task, real_parent, mm, exe_file, f_inode);
}

/* Says whether who entered has become what it was meant to be. */
static __always_inline bool has_arrived(struct task_struct *task, struct linux_binprm *bprm)
{
	struct inode *inode = BPF_CORE_READ(bprm, file, f_inode);

	if ((inside_only && pid_ns_of(task) != state.pid_ns) || is_engine_again(task, bprm, inode))
		return false;
	return !executor_inode || BPF_CORE_READ(inode, i_ino) != executor_inode ||
	       BPF_CORE_READ(inode, i_sb, s_dev) != executor_device;
}

/* Begins with a task that ran before: one that is still on its way is recorded from its exec on. */
static __always_inline void begin_with(struct ca_task *t, struct task_struct *task, __u32 flags)
{
	bool known = fetch(task);

	t->exec_id = exec_id_of(task);
	t->session = by_group ? session_of(task) : state.session;
	t->flags = flags | CA_TASK_UNTOLD | (flags & CA_TASK_ENTERING ? 0 : recording(task));
	if (flags & CA_TASK_ENTERING)
		return;
	t->program = program_of_running(task, group_of_task(task));
	t->group = group_of_program(t->program);
	t->call_ended = bpf_jiffies64();
	if (!known)
		count_running(task, t->program);
}

/*
 * Adopts a task: tells user space of it, or that it could not be done. The
 * kernel calls again for the same task when the reader's buffer was full
 * (kernel/bpf/bpf_iter.c, bpf_seq_read()), hence CA_TASK_UNTOLD.
 */
static __always_inline void adopt(struct bpf_iter__task *ctx, struct task_struct *task, __u32 flags)
{
	struct ca_task *t = give_storage(task);
	struct ca_adopted told = {};

	if (t && (!t->flags || (t->flags & CA_TASK_ROOT))) {
		if (t->flags & CA_TASK_ROOT) {
			flags |= CA_TASK_FIRST;
			state.user_ns = (__u64)BPF_CORE_READ(task, cred, user_ns);
			state.pid_ns = pid_ns_of(task);
			state.whole.first_pid = pid_seen_by_auditor(task);
			state.session = session_of(task);
		}
		begin_with(t, task, flags);
	}
	if (t && !(t->flags & CA_TASK_UNTOLD))
		return;
	told.pid = pid_seen_by_auditor(task);
	told.failed = !t;
	if (bpf_seq_write(ctx->meta->seq, &told, sizeof(told)) == 0 && t)
		t->flags &= ~CA_TASK_UNTOLD;
}

/*
 * The reader is the auditor, which leaves itself out. Pids are counted as it
 * does, and namespaces are seen from its own unless there is a root.
 */
static __always_inline bool may_adopt(struct task_struct *task)
{
	struct task_struct *auditor = bpf_get_current_task_btf();

	state.pid_level = BPF_CORE_READ(auditor, thread_pid, level);
	note_root(auditor);
	if (!state.user_ns)
		state.user_ns = (__u64)BPF_CORE_READ(auditor, cred, user_ns);
	return task && !(task->flags & (PF_EXITING | PF_KTHREAD)) && task->tgid != auditor->tgid;
}

/* One pass over all tasks: adopts the root, its threads, and children of who was adopted before. */
SEC("iter/task")
int adopt_tree(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ca_task *t;
	__u32 leader;

	if (!may_adopt(task))
		return 0;
	t = task_of(task);
	if (t && !(t->flags & (CA_TASK_ROOT | CA_TASK_UNTOLD)))
		return 0;
	leader = flags_of(task->group_leader);
	if (t || (leader & (CA_TASK_RECORDING | CA_TASK_ENTERING)) ||
	    (flags_of(task->real_parent) & CA_TASK_RECORDING))
		adopt(ctx, task, leader & (CA_TASK_FIRST | CA_TASK_ENTERING));
	return 0;
}

/* One pass over all tasks: adopts those of the group. */
SEC("iter/task")
int adopt_group(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 leader;

	if (!may_adopt(task) || !is_member(task))
		return 0;
	leader = flags_of(task->group_leader);
	adopt(ctx, task, leader & (CA_TASK_FIRST | CA_TASK_ENTERING));
	return 0;
}

/* The group is made (again). kernel/cgroup/cgroup.c, cgroup_mkdir(): nobody can be in it yet. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_group_made, struct cgroup *group, const char *path)
{
	char made[CA_PATH] = {};

	/* of the v2 hierarchy, where v1 ones are mounted, too */
	if (BPF_CORE_READ(group, root) != BPF_CORE_READ(bpf_get_current_task_btf(), cgroups, dfl_cgrp, root))
		return 0;
	bpf_probe_read_kernel_str(made, sizeof(made), path);
	for (int i = 0; i < CA_PATH; i++) {
		if (made[i] != group_path[i])
			return 0;
		if (!made[i])
			break;
	}
	state.group = BPF_CORE_READ(group, kn, id);
	return 0;
}

/* kernel/cgroup/cgroup.c, cgroup_attach_task(): called once for a process, after all of it has been moved. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_moved, struct cgroup *group, const char *path, struct task_struct *task, bool threadgroup)
{
	if (!is_member(task))
		return 0;
	enter(task, &state.lost_tasks);
	/* one that has yet to exec will have a single thread then */
	if (!enter_at_exec && threadgroup && BPF_CORE_READ(task, signal, nr_threads) > 1)
		add(&state.rescans);
	return 0;
}
