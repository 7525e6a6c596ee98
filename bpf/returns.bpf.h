/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a system call with a check in it ends, without a program at the end of every
 * system call of every process: `sampled`. A call is chosen when it makes a check,
 * and the task then runs a callback on its way out of the kernel, once: task work
 * (kernel/bpf/helpers.c, bpf_task_work_schedule(), 6.18). That costs as much as a
 * dozen counts, so that not every call can be chosen.
 *
 * An interrupt that the CPU sends to itself hands the work over
 * (bpf_task_work_irq()): it comes before the task is out of the kernel. With
 * CONFIG_PREEMPT_RT a thread does that, which may come too late, and the tracer
 * does not offer it there.
 */

typedef int (*task_work_callback)(struct bpf_map *map, void *key, void *value);

/*
 * 6.18 has it with a last argument, which is to be 0. 7.3 has it without; what ends in _impl cannot be called there
 * (tools/bpf/resolve_btfids/main.c), and is not found, since its last argument is of another type.
 */
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work, void *map,
					      task_work_callback callback, void *aux) __ksym __weak;
extern int bpf_task_work_schedule_resume(struct task_struct *task, struct bpf_task_work *work, void *map,
					 task_work_callback callback) __ksym __weak;

enum {
	FOLLOWED_FIRST = 64,	/* of each call site: all of these, */
	FOLLOWED_SPREAD = 16,	/* then of n so many times ln(n / 64), */
	FOLLOWED_RAREST = 4096,	/* and of very many one in so many */
	RETURN_TRIES = 8,
};

static int on_return(struct bpf_map *map, void *key, void *value);

static __always_inline int schedule(struct task_struct *task, struct ca_return *place)
{
	if (bpf_ksym_exists(bpf_task_work_schedule_resume))
		return bpf_task_work_schedule_resume(task, &place->work, &returns, on_return);
	if (bpf_ksym_exists(bpf_task_work_schedule_resume_impl))
		return bpf_task_work_schedule_resume_impl(task, &place->work, &returns, on_return, 0);
	return -ENOSYS;
}

/*
 * Has the current task run the callback. A place that another task waits in is
 * refused (EBUSY). Global, so that the callback is looked at once: see argument().
 */
__noinline int await_return(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!sampled)
		return 0;
	for (__u32 i = 0; i < RETURN_TRIES; i++) {
		__u32 key = (task->pid + i) % CA_RETURNS;
		struct ca_return *place = bpf_map_lookup_elem(&returns, &key);

		if (place && !schedule(task, place))
			return 1;
	}
	return 0;
}

/* Says whether the end of the system call under way will be seen. */
static __always_inline bool follow(struct ca_task *t)
{
	if (!sampled || (t->flags & CA_TASK_FOLLOWED))
		return true;
	if (!await_return()) {
		add(&state.lost_outcomes);
		return false;
	}
	t->flags |= CA_TASK_FOLLOWED;
	return true;
}

/* cap_capset() begins with a check for CAP_SETPCAP, granted or not. */
static __always_inline bool is_capset(const struct ca_check *check)
{
	return check->capability == CAP_SETPCAP &&
	       ((check->abi == CA_ABI_NATIVE && check->syscall == NR_CAPSET) ||
		(check->abi == CA_ABI_COMPAT && check->syscall == NR_CAPSET_COMPAT));
}

/* The calls by which a map of a user namespace can be written: see note_root_map(). */
static __always_inline bool is_write_of_map(__s32 number, __u32 abi)
{
	return abi == CA_ABI_NATIVE && (number == NR_WRITE || number == NR_PWRITE64 || number == NR_WRITEV);
}

/* After a check that was chosen, the nth of its call site, the next one: by chance, as what a program does can have a
 * rhythm. To draw for each check takes longer than to compare. */
static __always_inline __u64 next_followed(__u64 nth)
{
	__u64 apart = nth / FOLLOWED_SPREAD;

	if (nth < FOLLOWED_FIRST)
		return nth + 1;
	if (apart > FOLLOWED_RAREST)
		apart = FOLLOWED_RAREST;
	return nth + 1 + bpf_get_prandom_u32() % (2 * apart);
}

/*
 * Says whether a check is in a call that is to be followed: it is one of the sample, or what the call changes has to
 * be known of each, as of a capset, and of what a map of a user namespace gives: see note_root_map(). io_uring_enter()
 * runs task work before it ends (6.18, io_uring/io_uring.h, io_run_task_work()).
 */
static __always_inline bool is_chosen(const struct ca_check *check, bool in_sample)
{
	if (check->syscall == NR_IO_URING_ENTER)
		return false;
	return in_sample || is_capset(check) ||
	       (check->capability == CAP_SYS_ADMIN && is_write_of_map(check->syscall, check->abi));
}
