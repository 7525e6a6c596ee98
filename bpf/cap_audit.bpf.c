//go:build ignore

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel half of cap-audit: counts every capability check of one process
 * tree, in place, and remembers why each kind of check was made.
 *
 * A task is traced if and only if it has task storage. The storage is set by
 * user space on the stub (by pidfd), copied on fork and freed by the kernel
 * with the task, so there is no table of pids to fill up, to clean or to fool.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "cap_audit.h"

char LICENSE[] SEC("license") = "GPL";

/* Settings, fixed before loading. */
const volatile bool verbose = false;
/* Capabilities that some call sites only probe for: their checks are walked one and all. */
const volatile __u64 walk_always = 0;
/* Capabilities that are asked for even where the system call's arguments make the answer irrelevant. */
const volatile __u64 idle_matters = 0;

/*
 * Settings of audits of what runs already. by_group: what is watched is a control
 * group, and whoever comes into it. group_id is 0 where it does not exist yet, and
 * by its path it is known again when a service manager makes it anew.
 */
const volatile bool by_group = false;
const volatile __u64 group_id = 0;
const volatile char group_path[CA_PATH] = {};
/* Who comes into the group is on the way to what it will be: it counts from its next exec on, if that is of another
 * program than the executor, and in the root's pid namespace if inside_only. */
const volatile bool enter_at_exec = false;
const volatile bool inside_only = false;
const volatile __u64 executor_inode = 0;
const volatile __u32 executor_device = 0; /* as the kernel has it: major << 20 | minor */

struct ca_state state = {};

/* The tree: one entry a task, no bound but memory. A failed insert is a lost task. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ca_task);
} tasks SEC(".maps");

/* The account. Rows differ in program, syscall and the like, not in process: a full map is a
 * strange program, and costs the details (lost_rows), never the totals. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ca_check);
	__type(value, __u64);
} checks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CA_CAPS);
	__type(key, __u32);
	__type(value, struct ca_total);
} totals SEC(".maps");

/* Why: the kernel functions above a check. Full: lost_sites. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_site_key);
	__type(value, struct ca_site);
} sites SEC(".maps");

/* What the system calls with checks in them returned. Full: lost_outcomes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ca_outcome);
	__type(value, __u64);
} outcomes SEC(".maps");

/* Programs by index, and the index of a path. Full: lost_programs, counted under index 0. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CA_PROGRAMS);
	__type(key, __u32);
	__type(value, struct ca_program);
} programs SEC(".maps");

struct program_path {
	char path[CA_PATH];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CA_PROGRAMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct program_path);
	__type(value, __u32);
} program_index SEC(".maps");

/* Lines of --verbose; one page when not wanted. Full: lost_events. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

static const struct ca_task no_task;
static const struct ca_site no_site;

static __always_inline void add(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline struct ca_task *task_of(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, 0, 0);
}

static __always_inline __u64 sets_bits(const kernel_cap_t *set)
{
	__u64 bits = 0;

	bpf_core_read(&bits, sizeof(bits), set);
	return bits;
}

static __always_inline void read_sets(struct ca_sets *sets, const struct cred *cred)
{
	sets->effective = sets_bits(&cred->cap_effective);
	sets->permitted = sets_bits(&cred->cap_permitted);
	sets->inheritable = sets_bits(&cred->cap_inheritable);
}

/* The pid that the auditor's own pid namespace knows the task's process by. */
static __always_inline __s32 pid_seen_by_auditor(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = state.pid_level;
	__s32 nr = 0;

	/* numbers[] has level + 1 members; libbpf relocates the size of the element */
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      (__u64)level * bpf_core_type_size(struct upid));
	return nr;
}

