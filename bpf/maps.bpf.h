/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel half is told, and where it keeps what it has seen. */

/* Settings, fixed before loading. */
const volatile bool verbose = false;
/* Capabilities that are asked for even where the system call's arguments make the answer irrelevant. */
const volatile __u64 idle_matters = 0;
/* Whether what is granted without a check is concluded from the system calls: see unasked.bpf.h. */
const volatile bool concludes = false;
/* The ends of some system calls are seen, of those with checks in them, and no others: see returns.bpf.h. */
const volatile bool sampled = false;
/* Whether user stacks are taken, and not before the system call ends: see stacks.bpf.h. */
const volatile bool takes_stacks = false;
const volatile bool stacks_at_end = false;
/* Tracepoints can be preempted (7.0), so that an exec can go unseen: see tree.bpf.h. */
const volatile bool preemptible = false;
/* How many jiffies what takes longer than an ordinary system call takes: see times.bpf.h. */
const volatile __u64 long_wait = 0;

/* Whether it is noted for what the capabilities are asked, and what the arguments of system calls are: of each enum
 * ca_argument, CA_ARGUMENT_BITS apart. */
const volatile bool objects_wanted = false;
const volatile __u32 arguments[CA_ABIS * CA_SYSCALLS] = {};

/* Whether the files that programs map code of are noted: see mappings.bpf.h. */
const volatile bool code_wanted = false;

/*
 * Settings of audits of what runs already. by_group: what is watched is a control
 * group, and whoever comes into it. group_id is 0 where it does not exist yet, and
 * by its path it is known again when a service manager makes it anew.
 */
const volatile bool by_group = false;
const volatile __u64 group_id = 0;
const volatile char group_path[CA_PATH] = {};
/* Who comes into the group is on the way to what it will be: it counts from its next exec on, if that is
 * of another program than the executor, and in the root's pid namespace if inside_only. */
const volatile bool enter_at_exec = false;
const volatile bool inside_only = false;
const volatile __u64 executor_inode = 0;
const volatile __u32 executor_device = 0; /* as the kernel has it: major << 20 | minor */

/* A group has a report for each of those this many levels below it: see each.bpf.h. 0: it has one for all. */
const volatile __u32 each_depth = 0;
/* CA_CHAIN_BUCKETS, or more for many groups; a power of two */
const volatile __u32 chain_buckets = CA_CHAIN_BUCKETS;

struct ca_state state = {};

struct ca_draft {
	struct ca_object object;
	__u32 busy;
};

/* The tree: one entry a task, no bound but memory. A failed insert is a lost task. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ca_task);
} tasks SEC(".maps");

/*
 * Tasks of the tree that wait for storage. Full: lost_tasks. Storage cannot be had at any moment: not
 * while another task was preempted in the middle of getting or freeing some on the same CPU (6.1, 6.18:
 * kernel/bpf/bpf_task_storage.c, bpf_task_storage_trylock()).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* address of the task */
	__type(value, struct ca_newborn);
} newborns SEC(".maps");

/*
 * The counts: how many checks were alike in all of the key. Full: lost_rows. Rows differ in system call and
 * the like, not in program or process: a full map is a strange program, and costs the details, never the
 * totals.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_KINDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_check);
	__type(value, struct ca_row);
} checks SEC(".maps");

/* All checks, by group and capability, CA_CAPS apart: a slot for each, so that these always add up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CA_CAPS);
	__type(key, __u32);
	__type(value, struct ca_total);
} totals SEC(".maps");

/* Why: the kernel functions above a check. Full: lost_sites. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_KINDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_site_key);
	__type(value, struct ca_site);
} sites SEC(".maps");

/* The call chains that are known without a walk. Full: the others are walked each time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CA_CHAIN_BUCKETS);
	__type(key, __u32);
	__type(value, struct ca_chains);
} chains SEC(".maps");

/*
 * How far the checks of a kind have been looked at, by kind: what they were for, and how the program came to them. A
 * hash for many groups. Full: lost_objects.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CA_KINDS);
	__type(key, __u32);
	__type(value, struct ca_look);
} looks SEC(".maps");

/* What capabilities were asked for, the first few of each kind. Full: lost_objects. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_object_key);
	__type(value, struct ca_object);
} objects SEC(".maps");

/* An object while it is looked at: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ca_draft);
} drafts SEC(".maps");

/* What the system calls with checks in them returned, and refused execs. Full: lost_outcomes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_outcome);
	__type(value, __u64);
} outcomes SEC(".maps");

/* Of the processes that are the subject, how the last one ended that was refused something before, by group. It
 * has a row for each, and is never full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ca_end);
} ends SEC(".maps");

struct ca_return {
	struct bpf_task_work work;
};

/* Tasks whose system call's end is waited for, if only samples are. Full: lost_outcomes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CA_RETURNS);
	__type(key, __u32);
	__type(value, struct ca_return);
} returns SEC(".maps");

/* What was granted without a check. Rows differ in what other processes hold, which is few different
 * sets. Full: lost_unasked. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_KINDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_unasked);
	__type(value, struct ca_row);
} unasked SEC(".maps");

/* The programs of the tree, by index. Full: lost_programs, counted under index 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_PROGRAMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct ca_program);
} programs SEC(".maps");

/*
 * Which system calls the programs made: a row for each program and ABI that it used, by index, CA_PROGRAMS
 * apart. Full: lost_programs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_PROGRAMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct ca_syscalls);
} syscalls SEC(".maps");

/* The files that each program mapped code of. Full: lost_code. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_CODE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_code_key);
	__type(value, struct ca_code);
} code_files SEC(".maps");

/* The index of a program, by its path and file. Full: lost_programs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_PROGRAMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_program_key);
	__type(value, __u32);
} program_index SEC(".maps");

/* Lines of --verbose and --events; one page when not wanted. Full: lost_events. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

/*
 * User stacks and mappings, read while the audit runs. Full: lost_stacks. The reader's memory holds all of it twice
 * (kernel/bpf/ringbuf.c, bpf_ringbuf_area_alloc()), so more of them wait in a queue there, if they come.
 */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 << 10);
} stacks SEC(".maps");

