/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When capabilities were used, and when the program began to serve: until then it can hold what it needs to
 * get ready, and give that up. It serves from the first wait of the first process on, or, once that has ended,
 * of whoever is left of the tree; from the first drop on if that comes before.
 *
 * The clock is jiffies: to read them is one load, since the verifier puts that in the place of the helper
 * (kernel/bpf/verifier.c, 6.1 to 6.18; bpf_ktime_get_coarse_ns() is not for tracing). They stand still while the
 * machine is suspended.
 */

/*
 * Calls in which a program waits for what it is to do. To poll and not to wait counts, too: a busy server may
 * never have to wait.
 */
static __always_inline bool is_wait(__s32 number, __u32 abi)
{
	if (abi != CA_ABI_NATIVE)
		return false;
	switch (number) {
	case NR_ACCEPT:
	case NR_ACCEPT4:
	case NR_EPOLL_WAIT:
	case NR_EPOLL_PWAIT:
	case NR_EPOLL_PWAIT2:
	case NR_POLL:
	case NR_PPOLL:
	case NR_SELECT:
	case NR_PSELECT6:
	case NR_IO_URING_ENTER:
	case NR_PAUSE:
	case NR_RT_SIGSUSPEND:
	case NR_RT_SIGTIMEDWAIT:
		return true;
	}
	return false;
}

static __always_inline void begin_serving(struct ca_group *group, __u64 since, __s32 number, __u32 abi)
{
	if (__sync_val_compare_and_swap(&group->serving, 0, since))
		return;
	group->serving_syscall = number;
	group->serving_abi = abi;
}

/*
 * A task is in a call, or has been, or has computed without one, since the call before ended. sys_enter is not
 * attached, so the wait began then or later: nothing was asked in between. Whatever takes longer than a second
 * is a wait as well, such as read(2) of a pipe: too early a beginning claims less. Global: see argument().
 */
__noinline int look_at_wait(__u32 group, __u64 since, __s32 number, __u32 abi)
{
	if (is_wait(number, abi))
		begin_serving(group_at(group), since, number, abi);
	else if (long_wait && bpf_jiffies64() - since > long_wait)
		begin_serving(group_at(group), since, -1, CA_ABI_NATIVE);
	return 0;
}

/* Says whether the program begins to serve when this task first waits. */
static __always_inline bool may_serve(const struct ca_task *t)
{
	const struct ca_group *group = group_of(t);

	return !sampled && !group->serving && ((t->flags & CA_TASK_FIRST) || group->first_ended);
}

/* Every system call comes by here. */
static __always_inline void note_wait(struct ca_task *t, __s32 number, __u32 abi)
{
	if (!may_serve(t))
		return;
	look_at_wait(t->group, t->call_ended, number, abi);
	t->call_ended = bpf_jiffies64();
}

/*
 * When a check is made. What comes when a wait has been seen does not belong to the jiffy in which that began: there
 * it could not be told from what came before.
 */
static __always_inline __u64 time_of_check(const struct ca_task *t)
{
	__u64 now = bpf_jiffies64(), serving = group_of(t)->serving;

	return now > serving ? now : serving + 1;
}

static __always_inline void note_last_time(__u64 *last, __u64 now)
{
	if (*last < now)
		*last = now;
}