static __always_inline void emit(__u32 kind, const struct ca_task *t, struct task_struct *task, __u8 capability,
				 __u8 verdict, __s32 syscall, __u8 abi, __s64 result, const struct ca_sets *sets)
{
	struct ca_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		add(&state.lost_events);
		return;
	}
	e->kind = kind;
	e->pid = pid_seen_by_auditor(task);
	e->syscall = syscall;
	e->abi = abi;
	e->capability = capability;
	e->verdict = verdict;
	e->pad = 0;
	e->result = result;
	__builtin_memset(&e->sets, 0, sizeof(e->sets));
	if (sets)
		e->sets = *sets;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	add(&state.events);
}

/*
 * The system call under way, from the registers saved at kernel entry:
 * sys_enter would tax every system call of every process. Faults and
 * interrupts leave -1 there (arch/x86/entry: ORIG_RAX is overwritten).
 */
static __always_inline __s32 current_syscall(struct task_struct *task, const struct ca_task *t, __u8 *abi)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__s32 nr;

	*abi = CA_ABI_NATIVE;
	if (t->flags & CA_TASK_IO_WORKER)
		return -1;
	nr = SYSCALL_NR(regs);
	if (nr < 0)
		return -1;
	if (SYSCALL_COMPAT(task))
		*abi = CA_ABI_COMPAT;
#ifdef SYSCALL_X32_BIT
	else if (nr & SYSCALL_X32_BIT)
		*abi = CA_ABI_X32;
#endif
	return nr;
}

/*
 * Functions with loops are global: the verifier looks at them once, not once
 * for every path that leads to a call. Addresses pass as numbers.
 */
__noinline int scope_of(__u64 address)
{
	const struct user_namespace *ns = (const struct user_namespace *)address;

	/* kernel/user_namespace.c: namespaces nest at most 32 deep */
	for (int i = 0; i < 33 && ns; i++) {
		ns = BPF_CORE_READ(ns, parent);
		if ((__u64)ns == state.user_ns)
			return CA_SCOPE_NESTED;
	}
	return CA_SCOPE_OUTER;
}

/*
 * security/commoncap.c, cap_capable(): who owns a user namespace, and lives in
 * its parent, holds every capability in it, before any set is looked at.
 */
__noinline int granted_as_owner(__u64 cred_address, __u64 address)
{
	const struct cred *cred = (const struct cred *)cred_address;
	const struct user_namespace *ns = (const struct user_namespace *)address;
	const struct user_namespace *home = BPF_CORE_READ(cred, user_ns);

	for (int i = 0; i < 33 && ns && ns != home; i++) {
		const struct user_namespace *parent = BPF_CORE_READ(ns, parent);

		if (parent == home)
			return BPF_CORE_READ(ns, owner.val) == BPF_CORE_READ(cred, euid.val);
		ns = parent;
	}
	return 0;
}

static __always_inline __u8 credentials_of(const struct ca_task *t, struct task_struct *task, __u64 own, __u8 scope,
					   bool granted)
{
	const struct cred *cred = (const struct cred *)t->cred;
	__u8 bits = 0;

	if (t->cred != own) {
		__u64 subjective = (__u64)BPF_CORE_READ(task, cred);

		if (subjective != own)
			bits |= CA_CRED_OVERRIDDEN;
		if (subjective != t->cred)
			bits |= CA_CRED_FOREIGN;
	}
	if (scope != CA_SCOPE_OWN) {
		/* volatile, or the compiler passes the pointer that it has just found equal: the verifier wants a number */
		if (granted && granted_as_owner(*(volatile const __u64 *)&t->cred, t->ns))
			bits |= CA_CRED_OWNER;
		if ((__u64)BPF_CORE_READ(cred, user_ns) != state.user_ns)
			bits |= CA_CRED_NESTED;
	}
	return bits;
}

/* walk(), the program that called it and what runs programs are on the stack, too, but not under a kprobe. */
enum { SKIP_OURSELVES = 3 };

/*
 * Some checks are made whether or not the answer matters: setattr asks for
 * FSETID although the new mode has no setgid bit to lose, and some files under
 * /proc/sys ask whoever opens or reads them for what only writing can need.
 */