/*
 * Whose processes of the tree are to die: 0: nobody's; CA_ANYBODY; else one more than a user's id. Whoever
 * forks on is gone before user space can name him, but not before he comes out of the kernel: see
 * on_syscall_done() and kill_doomed_child().
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} doomed SEC(".maps");

/* With --each, the index of a control group, by its name. It is never full: see new_group(). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_group_key);
	__type(value, __u32);
} group_index SEC(".maps");

/* With --each, what is known of each control group, by index. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ca_group);
} groups SEC(".maps");

static const struct ca_task no_task;
static const struct ca_look no_look;
static const struct ca_site no_site;
static const struct ca_program no_program;
static const struct ca_syscalls no_syscalls;
static const struct ca_object no_object;
static const struct ca_code no_code;

static __always_inline void add(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* Says whether the bit was not there before. */
static __always_inline bool set_bit(__u64 *word, __u64 bit)
{
	/* read first: an atomic operation takes the line from the other CPUs, and the bit is there nearly always */
	return !(*(volatile __u64 *)word & bit) && !(__sync_fetch_and_or(word, bit) & bit);
}

/* What is counted of a group; without --each, of the whole audit. */
static __always_inline struct ca_group *group_at(__u32 index)
{
	struct ca_group *group = each_depth ? bpf_map_lookup_elem(&groups, &index) : 0;

	return group ? group : &state.whole;
}

static __always_inline struct ca_group *group_of(const struct ca_task *t)
{
	return group_at(t->group);
}

/* The number of a row, a call site or the like that is new, which begins with that of its group; 0 if they ran out. */
static __always_inline __u32 new_kind(__u32 group)
{
	struct ca_group *g = group_at(group);
	__u32 number = g->kinds < CA_KINDS - 1 ? __sync_fetch_and_add(&g->kinds, 1) + 1 : 0;
	__u32 kind = number < CA_KINDS ? number : 0;

	if (!kind)
		return 0;
	kind += group * CA_KINDS;
	if (each_depth && bpf_map_update_elem(&looks, &kind, &no_look, BPF_NOEXIST))
		add(&state.lost_objects);
	return kind;
}

static __always_inline __u64 *kinds_of(__u32 program, __u32 kind)
{
	struct ca_program *row = kind ? bpf_map_lookup_elem(&programs, &program) : 0;
	__u32 word = kind % CA_KINDS / 64;

	barrier_var(word); /* or the compiler checks one register and uses another: the verifier wants the same */
	if (!row || word >= CA_KINDS / 64)
		return 0;
	barrier_var(row); /* or it adds before it has compared, which 6.1's verifier does not take */
	return &row->kinds[word];
}

/* Notes that a program made a check of that kind. Says whether that was not known before. */
static __always_inline bool note_kind(__u32 program, __u32 kind)
{
	__u64 *word = kinds_of(program, kind);

	if (!word || !set_bit(word, 1ULL << (kind & 63)))
		return false;
	add(&state.noted);
	return true;
}

/* Has the task ask again what its program is noted for. */
static __always_inline void forget_noted(struct ca_task *t)
{
	__builtin_memset(t->noted, 0, sizeof(t->noted));
	t->taken_back = state.taken_back;
}

/* The same of which system calls its program made. */
static __always_inline void forget_calls(struct ca_task *t)
{
	__builtin_memset(t->made, 0, sizeof(t->made));
	__builtin_memset(t->settled, 0, sizeof(t->settled));
}

static __always_inline struct ca_task *task_of(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, 0, 0);
}

