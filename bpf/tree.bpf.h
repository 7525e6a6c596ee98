/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the tree is followed: forks, workers that the kernel makes, execs. */

/* A child is traced from before its first instruction. */
static __always_inline int on_new_task(struct task_struct *parent, struct task_struct *child, __u32 extra_flags)
{
	struct ca_task *p = task_of(parent), *c;

	if (!p || !(p->flags & (CA_TASK_RECORDING | CA_TASK_ENTERING))) {
		/* clone3() with CLONE_INTO_CGROUP; else the parent were in the group, and known */
		if (by_group && BPF_CORE_READ(child, cgroups) != BPF_CORE_READ(parent, cgroups) && is_member(child))
			enter(child);
		return 0;
	}
	c = bpf_task_storage_get(&tasks, child, (void *)&no_task, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!c) {
		add(&state.lost_tasks);
		return 0;
	}
	if (c->flags) /* the first of the twins was here */
		return 0;
	if (p->flags & CA_TASK_ENTERING) {
		c->flags = CA_TASK_ENTERING;
		return 0;
	}
	c->flags = CA_TASK_RECORDING | extra_flags;
	c->program = p->program;
	add(&state.tasks);
	if (child->tgid == parent->tgid)
		c->flags |= p->flags & CA_TASK_FIRST;
	else
		add_process(c->program);
	return 0;
}

/*
 * A BPF program does not run while it is running already on that CPU. Since
 * 7.0 tracepoints can be preempted, so a task that comes in between would be
 * missed: there, each of these programs is attached twice, and the second does
 * what the first could not.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_new_task(parent, child, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork_twin, struct task_struct *parent, struct task_struct *child)
{
	return on_new_task(parent, child, 0);
}

/* Workers of io_uring and vhost are made by copy_process() alone: no fork tracepoint tells of them. */
static __always_inline int on_new_worker(struct task_struct *child)
{
	if (!(child->flags & (PF_IO_WORKER | PF_USER_WORKER)))
		return 0;
	return on_new_task(bpf_get_current_task_btf(), child, CA_TASK_IO_WORKER);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child)
{
	return on_new_worker(child);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask_twin, struct task_struct *child)
{
	return on_new_worker(child);
}

static __always_inline int on_exec_done(struct task_struct *task, struct linux_binprm *bprm)
{
	struct ca_task *t = task_of(task);

	if (!t || t->exec_id == task->self_exec_id + 1)
		return 0;
	t->exec_id = task->self_exec_id + 1; /* 0 is a task that has not execed */
	if (t->flags & CA_TASK_ARMED) {
		t->flags = CA_TASK_RECORDING | CA_TASK_FIRST;
		state.user_ns = (__u64)BPF_CORE_READ(task, cred, user_ns);
		state.pid_level = BPF_CORE_READ(task, thread_pid, level);
		state.first_pid = pid_seen_by_auditor(task);
		state.tasks = 1;
	} else if (t->flags & CA_TASK_ENTERING) {
		if (!has_arrived(task, bprm))
			return 0;
		t->flags = CA_TASK_RECORDING | CA_TASK_FIRST;
		if (!state.first_pid)
			state.first_pid = pid_seen_by_auditor(task);
		add(&state.tasks);
	}
	t->program = program_of(bprm, t->program);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec_done(task, bprm);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_twin, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec_done(task, bprm);
}

/* Writes the process id of every traced task that lives, threads included: user space reads it as a file. */
SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ca_task *t;
	__s32 pid;

	if (!task || (task->flags & PF_EXITING))
		return 0;
	t = task_of(task);
	if (!t || !(t->flags & CA_TASK_RECORDING) || (t->flags & CA_TASK_IO_WORKER))
		return 0;
	pid = pid_seen_by_auditor(task);
	bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
	return 0;
}