static __always_inline bool is_idle(struct task_struct *task, const struct ca_check *check)
{
	struct pt_regs *regs;

	if (!(idle_matters >> check->capability & 1) || check->abi != CA_ABI_NATIVE)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	switch (check->syscall) {
	case NR_READ:
	case NR_PREAD64:
		return true;
	case NR_OPEN:
		return !(SYSCALL_ARG2(regs) & O_ACCMODE);
	case NR_OPENAT:
		return !(SYSCALL_ARG3(regs) & O_ACCMODE);
	case NR_CHMOD:
	case NR_FCHMOD:
		return !(SYSCALL_ARG2(regs) & S_ISGID);
	case NR_FCHMODAT:
	case NR_FCHMODAT2:
		return !(SYSCALL_ARG3(regs) & S_ISGID);
	}
	return false;
}

/*
 * A walk up the stack costs some microseconds, ten times the rest. It is taken
 * for the first checks of a row, then for one in 64, but always where the
 * call site decides whether the check is a need.
 */
static __always_inline bool wants_walk(__u8 capability, __u64 seen)
{
	return (walk_always >> capability & 1) || seen < 16 || (seen & 255) == 0;
}

static __noinline int walk(void *ctx, struct ca_check *check, __u64 skip)
{
	struct ca_site_key key = {};
	__u64 stack[CA_FRAMES] = {};
	struct ca_site *site;

	if (!check)
		return 0;
	if (bpf_get_stack(ctx, stack, sizeof(stack), skip & 0xff) < 0) {
		add(&state.lost_sites);
		return 0;
	}
	key.check = *check;
	key.stack = 0xcbf29ce484222325;
	for (int i = 0; i < CA_FRAMES; i++)
		key.stack = (key.stack ^ stack[i]) * 0x100000001b3;

	site = bpf_map_lookup_elem(&sites, &key);
	if (!site) {
		bpf_map_update_elem(&sites, &key, &no_site, BPF_NOEXIST);
		site = bpf_map_lookup_elem(&sites, &key);
		if (!site) {
			add(&state.lost_sites);
			return 0;
		}
		add(&state.kinds);
		/* names now, while the functions are surely there: user space need not read kallsyms */
		for (int i = 0; i < CA_FRAMES; i++) {
			if (stack[i])
				bpf_snprintf(site->frames[i], CA_SYMBOL, "%ps", &stack[i], sizeof(stack[i]));
		}
	}
	add(&site->samples);
	return 0;
}

/* Adds one to the check's row and tells how many there were. */
static __always_inline __u64 count(const struct ca_check *check)
{
	__u64 one = 1, *rows;

	rows = bpf_map_lookup_elem(&checks, check);
	if (rows)
		return __sync_fetch_and_add(rows, 1);
	if (bpf_map_update_elem(&checks, check, &one, BPF_NOEXIST) == 0) {
		add(&state.kinds);
		return 0;
	}
	/* another CPU may have been first */
	rows = bpf_map_lookup_elem(&checks, check);
	if (rows)
		return __sync_fetch_and_add(rows, 1);
	add(&state.lost_rows);
	return 0;
}

static __always_inline void add_total(__u32 capability, bool granted)
{
	struct ca_total *total = bpf_map_lookup_elem(&totals, &capability);

	if (total)
		add(granted ? &total->granted : &total->denied);
}

/* Keeps the sets as they are before a capset, for on_capset_done(). */
static __always_inline void begin_capset(struct ca_task *t, struct task_struct *task)
{
	if (t->flags & CA_TASK_CAPSET)
		return;
	t->flags |= CA_TASK_CAPSET;
	read_sets(&t->before, BPF_CORE_READ(task, cred));
}