static __always_inline struct ca_task *give_storage(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, (void *)&no_task, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline bool is_doomed(struct task_struct *task)
{
	__u32 key = 0;
	__u64 *whose = bpf_map_lookup_elem(&doomed, &key);

	return whose && *whose && (*whose == CA_ANYBODY || *whose - 1 == BPF_CORE_READ(task, cred, uid.val));
}

static __always_inline __u32 exec_id_of(struct task_struct *task)
{
	return task->self_exec_id + 1;
}

/*
 * The row of a task that waits for storage. fs/exec.c, de_thread(): a thread
 * that executes takes over the leader's time of birth, which is not later.
 */
static __always_inline struct ca_newborn *newborn_of(struct task_struct *task)
{
	__u64 key = (__u64)task;
	struct ca_newborn *newborn = bpf_map_lookup_elem(&newborns, &key);

	return newborn && task->start_time <= newborn->born ? newborn : 0;
}

static __always_inline bool is_waiting(struct task_struct *task)
{
	return state.waiting && newborn_of(task);
}

/* The flags of a task, with storage or waiting for it; 0 if it is none of ours. */
static __always_inline __u32 flags_of(struct task_struct *task)
{
	struct ca_task *t = task_of(task);
	struct ca_newborn *newborn;

	if (t)
		return t->flags;
	newborn = state.waiting ? newborn_of(task) : 0;
	return newborn ? newborn->flags : 0;
}

static __always_inline __u32 group_of_program(__u32 program)
{
	struct ca_program *row = each_depth ? bpf_map_lookup_elem(&programs, &program) : 0;

	return row ? row->group : 0;
}

static __always_inline void give_place(struct ca_task *t, const struct ca_newborn *newborn)
{
	t->flags = newborn->flags;
	t->program = newborn->program;
	t->group = group_of_program(newborn->program);
	t->exec_id = newborn->exec_id;
	t->session = newborn->session;
	t->call_ended = bpf_jiffies64();
}

/*
 * The login session that a task belongs to, as kernel/audit.c, audit_set_loginuid(), counts them: a new one
 * each time that pam_loginuid(8), or whoever logs somebody in without PAM, tells the kernel for whom it is.
 */
static __always_inline __u32 session_of(struct task_struct *task)
{
	return bpf_core_field_exists(task->sessionid) ? BPF_CORE_READ(task, sessionid) : 0;
}

/* Says that a task waited for storage, and lets it wait no longer. */
static __always_inline bool fetch(struct task_struct *task)
{
	__u64 key = (__u64)task;

	if (!is_waiting(task) || bpf_map_delete_elem(&newborns, &key))
		return false;
	__sync_fetch_and_add(&state.waiting, -1);
	return true;
}

/*
 * Takes a task into the tree. Says whether it was not there before, under any of
 * the two forms. loss counts it if that cannot be, 0 where it can still be later.
 */
static __noinline bool take_in(struct task_struct *task, __u32 flags, __u32 program, __u32 session, __u64 *loss)
{
	struct ca_task *t = give_storage(task);
	struct ca_newborn newborn = {};
	__u64 key = (__u64)task;
	bool stale;

	/* who waits for an exec may be in the midst of it */
	newborn.exec_id = flags & CA_TASK_RECORDING ? exec_id_of(task) : 0;
	newborn.flags = flags;
	newborn.program = program;
	newborn.session = session;
	newborn.born = task->start_time;
	if (t) {
		if (t->flags)
			return false;
		give_place(t, &newborn);
		return !fetch(task);
	}
	if (is_waiting(task))
		return false;
	stale = bpf_map_lookup_elem(&newborns, &key);
	if (bpf_map_update_elem(&newborns, &key, &newborn, BPF_ANY)) {
		if (loss)
			add(loss);
		return false;
	}
	if (!stale)
		add(&state.waiting);
	return true;
}

/* Gives a task of the tree the storage that could not be had before; counts a loss, if it is one, when it
 * still cannot. */
static __noinline struct ca_task *claim(struct task_struct *task, __u64 *loss)
{
	struct ca_newborn *newborn = newborn_of(task);
	struct ca_task *t;

	if (!newborn)
		return 0;
	t = give_storage(task);
	if (!t) {
		if (loss)
			add(loss);
		return 0;
	}
	give_place(t, newborn);
	fetch(task);
	return t;
}

static __always_inline void follow_group(struct ca_task *t);

/*
 * Whether a task has no storage of any map, as nearly all of the system. To see that takes half as long as to look for
 * ours, where it is one load: in every system call of every process.
 */
static __always_inline bool is_bare(struct task_struct *task)
{
	return an_integer && !READ_POINTER(task, bpf_storage);
}

/* The storage of the task that runs. What is lost if it belongs to the tree and can get none? */
static __always_inline struct ca_task *own_task(struct task_struct *task, __u64 *loss)
{
	struct ca_task *t = is_bare(task) ? 0 : task_of(task);

	if (!t && state.waiting)
		t = claim(task, loss);
	if (t)
		follow_group(t);
	return t;
}
