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
#define WAITS(word)                                                                                          \
	(NUMBERED(word, NR_ACCEPT) | NUMBERED(word, NR_ACCEPT4) | NUMBERED(word, NR_EPOLL_WAIT) |            \
	 NUMBERED(word, NR_EPOLL_PWAIT) | NUMBERED(word, NR_EPOLL_PWAIT2) | NUMBERED(word, NR_POLL) |        \
	 NUMBERED(word, NR_PPOLL) | NUMBERED(word, NR_SELECT) | NUMBERED(word, NR_PSELECT6) |                \
	 NUMBERED(word, NR_IO_URING_ENTER) | NUMBERED(word, NR_PAUSE) | NUMBERED(word, NR_RT_SIGSUSPEND) |   \
	 NUMBERED(word, NR_RT_SIGTIMEDWAIT))

static const __u64 waits[] = NUMBERS(WAITS);

static __always_inline bool is_wait(__s32 number, __u32 abi)
{
	return abi == CA_ABI_NATIVE && is_among(waits, number);
}

static __always_inline void begin_serving(struct ca_group *group, __u64 since, __s32 number, __u32 abi)
{
	if (__sync_val_compare_and_swap(&group->serving, 0, since))
		return;
	group->serving_syscall = number;
	group->serving_abi = abi;
}

/* Says whether the program begins to serve when this task first waits. */
static __always_inline bool may_serve(const struct ca_task *t)
{
	const struct ca_group *group = group_of(t);

	return !sampled && !group->serving && ((t->flags & CA_TASK_FIRST) || group->first_ended);
}

/*
 * A task is in a call, or has been, or has computed without one, since the call before ended. sys_enter is not
 * attached, so the wait began then or later: nothing was asked in between. Whatever takes longer than a second
 * is a wait as well, such as read(2) of a pipe: too early a beginning claims less.
 */
static __always_inline void look_at_wait(const struct ca_task *t, __u64 now, __s32 number, __u32 abi)
{
	if (is_wait(number, abi))
		begin_serving(group_of(t), t->call_ended, number, abi);
	else if (long_wait && now - t->call_ended > long_wait)
		begin_serving(group_of(t), t->call_ended, -1, CA_ABI_NATIVE);
}

/* Every system call comes by here. */
static __always_inline void note_wait(struct ca_task *t, __s32 number, __u32 abi)
{
	__u64 now;

	if (!may_serve(t))
		return;
	now = bpf_jiffies64();
	look_at_wait(t, now, number, abi);
	t->call_ended = now;
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