/* Begins the book-keeping for one system call's outcome. */
static __always_inline void note_pending(struct ca_task *t, struct task_struct *task, const struct ca_check *check)
{
	__u64 bit = 1ULL << (check->capability & 63);

	if (check->syscall < 0)
		return;
	t->syscall = check->syscall;
	t->abi = check->abi;
	if (check->verdict == CA_GRANTED)
		t->granted |= bit;
	else
		t->denied |= bit;

	/* cap_capset() begins with a check for CAP_SETPCAP, granted or not; elsewhere see begin_capset()'s callers */
	if (check->capability == CAP_SETPCAP &&
	    ((check->abi == CA_ABI_NATIVE && check->syscall == NR_CAPSET) ||
	     (check->abi == CA_ABI_COMPAT && check->syscall == NR_CAPSET_COMPAT)))
		begin_capset(t, task);
}

/* The one handler behind every attachment; credentials and namespace are in the task's storage. */
static __always_inline int on_check(void *ctx, struct ca_task *t, struct task_struct *task, int capability,
				    __u32 options, int result, __u64 skip)
{
	/*
	 * Loaded here, once: each time the verifier of 6.x comes by the load of a
	 * pointer it searches all of BTF by name, and a probe read takes 30 ns.
	 */
	__u64 own = (__u64)task->real_cred;
	struct ca_check check = {};
	__u64 seen;

	if (!(t->flags & CA_TASK_RECORDING) || capability < 0 || capability >= CA_CAPS)
		return 0;

	check.capability = capability;
	check.verdict = result == 0 ? CA_GRANTED : CA_DENIED;
	check.options = options;
	check.program = t->program;
	check.phase = state.phase;
	check.syscall = current_syscall(task, t, &check.abi);
	check.scope = t->ns == state.user_ns ? CA_SCOPE_OWN : scope_of(t->ns);
	check.credentials = credentials_of(t, task, own, check.scope, result == 0);
	check.idle = is_idle(task, &check);

	add_total(capability, result == 0);
	seen = count(&check);
	if (wants_walk(capability, seen))
		walk(ctx, &check, skip);
	note_pending(t, task, &check);
	t->last = check;
	if (verbose)
		emit(CA_EVENT_CHECK, t, task, capability, check.verdict, check.syscall, check.abi, 0, 0);
	return 0;
}

/*
 * Attachment 1, tracepoint (6.14 and later): every argument but the options.
 */
SEC("tp_btf/cap_capable")
int BPF_PROG(tp_cap_capable, const struct cred *cred, struct user_namespace *ns,
	     const struct user_namespace *capable_ns, int capability, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);

	if (!t)
		return 0;
	t->cred = (__u64)cred;
	t->ns = (__u64)ns;
	return on_check(ctx, t, task, capability, 0, result, SKIP_OURSELVES);
}

/*
 * Attachment 2, fexit: the options too, and security_capable() for the verdict
 * of the other security modules, which are asked only after cap_capable() agreed.
 */
SEC("fexit/cap_capable")
int BPF_PROG(fexit_cap_capable, const struct cred *cred, struct user_namespace *ns, int capability,
	     unsigned int options, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);

	if (!t)
		return 0;
	t->cred = (__u64)cred;
	t->ns = (__u64)ns;
	return on_check(ctx, t, task, capability, options, result, SKIP_OURSELVES);
}

/* Says that the grant just counted was none: another security module refused. */
static __always_inline int on_security_capable(void *ctx, int capability, int result, __u64 skip)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);
	struct ca_check check;
	struct ca_total *total;
	__u32 index = capability;
	__u64 *rows;

	if (result == 0 || !t || !(t->flags & CA_TASK_RECORDING))
		return 0;
	check = t->last;
	if (check.verdict != CA_GRANTED || check.capability != capability)
		return 0;

	rows = bpf_map_lookup_elem(&checks, &check);
	if (rows)
		__sync_fetch_and_add(rows, -1);
	total = bpf_map_lookup_elem(&totals, &index);
	if (total) {
		__sync_fetch_and_add(&total->granted, -1);
		add(&total->denied);
	}
	check.verdict = CA_LSM_REFUSED;
	count(&check);
	walk(ctx, &check, skip);
	t->granted &= ~(1ULL << (capability & 63));
	t->lsm_refused |= 1ULL << (capability & 63);
	t->syscall = check.syscall;
	t->abi = check.abi;
	t->last = check;
	if (verbose)
		emit(CA_EVENT_CHECK, t, task, capability, check.verdict, check.syscall, check.abi, 0, 0);
	return 0;
}

