/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process was refused shortly before its end. Each thread keeps the last system call in which a check
 * was refused, and counts the calls after it. Whoever gives up only tells of that and tidies up: such calls
 * are not counted, and of the others it makes few (http.server of Python, which looks up the lines of its
 * source, makes 85 after bind(); node 28; perl, which resets all signals, none). Who goes on makes many.
 * User space says how many are too many.
 */

enum { CALLS_KEPT = 1 << 20 };	/* counted up to here */

/*
 * Calls in which a program tells of a failure and tidies up, as often as it has lines or files. Global, as
 * note_refused() is: see argument().
 */
__noinline int tidies_up(__s32 number, __u32 abi)
{
	if (abi != CA_ABI_NATIVE)
		return 0;
	switch (number) {
	case NR_WRITE:
	case NR_WRITEV:
	case NR_CLOSE:
	case NR_MUNMAP:
	case NR_RT_SIGACTION:
	case NR_RT_SIGPROCMASK:
		return 1;
	}
	return 0;
}

static __always_inline bool failed_for_permission(long result)
{
	return result == -EPERM || result == -EACCES;
}

/*
 * A call with refused checks in it has ended. One that went on all the same does not take the place of one that
 * failed.
 */
__noinline int note_refused(struct ca_refused *last, __u64 capabilities, long result, __s32 number, __u32 abi)
{
	if (!last || (!failed_for_permission(result) && last->capabilities && !last->status &&
		      last->calls < CA_LAST_CALLS && failed_for_permission(last->result)))
		return 0;
	last->capabilities = capabilities;
	last->time = bpf_jiffies64();
	last->result = result;
	last->syscall = number;
	last->abi = abi;
	last->calls = 0;
	last->status = 0;
	return 0;
}

/* Every system call comes by here. */
static __always_inline void count_after_refused(struct ca_task *t, __s32 number, __u32 abi)
{
	if (t->refused.capabilities && t->refused.calls < CALLS_KEPT && !tidies_up(number, abi))
		t->refused.calls++;
}

/* Says of a process that was recorded from its start, or of whose adoption the audit is about, how it ended. */
static __always_inline void keep_end(const struct ca_task *t, struct task_struct *task, __u32 status)
{
	struct ca_end end = {}, *last;
	__u32 key = t->group;

	end.pid = pid_seen_by_auditor(task);
	end.status = status;
	end.time = bpf_jiffies64();
	end.refused = t->refused;
	last = bpf_map_lookup_elem(&ends, &key);
	if (last && last->pid == end.pid && last->refused.time > end.refused.time)
		return; /* another thread was refused something later */
	bpf_map_update_elem(&ends, &key, &end, BPF_ANY);
}

/*
 * The parent of the current task learns of it: it may end as its child did, as shells do. Which of its threads waits is
 * not known; most often it is the one that made the child. Global, so that the verifier comes by the load of a pointer
 * once: see real_cred_of().
 */
__noinline int hand_to_parent(const struct ca_task *t, __u32 status)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *parent = task_of(task->real_parent);

	if (!t || !parent || !(parent->flags & CA_TASK_RECORDING))
		return 0;
	parent->refused = t->refused;
	parent->refused.calls = 0;
	parent->refused.status = status;
	return 0;
}

/*
 * kernel/exit.c, do_exit(): the status is there by now (6.1 to 7.3). A thread has that of its process if it ends
 * with it.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct ca_task *t = task_of(task);
	__u32 status = task->exit_code;

	if (!t && state.waiting)
		t = claim(task, 0); /* as long as anybody waits, others pay for a look */
	if (t && stacks_at_end)
		lose_stacks_due(t);
	if (t && (t->flags & CA_TASK_FIRST) && task->pid == task->tgid)
		group_of(t)->first_ended = 1;
	if (!t || !status || !(t->flags & CA_TASK_RECORDING) || !t->refused.capabilities)
		return 0;
	if (t->refused.calls >= CA_LAST_CALLS)
		return 0;
	if (t->flags & CA_TASK_FIRST)
		keep_end(t, task, status);
	else
		hand_to_parent(t, status);
	return 0;
}
