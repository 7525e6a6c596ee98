/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the tree is followed: forks, workers that the kernel makes, execs. */

/* Where there is a later chance, nothing is lost yet. */
static __always_inline __u64 *unless_preemptible(__u64 *loss)
{
	return preemptible ? 0 : loss;
}

/* A child is traced from before its first instruction. This may be called several times for it. */
static __always_inline int on_new_task(struct task_struct *parent, struct task_struct *child, __u64 *loss)
{
	struct ca_task *p = own_task(parent, loss);
	bool thread = child->tgid == parent->tgid;
	__u32 flags = recording(child), program;

	if (!p || !(p->flags & (CA_TASK_RECORDING | CA_TASK_ENTERING))) {
		/* clone3() with CLONE_INTO_CGROUP; else the parent were in the group, and known */
		if (by_group && BPF_CORE_READ(child, cgroups) != BPF_CORE_READ(parent, cgroups) && is_member(child))
			enter(child, loss);
		return 0;
	}
	if (p->flags & CA_TASK_ENTERING) {
		take_in(child, CA_TASK_ENTERING, 0, p->session, loss);
		return 0;
	}
	if (thread)
		flags |= p->flags & CA_TASK_FIRST;
	program = program_of_child(p, parent, child);
	if (!take_in(child, flags, program, p->session, loss))
		return 0;
	add(&group_at(group_of_program(program))->tasks);
	if (!thread)
		add_process(program);
	if (program == p->program)
		stay_in_group(p, child);
	return 0;
}

/* kernel/trace/bpf_trace.c, 6.13 */
extern int bpf_send_signal_task(struct task_struct *task, int sig, enum pid_type type, __u64 value) __ksym __weak;

/* Where nothing waits at the end of system calls: see kill_doomed(). */
static __always_inline void kill_doomed_child(struct task_struct *child)
{
	if (sampled && bpf_ksym_exists(bpf_send_signal_task) && task_of(child) && is_doomed(child))
		bpf_send_signal_task(child, SIGKILL, PIDTYPE_TGID, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	on_new_task(parent, child, unless_preemptible(&state.lost_tasks));
	kill_doomed_child(child);
	return 0;
}

/* Workers of io_uring and vhost are made by copy_process() alone: no fork tracepoint tells of them. */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child)
{
	if (!(recording(child) & CA_TASK_IO_WORKER))
		return 0;
	return on_new_task(bpf_get_current_task_btf(), child, unless_preemptible(&state.lost_tasks));
}

/*
 * A BPF program is not run while it is running already on that CPU. Since 7.0
 * tracepoints can be preempted, and then the program is not run for a task that
 * comes in between. But this one is hit with the run queue locked, and so with
 * preemption off, for every new task (kernel/sched/core.c, wake_up_new_task()).
 * Not for older kernels: up to 6.3 task storage is allocated in a way that can
 * wake kswapd, for which the run queue would be locked once more.
 */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *child)
{
	return on_new_task(bpf_get_current_task_btf(), child, &state.lost_tasks);
}

static __always_inline int on_exec_done(struct task_struct *task, struct linux_binprm *bprm)
{
	struct ca_task *t = own_task(task, unless_preemptible(&state.lost_tasks));

	if (!t || t->exec_id == exec_id_of(task))
		return 0;
	t->exec_id = exec_id_of(task);
	if (t->flags & CA_TASK_ARMED) {
		t->flags = CA_TASK_RECORDING | CA_TASK_FIRST;
		state.user_ns = (__u64)BPF_CORE_READ(task, cred, user_ns);
		state.pid_level = BPF_CORE_READ(task, thread_pid, level);
		note_root(task);
		state.whole.first_pid = pid_seen_by_auditor(task);
		state.whole.tasks = 1;
		state.whole.started = bpf_jiffies64();
		t->session = session_of(task);
	} else if (t->flags & CA_TASK_ENTERING) {
		if (t->flags & CA_TASK_ROOT) {
			t->flags = CA_TASK_ROOT; /* it has arrived before it is adopted */
			return 0;
		}
		if (!has_arrived(task, bprm))
			return 0;
		t->flags = CA_TASK_RECORDING | CA_TASK_FIRST;
		follow_group(t);
		count_task(group_of(t), task);
		t->session = session_of(task);
	} else {
		note_exec(t, task, bprm);
	}
	if (t->session != session_of(task))
		add(&group_of(t)->sessions);
	t->flags = (t->flags & ~CA_TASK_COMPAT) | compat_flag(task);
	t->program = program_of(bprm, t);
	forget_calls(t);
	forget_noted(t);
	t->call_ended = bpf_jiffies64();
	t->refused.capabilities = 0; /* whatever it was, the program went on to the next */
	note_user(t->program, task);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec_done(task, bprm);
}

/*
 * Attached beside the first where that can be preempted: what one misses, the
 * other sees. What both miss shows when the system call ends.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_twin, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec_done(task, bprm);
}

static __always_inline void note_unseen_exec(struct ca_task *t, struct task_struct *task, long result)
{
	__u32 id = exec_id_of(task);

	if (!t->exec_id) {
		t->exec_id = id;
	} else if (t->exec_id != id && result >= 0) { /* fs/exec.c: one that fails so late kills the task */
		t->exec_id = id;
		add(t->flags & CA_TASK_RECORDING ? &state.lost_programs : &state.lost_tasks);
	}
}

/* A wait that has not ended yet. Of a task that computes the registers have the call before, which is known. */
static __always_inline void note_waiting(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct ca_task *t = task_of(task);
	__s32 number;
	__u8 abi;

	if (!t || !may_serve(t))
		return;
	number = syscall_in(regs, task, t, &abi);
	look_at_wait(t, bpf_jiffies64(), number, abi);
}

/* The program of a task of the tree. */
static __always_inline __u32 program_running(struct task_struct *task)
{
	struct ca_task *t = task_of(task);
	struct ca_newborn *newborn = t ? 0 : newborn_of(task);

	return t ? t->program : newborn ? newborn->program : 0;
}

/* Writes of every traced task, threads included, whose end its parent has not been told of: user space reads
 * it as a file. */
SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ca_living living = {};
	__u32 flags;

	state.listed = bpf_jiffies64();
	state.listed_at = bpf_ktime_get_ns();
	if (!task || task->exit_state) /* kernel/exit.c, exit_notify() */
		return 0;
	flags = flags_of(task);
	if (!(flags & CA_TASK_RECORDING) || (flags & CA_TASK_IO_WORKER))
		return 0;
	note_waiting(task);
	living.pid = pid_seen_by_auditor(task);
	living.exiting = !!(task->flags & PF_EXITING);
	living.program = program_running(task);
	living.group = group_of_task(task);
	bpf_seq_write(ctx->meta->seq, &living, sizeof(living));
	return 0;
}