SEC("fexit/security_capable")
int BPF_PROG(fexit_security_capable, const struct cred *cred, struct user_namespace *ns, int capability,
	     unsigned int options, int result)
{
	return on_security_capable(ctx, capability, result, SKIP_OURSELVES);
}

/*
 * Attachments 2 and 3: in many builds before 6.14 the compiler has put copies
 * of cap_capable() into cap_capset() and cap_vm_enough_memory(), which are in
 * the same file. Their checks are only probes, but capsets must not be missed.
 */
static __always_inline int on_security_capset(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);

	if (t && (t->flags & CA_TASK_RECORDING))
		begin_capset(t, task);
	return 0;
}

SEC("fentry/security_capset")
int BPF_PROG(fentry_security_capset)
{
	return on_security_capset();
}

SEC("kprobe/security_capset")
int BPF_KPROBE(kprobe_security_capset)
{
	return on_security_capset();
}

/*
 * Attachment 3, kprobe and kretprobe: the arguments wait in the task's own
 * storage. cap_capable() does not sleep and does not call itself.
 */
SEC("kprobe/cap_capable")
int BPF_KPROBE(kprobe_cap_capable, const struct cred *cred, struct user_namespace *ns, int capability,
	       unsigned int options)
{
	struct ca_task *t = task_of(bpf_get_current_task_btf());

	if (!t || !(t->flags & CA_TASK_RECORDING))
		return 0;
	t->cred = (__u64)cred;
	t->ns = (__u64)ns;
	t->capability = capability;
	t->options = options;
	add(&state.entered);
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(kretprobe_cap_capable, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);

	if (!t || !t->cred)
		return 0;
	add(&state.returned);
	on_check(ctx, t, task, t->capability, t->options, result, 0);
	t->cred = 0;
	return 0;
}

/* Its capability is the one cap_capable() was asked for last. */
SEC("kretprobe/security_capable")
int BPF_KRETPROBE(kretprobe_security_capable, int result)
{
	struct ca_task *t;

	if (result == 0)
		return 0;
	t = task_of(bpf_get_current_task_btf());
	return t ? on_security_capable(ctx, t->last.capability, result, 0) : 0;
}

/* Index of a program, a new one when it has not been seen. */
static __always_inline __u32 index_of(struct program_path *key, __u32 parent, struct task_struct *running)
{
	struct ca_program *program;
	__u32 index, *known;

	known = bpf_map_lookup_elem(&program_index, key);
	if (!known) {
		index = __sync_fetch_and_add(&state.programs, 1) + 1;
		if (index >= CA_PROGRAMS) {
			add(&state.lost_programs);
			return 0;
		}
		if (bpf_map_update_elem(&program_index, key, &index, BPF_NOEXIST) == 0) {
			program = bpf_map_lookup_elem(&programs, &index);
			if (!program)
				return 0;
			program->parent = parent;
			if (running) {
				program->pid = pid_seen_by_auditor(running);
				bpf_probe_read_kernel_str(program->path, CA_COMM, &running->comm);
				program->ran = 1;
			} else {
				__builtin_memcpy(program->path, key->path, sizeof(program->path));
			}
		}
		/* another CPU may have been first: its index counts, ours stays unused */
		known = bpf_map_lookup_elem(&program_index, key);
		if (!known) {
			add(&state.lost_programs);
			return 0;
		}
	}
	return *known;
}

static __always_inline void add_process(__u32 index)
{
	struct ca_program *program = bpf_map_lookup_elem(&programs, &index);

	if (program)
		add(&program->processes);
}

