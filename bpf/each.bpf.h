/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups: the one that is watched and, with --each, those below it that have a report of their own.
 *
 * All that is counted bears the index of a group: 0 without --each. A task's is found anew when it acts in
 * another control group than before, so that whatever moves it needs no hook. A group is known by its name:
 * made anew it is the same.
 */

enum { WATCHED = 1 };	/* index of the watched group, for what is directly in it; then come those below it */

/* What is read of a group on the way up, by functions that the verifier looks at once: see argument(). */
__noinline __u64 id_of_group(__u64 address)
{
	return BPF_CORE_READ((const struct cgroup *)address, kn, id);
}

__noinline __u64 group_above(__u64 address)
{
	return (__u64)BPF_CORE_READ((const struct cgroup *)address, self.parent, cgroup);
}

/* Says whether a control group is the watched one or lies below it. */
__noinline int in_group(__u64 address)
{
	__u64 watched = state.group ? state.group : group_id;

	for (int i = 0; i < CA_GROUP_DEPTH && address && watched; i++) {
		if (id_of_group(address) == watched) {
			if (each_depth)
				state.group_level = BPF_CORE_READ((const struct cgroup *)address, level);
			return 1;
		}
		address = group_above(address);
	}
	return 0;
}

static __always_inline __u64 control_group_of(struct task_struct *task)
{
	return (__u64)BPF_CORE_READ(task, cgroups, dfl_cgrp);
}

static __always_inline int is_member(struct task_struct *task)
{
	return in_group(control_group_of(task));
}

/* The control group at some level that is this one or above it; 0 for none. Each is a level below the one above it. */
__noinline __u64 group_at_level(__u64 address, __s64 level)
{
	__s64 above = BPF_CORE_READ((const struct cgroup *)address, level) - level;

	if (above < 0)
		return 0;
	for (int i = 0; i < CA_GROUP_DEPTH && above; i++, above--)
		address = group_above(address);
	return above ? 0 : address;
}

/* An index for a group that has not been seen; 0 if there are too many: then it is as if its tasks were not followed. */
static __always_inline __u32 new_group(struct ca_group_key *key)
{
	__u32 index = state.groups < CA_GROUPS - WATCHED - 1 ? __sync_fetch_and_add(&state.groups, 1) + WATCHED + 1 : 0;
	__u32 *first;

	if (!index || index >= CA_GROUPS)
		return 0;
	if (bpf_map_update_elem(&group_index, key, &index, BPF_NOEXIST) == 0)
		return index;
	first = bpf_map_lookup_elem(&group_index, key); /* another CPU's */
	return first ? *first : 0;
}

/* The index of a control group that is in one with that index. */
static __always_inline __u32 index_in(__u32 above, const struct cgroup *group)
{
	struct ca_group_key key = { .above = above };
	__u32 *known;

	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(group, kn, name));
	known = bpf_map_lookup_elem(&group_index, &key);
	return known ? *known : new_group(&key);
}

/* The index of the group that reports on a control group, which is in the watched one. */
__noinline __u32 index_of_group(__u64 address)
{
	__u32 index = WATCHED;

	for (__u32 i = 1; i <= CA_EACH_DEPTH && i <= each_depth && index; i++) {
		__u64 group = group_at_level(address, state.group_level + i);

		if (!group)
			return index;
		index = index_in(index, (const struct cgroup *)group);
	}
	if (!index)
		add(&state.lost_tasks);
	return index;
}

/* The index of a task's group; 0 outside of the watched one. */
static __always_inline __u32 group_of_task(struct task_struct *task)
{
	return each_depth && is_member(task) ? index_of_group(control_group_of(task)) : 0;
}

/* Counts a task of a group. */
static __always_inline void count_task(struct ca_group *group, struct task_struct *task)
{
	if (!group->first_pid)
		group->first_pid = pid_seen_by_auditor(task);
	if (!group->started)
		group->started = bpf_jiffies64();
	add(&group->tasks);
}

/* Counts a task that ran already when it was taken in. */
static __always_inline void count_running(struct task_struct *task, __u32 program)
{
	if (task->pid == task->tgid) {
		add_process(program);
		note_user(program, task);
	}
	count_task(group_at(group_of_program(program)), task);
}

/* The row that the program of a task has in a group. */
static __always_inline __u32 program_in(__u32 program, __u32 group, struct task_struct *task)
{
	struct ca_program *row = bpf_map_lookup_elem(&programs, &program);
	struct ca_program_key key = {};
	struct ca_program *new;
	__u32 index;

	if (!row)
		return 0;
	if (row->group == group)
		return program;
	key.file = row->file;
	key.group = group;
	if (!row->ran)
		__builtin_memcpy(key.path, row->path, sizeof(key.path));
	index = index_of(&key, 0, row->ran ? task : 0);
	new = bpf_map_lookup_elem(&programs, &index);
	if (new && index)
		new->mode |= row->mode;
	return index;
}

/* What the current task does from now on is that group's. */
__noinline int change_group(struct ca_task *t, __u32 group)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!t)
		return 0;
	t->group = group;
	forget_calls(t);
	forget_noted(t);
	if (t->program) {
		t->program = program_in(t->program, group, task);
		count_running(task, t->program);
	}
	return 0;
}

/*
 * Has what the current task does be its control group's. The helpers take no more than a few loads
 * (kernel/bpf/helpers.c, 5.15 to 7.3). Called one after the other, the functions share the stack.
 */
static __always_inline void follow_group(struct ca_task *t)
{
	struct task_struct *task;
	__u32 group;
	__u64 id;

	if (!each_depth || !(t->flags & CA_TASK_RECORDING))
		return;
	id = bpf_get_current_ancestor_cgroup_id(state.group_level + each_depth);
	if (!id)
		id = bpf_get_current_cgroup_id();
	if (id == t->group_id)
		return;
	t->group_id = id;
	task = bpf_get_current_task_btf();
	if (!is_member(task)) /* who leaves the watched group is still watched */
		return;
	group = index_of_group(control_group_of(task));
	if (group != t->group)
		change_group(t, group);
}

/* A new task begins where its parent is, which then need not be found out. */
static __always_inline void stay_in_group(const struct ca_task *p, struct task_struct *child)
{
	struct ca_task *t = each_depth ? task_of(child) : 0;

	if (t)
		t->group_id = p->group_id;
}

/* Apart from what looks for the group, with which it has no room on the stack. */
static __noinline __u32 program_of_child_in(__u32 program, __u32 group, struct task_struct *child)
{
	return program_in(program, group, child);
}

/* The row of the program that a new task runs. It can begin in another control group: CLONE_INTO_CGROUP. */
static __always_inline __u32 program_of_child(const struct ca_task *p, struct task_struct *parent,
					      struct task_struct *child)
{
	__u32 group;

	if (!each_depth || BPF_CORE_READ(child, cgroups) == BPF_CORE_READ(parent, cgroups))
		return p->program;
	group = group_of_task(child);
	return group ? program_of_child_in(p->program, group, child) : p->program;
}