/* Index of the program being executed. */
static __always_inline __u32 program_of(struct linux_binprm *bprm, __u32 parent)
{
	struct program_path key = {};
	__u32 index;

	bpf_probe_read_kernel_str(key.path, sizeof(key.path), BPF_CORE_READ(bprm, filename));
	index = index_of(&key, parent, 0);
	add_process(index);
	return index;
}

/*
 * Audits of what runs already: tasks are adopted instead of being born into the tree.
 */

/* Says whether a control group is the watched one or lies below it. */
__noinline int in_group(__u64 address)
{
	const struct cgroup *group = (const struct cgroup *)address;
	__u64 watched = state.group ? state.group : group_id;

	for (int i = 0; i < CA_GROUP_DEPTH && group && watched; i++) {
		if (BPF_CORE_READ(group, kn, id) == watched)
			return 1;
		group = BPF_CORE_READ(group, self.parent, cgroup);
	}
	return 0;
}

static __always_inline int is_member(struct task_struct *task)
{
	return in_group((__u64)BPF_CORE_READ(task, cgroups, dfl_cgrp));
}

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
static __noinline __u32 program_of_running(struct task_struct *task)
{
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	__u64 number = BPF_CORE_READ(inode, i_ino);
	__u32 device = BPF_CORE_READ(inode, i_sb, s_dev);
	struct program_path key = {};

	/* a path never begins with a NUL */
	__builtin_memcpy(key.path + 8, &number, sizeof(number));
	__builtin_memcpy(key.path + 16, &device, sizeof(device));
	return index_of(&key, 0, task);
}

/* Begins to record a task that runs already. */
static __always_inline void begin(struct ca_task *t, struct task_struct *task, __u32 flags)
{
	t->flags = CA_TASK_RECORDING | flags;
	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER))
		t->flags |= CA_TASK_IO_WORKER;
	t->program = program_of_running(task);
	if (task->pid == task->tgid)
		add_process(t->program);
	add(&state.tasks);
}

/* A task came into the watched group, by clone3() or because somebody moved it. */
static __always_inline void enter(struct task_struct *task)
{
	struct ca_task *t = bpf_task_storage_get(&tasks, task, (void *)&no_task, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		add(&state.lost_tasks);
	else if (t->flags)
		return; /* known */
	else if (enter_at_exec)
		t->flags = CA_TASK_ENTERING;
	else
		begin(t, task, 0);
}

/* Says whether who entered has become what it was meant to be. */
static __always_inline bool has_arrived(struct task_struct *task, struct linux_binprm *bprm)
{
	struct inode *inode = BPF_CORE_READ(bprm, file, f_inode);

	if (inside_only && pid_ns_of(task) != state.pid_ns)
		return false;
	return !executor_inode || BPF_CORE_READ(inode, i_ino) != executor_inode ||
	       BPF_CORE_READ(inode, i_sb, s_dev) != executor_device;
}

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

/* One row a system call: user space takes the masks apart. */
static __always_inline void count_outcome(const struct ca_task *t, long result)
{
	struct ca_outcome o = {};
	__u64 one = 1, *n;

	o.result = result < 0 ? result : 0;
	/* a granted check is the ordinary case, and worth a word only when the call failed all the same */
	o.granted = result < 0 ? t->granted : 0;
	o.denied = t->denied;
	o.lsm_refused = t->lsm_refused;
	if (!(o.granted | o.denied | o.lsm_refused))
		return;
	o.syscall = t->syscall;
	o.abi = t->abi;

	n = bpf_map_lookup_elem(&outcomes, &o);
	if (!n) {
		if (bpf_map_update_elem(&outcomes, &o, &one, BPF_NOEXIST) == 0)
			return;
		n = bpf_map_lookup_elem(&outcomes, &o);
	}
	add(n ? n : &state.lost_outcomes);
}

static __always_inline void on_capset_done(struct ca_task *t, struct task_struct *task)
{
	struct ca_sets now;

	read_sets(&now, BPF_CORE_READ(task, cred));
	add(&state.capset_calls);
	if (verbose)
		emit(CA_EVENT_CAPSET, t, task, 0, 0, t->syscall, t->abi, 0, &now);
	/* a set that stays as it was has not been asked for: setpriv sets all, to change one or none */
	if (now.effective != t->before.effective)
		__sync_fetch_and_or(&state.requested.effective, now.effective);
	if (now.permitted != t->before.permitted)
		__sync_fetch_and_or(&state.requested.permitted, now.permitted);
	if (now.inheritable != t->before.inheritable)
		__sync_fetch_and_or(&state.requested.inheritable, now.inheritable);
	if ((t->flags & CA_TASK_FIRST) &&
	    ((t->before.effective & ~now.effective) || (t->before.permitted & ~now.permitted)))
		state.phase = CA_PHASE_DROPPED;
}

static __always_inline int on_syscall_done(long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);
	struct ca_sets denied = {};

	if (!t || !(t->granted | t->denied | t->lsm_refused | (t->flags & CA_TASK_CAPSET)))
		return 0;

	count_outcome(t, result);
	denied.effective = t->denied | t->lsm_refused;
	if (verbose && denied.effective)
		emit(CA_EVENT_SYSCALL, t, task, 0, 0, t->syscall, t->abi, result, &denied);
	if ((t->flags & CA_TASK_CAPSET) && result == 0)
		on_capset_done(t, task);
	t->flags &= ~CA_TASK_CAPSET;
	t->granted = 0;
	t->denied = 0;
	t->lsm_refused = 0;
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	return on_syscall_done(result);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit_twin, struct pt_regs *regs, long result)
{
	return on_syscall_done(result);
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

/*
 * Adopts a task: tells user space of it, or that it could not be done. The
 * kernel calls again for the same task when the reader's buffer was full
 * (kernel/bpf/bpf_iter.c, bpf_seq_read()), hence CA_TASK_UNTOLD.
 */
static __always_inline void adopt(struct bpf_iter__task *ctx, struct task_struct *task, __u32 flags)
{
	struct ca_task *t = bpf_task_storage_get(&tasks, task, (void *)&no_task, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct ca_adopted told = {};

	if (t && (!t->flags || (t->flags & CA_TASK_ROOT))) {
		if (t->flags & CA_TASK_ROOT) {
			flags |= CA_TASK_FIRST;
			state.user_ns = (__u64)BPF_CORE_READ(task, cred, user_ns);
			state.pid_ns = pid_ns_of(task);
			state.first_pid = pid_seen_by_auditor(task);
		}
		begin(t, task, flags | CA_TASK_UNTOLD);
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
	if (!state.user_ns)
		state.user_ns = (__u64)BPF_CORE_READ(auditor, cred, user_ns);
	return task && !(task->flags & (PF_EXITING | PF_KTHREAD)) && task->tgid != auditor->tgid;
}

/* Flags that a thread shares with its process's leader, 0 when that is not known. */
static __always_inline __u32 flags_of_leader(struct task_struct *task)
{
	struct ca_task *t = task_of(task->group_leader);

	return t ? t->flags : 0;
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
	if (t && (t->flags & CA_TASK_ROOT)) {
		adopt(ctx, task, 0);
		return 0;
	}
	leader = flags_of_leader(task);
	if (leader & CA_TASK_RECORDING) {
		adopt(ctx, task, leader & CA_TASK_FIRST);
		return 0;
	}
	t = task_of(task->real_parent);
	if (t && (t->flags & CA_TASK_RECORDING))
		adopt(ctx, task, 0);
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
	leader = flags_of_leader(task);
	if (!(leader & CA_TASK_ENTERING))
		adopt(ctx, task, leader & CA_TASK_FIRST);
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
	enter(task);
	if (threadgroup && BPF_CORE_READ(task, signal, nr_threads) > 1)
		add(&state.rescans);
	return 0;
}
