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
#include "words.bpf.h"
#include "maps.bpf.h"
#include "names.bpf.h"
#include "numbers.bpf.h"

char LICENSE[] SEC("license") = "GPL";

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

static __always_inline void emit(__u32 kind, const struct ca_task *t, struct task_struct *task,
				 __u8 capability, __u8 verdict, __s32 syscall, __u8 abi, __s64 result, const struct ca_sets *sets)
{
	struct ca_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		add(&state.lost_events);
		if (kind == CA_EVENT_CHECK && verdict != CA_LSM_REFUSED)
			add(&state.lost_check_events);
		return;
	}
	e->time = bpf_ktime_get_ns();
	e->program = t->program;
	e->object.kind = t->last_kind;
	e->object.hash = t->last_object;
	e->kind = kind;
	e->pid = pid_seen_by_auditor(task);
	e->syscall = syscall;
	e->abi = abi;
	e->capability = capability;
	e->verdict = verdict;
	e->result = result;
	__builtin_memset(&e->sets, 0, sizeof(e->sets));
	if (sets)
		e->sets = *sets;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	add(&state.events);
}

/*
 * Whether a system call is of the 32-bit table.
 *
 * arm64: the mode says it that the call came from. A flag of the thread would not: exec changes it half way, when the
 * number is the caller's still. Where the new program is to begin has its mode, and zeros where the call's number was
 * (arch/arm64/include/asm/processor.h, start_thread_common(), 6.1 to 7.3): there the number is exec's, of one of the tables.
 */
static __always_inline bool is_compat(struct task_struct *task, struct pt_regs *regs, __s32 nr)
{
#if defined(__TARGET_ARCH_arm64)
	bool compat = word_at((__u64)&regs->pstate) & PSR_MODE32_BIT;

	if (!nr || word_at((__u64)(compat ? &regs->regs[7] : &regs->regs[8])))
		return compat;
	return nr == NR_EXECVE_COMPAT || nr == NR_EXECVEAT_COMPAT;
#else
	return task->thread_info.status & TS_COMPAT;
#endif
}

/*
 * The system call under way, from the registers saved at kernel entry:
 * sys_enter would tax every system call of every process. Faults and
 * interrupts leave -1 there (arch/x86/entry: ORIG_RAX is overwritten).
 */
static __always_inline __s32 syscall_of(__s32 nr, struct pt_regs *regs, struct task_struct *task,
					const struct ca_task *t, __u8 *abi)
{
	*abi = CA_ABI_NATIVE;
	if ((t->flags & CA_TASK_IO_WORKER) || nr < 0)
		return -1;
	if (is_compat(task, regs, nr))
		*abi = CA_ABI_COMPAT;
#ifdef SYSCALL_X32_BIT
	else if (nr & SYSCALL_X32_BIT)
		*abi = CA_ABI_X32;
#endif
	return nr;
}

static __always_inline __s32 syscall_in(struct pt_regs *regs, struct task_struct *task, const struct ca_task *t,
					__u8 *abi)
{
	return syscall_of(SYSCALL_NR(regs), regs, task, t, abi);
}

/* The same where the registers are not at hand: the helper that finds them takes as long as a look into task storage. */
static __always_inline __s32 current_syscall(struct task_struct *task, const struct ca_task *t, __u8 *abi)
{
	return syscall_in((struct pt_regs *)bpf_task_pt_regs(task), task, t, abi);
}

static __always_inline __u64 argument_of(struct pt_regs *regs, __u32 n, bool compat)
{
	switch (n) {
	case 0: return compat ? COMPAT_ARG1(regs) : SYSCALL_ARG1(regs);
	case 1: return compat ? COMPAT_ARG2(regs) : SYSCALL_ARG2(regs);
	case 2: return compat ? COMPAT_ARG3(regs) : SYSCALL_ARG3(regs);
	case 3: return compat ? COMPAT_ARG4(regs) : SYSCALL_ARG4(regs);
	case 4: return compat ? COMPAT_ARG5(regs) : SYSCALL_ARG5(regs);
	}
	return compat ? COMPAT_ARG6(regs) : SYSCALL_ARG6(regs);
}

/*
 * The same of the system call under way.
 *
 * Functions with loops or many ways through them are global: the verifier looks at them once, not once
 * for every path that leads to a call. Addresses pass as numbers.
 */
__noinline __u64 argument(__u32 n, __u32 compat)
{
	return argument_of((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), n, compat);
}

/* Of a user namespace and those above it the one whose parent is another; 0 if there is none. */
__noinline __u64 namespace_below(__u64 address, __u64 above)
{
	__u32 type = an_integer;

	/* kernel/user_namespace.c: namespaces nest at most 32 deep */
	for (int i = 0; i < 33 && address; i++) {
		struct user_namespace *ns = (struct user_namespace *)address;
		__u64 parent = read_word((__u64)&ns->parent, type);

		if (parent == above)
			return address;
		address = parent;
	}
	return 0;
}

static __always_inline __u8 scope_of(__u64 ns)
{
	if (ns == state.user_ns)
		return CA_SCOPE_OWN;
	return namespace_below(ns, state.user_ns) ? CA_SCOPE_NESTED : CA_SCOPE_OUTER;
}

/*
 * security/commoncap.c, cap_capable(): who owns a user namespace, and lives in
 * its parent, holds every capability in it, before any set is looked at.
 */
static __always_inline bool granted_as_owner(const struct cred *cred, __u64 address)
{
	struct user_namespace *ns;

	ns = (struct user_namespace *)namespace_below(address, (__u64)READ_POINTER(cred, user_ns));
	return ns && READ_NUMBER(ns, owner.val) == READ_NUMBER(cred, euid.val);
}

/*
 * Each time the verifier comes by the load of a pointer it searches all of BTF by name (kernel/bpf/verifier.c,
 * btf_nested_type_is_trusted(), since 6.3). Where words are read by a helper it does not, and the load is faster.
 */
static __always_inline __u64 real_cred_of(struct task_struct *task)
{
	return an_integer ? (__u64)READ_POINTER(task, real_cred) : (__u64)task->real_cred;
}

static __always_inline __u8 credentials_of(const struct ca_task *t, struct task_struct *task,
					   __u64 own, __u8 scope, bool granted)
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
		if (granted && granted_as_owner(cred, t->ns))
			bits |= CA_CRED_OWNER;
		if ((__u64)BPF_CORE_READ(cred, user_ns) != state.user_ns)
			bits |= CA_CRED_NESTED;
	}
	return bits;
}

#include "idle.bpf.h"
#include "programs.bpf.h"
#include "each.bpf.h"
#include "times.bpf.h"
#include "chains.bpf.h"
#include "returns.bpf.h"
#include "stacks.bpf.h"
#include "mappings.bpf.h"

/* Adds one to the check's row, whose kind is noted: 0 if there is no room for it. */
static __always_inline void count(struct ca_task *t, const struct ca_check *check)
{
	struct ca_row first = {}, *row;

	row = bpf_map_lookup_elem(&checks, check);
	if (!row) {
		first.kind = new_kind(check->group);
		first.first = t->now;
		if (first.kind)
			bpf_map_update_elem(&checks, check, &first, BPF_NOEXIST);
		/* another CPU may have been first */
		row = bpf_map_lookup_elem(&checks, check);
	}
	t->last_kind = row ? row->kind : 0;
	if (row)
		note_last_time(&row->last, t->now);
	add(row ? &row->count : &state.lost_rows);
}

/* Counts a check by its chain, or by its row and its call site. */
static __always_inline void count_check(void *ctx, struct ca_task *t, struct ca_check *check, __u64 skip)
{
	if (recall(ctx, t, check, skip))
		return;
	count(t, check);
	walk(ctx, t, check, skip);
}

/* After each look at an object the next comes later by this part of the checks so far: the first ones are all looked
 * at, and of n checks about 64 * (1 + ln(n / 64)). To look takes microseconds. */
enum { OBJECTS_SPREAD = 64 };

__noinline __u64 look_at_object(__u64 kind, __s32 number, __u32 abi);

/* Looks at how the program came to the last check, and what it was for, if it is one of those: see stacks.bpf.h,
 * objects.bpf.h. Says whether it is one of those whose system call's end is looked at: see returns.bpf.h. */
static __always_inline bool look_at_check(struct ca_task *t, const struct ca_check *check)
{
	__u32 kind = t->last_kind;
	__u64 nth = t->last_nth, next = ~0ULL;
	struct ca_look *look = objects_wanted || takes_stacks || sampled ? bpf_map_lookup_elem(&looks, &kind) : 0;
	bool in_sample = false;

	t->last_object = 0;
	if (!look || !nth || nth < look->next)
		return false;
	if (wants_stack(look, nth)) {
		if (!put_stack_off(t, check, kind))
			take_stack(kind);
		next = nth + 1;
	}
	if (objects_wanted) {
		if (nth >= look->next_object) {
			look->next_object = nth + 1 + nth / OBJECTS_SPREAD;
			t->last_object = look_at_object(kind, check->syscall, check->abi);
		}
		if (look->next_object < next)
			next = look->next_object;
	}
	if (sampled) {
		in_sample = nth >= look->next_followed;
		if (in_sample)
			look->next_followed = next_followed(nth);
		if (look->next_followed < next)
			next = look->next_followed;
	}
	look->next = next;
	return in_sample;
}

/* Notes what the program of the task made with its last check, which takes no map if that was noted lately. */
static __always_inline void note_last(struct ca_task *t)
{
	__u32 number = t->last_kind % CA_KINDS, place = number % CA_NOTED;

	if (t->taken_back != state.taken_back)
		forget_noted(t);
	t->last_noted = t->noted[place] != number && note_kind(t->program, t->last_kind);
	t->noted[place] = number;
}

static __always_inline struct ca_total *total_of(const struct ca_check *check)
{
	__u32 index = check->group * CA_CAPS + check->capability;

	return bpf_map_lookup_elem(&totals, &index);
}

static __always_inline void add_total(const struct ca_check *check, bool granted)
{
	struct ca_total *total = total_of(check);

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

/* What the outcome will be told apart by: whether a check needs to be granted is known by who asked. */
static __always_inline void note_pending_kind(struct ca_task *t, bool is_refused)
{
	__u64 refused = t->denied | t->lsm_refused;

	if (!(is_refused ? refused : refused | t->granted))
		t->kind = t->last_kind;
	else if ((is_refused || !refused) && t->kind != t->last_kind)
		t->kind = 0;
}

/* Begins the book-keeping for one system call's outcome. */
static __always_inline void note_pending(struct ca_task *t, struct task_struct *task,
					 const struct ca_check *check, bool in_sample)
{
	__u64 bit = 1ULL << (check->capability & 63);

	if (check->syscall < 0)
		return;
	if (sampled && !(t->flags & CA_TASK_FOLLOWED) && !(is_chosen(check, in_sample) && follow(t)))
		return;
	t->syscall = check->syscall;
	t->abi = check->abi;
	note_pending_kind(t, check->verdict != CA_GRANTED);
	if (check->verdict == CA_GRANTED)
		t->granted |= bit;
	else if (check->verdict == CA_DENIED)
		t->denied |= bit;
	else
		t->lsm_refused |= bit;

	/* elsewhere see begin_capset()'s callers */
	if (is_capset(check))
		begin_capset(t, task);
}

/* What is done with a check once it is counted. */
static __always_inline void note_check(struct ca_task *t, struct task_struct *task, const struct ca_check *check)
{
	bool in_sample = look_at_check(t, check);

	note_loaded(t, check);
	note_last(t);
	note_pending(t, task, check, in_sample);
	if (verbose)
		emit(CA_EVENT_CHECK, t, task, check->capability, check->verdict, check->syscall, check->abi, 0, 0);
}

/* The one handler behind every attachment; credentials and namespace are in the task's storage. */
static __always_inline int on_check(void *ctx, struct ca_task *t, struct task_struct *task, int capability,
				    __u32 options, int result, __u64 skip)
{
	__u64 own = real_cred_of(task);
	/* in its place from the start: on the stack each way to a value would be a state of its own for the verifier */
	struct ca_check *check = &t->last;

	if (!(t->flags & CA_TASK_RECORDING) || capability < 0 || capability >= CA_CAPS)
		return 0;

	anchor(t, ctx, task);
	__builtin_memset(check, 0, sizeof(*check));
	check->capability = capability;
	check->verdict = result == 0 ? CA_GRANTED : CA_DENIED;
	check->options = options;
	check->group = t->group;
	check->phase = group_of(t)->phase;
	check->syscall = syscall_of(anchored_number(t), (struct pt_regs *)t->anchors.registers, task, t, &check->abi);
	check->scope = scope_of(t->ns);
	check->credentials = credentials_of(t, task, own, check->scope, result == 0);
	if ((idle_matters >> capability & 1) && check->abi == CA_ABI_NATIVE && may_be_idle(capability, check->syscall))
		check->idle = is_idle(capability, check->syscall, t->anchors.registers);

	add_total(check, result == 0);
	t->now = time_of_check(t);
	count_check(ctx, t, check, skip);
	note_check(t, task, check);
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
	struct ca_task *t = own_task(task, &state.lost_checks);

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
	struct ca_task *t = own_task(task, &state.lost_checks);

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
	struct ca_task *t = result ? task_of(task) : 0;
	struct ca_check *check;
	struct ca_total *total;

	if (!t || !(t->flags & CA_TASK_RECORDING))
		return 0;
	check = &t->last;
	if (check->verdict != CA_GRANTED || check->capability != capability)
		return 0;

	take_back(t, check);
	total = total_of(check);
	if (total) {
		__sync_fetch_and_add(&total->granted, -1);
		add(&total->denied);
	}
	check->verdict = CA_LSM_REFUSED;
	anchor(t, ctx, task);
	count_check(ctx, t, check, skip);
	t->granted &= ~(1ULL << (capability & 63));
	note_check(t, task, check);
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
	struct ca_task *t = own_task(task, &state.lost_outcomes);

	if (t && (t->flags & CA_TASK_RECORDING) && follow(t))
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
	struct ca_task *t = own_task(bpf_get_current_task_btf(), &state.lost_checks);

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

#include "syscalls.bpf.h"
#include "adopt.bpf.h"
#include "tree.bpf.h"
#include "procfs.bpf.h"
#include "unasked.bpf.h"
#include "objects.bpf.h"
#include "ends.bpf.h"

/* Adds one to the outcome's row. */
static __always_inline void add_outcome(const struct ca_outcome *o)
{
	__u64 one = 1, *n;

	n = bpf_map_lookup_elem(&outcomes, o);
	if (!n) {
		if (bpf_map_update_elem(&outcomes, o, &one, BPF_NOEXIST) == 0)
			return;
		n = bpf_map_lookup_elem(&outcomes, o);
	}
	add(n ? n : &state.lost_outcomes);
}

/*
 * security/commoncap.c, bprm_caps_from_vfs_caps(): a program is not executed if
 * the bounding set lacks some of its file's effective capabilities. No
 * capability is asked for.
 */
__noinline int note_refused_exec(__u32 group, __s32 number, __u32 abi)
{
	struct ca_outcome o = { .result = -EPERM, .syscall = number, .abi = abi, .group = group };

	if (is_exec(number, abi))
		add_outcome(&o);
	return 0;
}

static __always_inline __u64 asked(const struct ca_task *t, __u8 verdict)
{
	return t->last.verdict == verdict ? 1ULL << (t->last.capability & 63) : 0;
}

/*
 * Counts a call that has failed by the chain of its last check, if all of its checks were like that one and its calls
 * fail in one way: the ordinary case, and takes a fifth of what a hash does. Says whether it did.
 */
static __always_inline bool count_failed(const struct ca_task *t, long result)
{
	struct ca_chain *chain = result < 0 ? chain_of(t->last_chain) : 0;

	if (!chain || t->syscall != t->last.syscall || t->abi != t->last.abi || t->granted != asked(t, CA_GRANTED) ||
	    t->denied != asked(t, CA_DENIED) || t->lsm_refused || t->kind != chain->kind)
		return false;
	if (!chain->result)
		__sync_val_compare_and_swap(&chain->result, 0, result);
	if (chain->result != result)
		return false;
	add(&chain->failed);
	return true;
}

/* One row a system call: user space takes the masks apart. */
static __always_inline void count_outcome(const struct ca_task *t, long result)
{
	struct ca_outcome o = {};

	if (count_failed(t, result))
		return;
	o.result = result < 0 ? result : 0;
	/* a granted check is the ordinary case, and worth a word only when the call failed all the same; of a sample
	   it is to be known how large it was */
	o.granted = result < 0 || sampled ? t->granted : 0;
	o.denied = t->denied;
	o.lsm_refused = t->lsm_refused;
	if (!(o.granted | o.denied | o.lsm_refused))
		return;
	o.syscall = t->syscall;
	o.abi = t->abi;
	o.group = t->group;
	o.kind = t->kind;
	add_outcome(&o);
}

/*
 * What a capset asks for in one of its sets. What merely stays while a few are
 * given up has not been chosen, nor has a set that stays as it was: setpriv
 * sets all, to change one or none.
 */
static __always_inline __u64 asked_for(__u64 before, __u64 now)
{
	__u64 given_up = before & ~now, kept = before & now;

	return __builtin_popcountll(kept) <= __builtin_popcountll(given_up) ? now : now & ~before;
}

/*
 * The first one that takes something away, and each later one that takes it
 * away for good: a program may put capabilities into its effective set and take
 * them out of it whenever it needs them.
 */
static __always_inline bool is_drop(const struct ca_group *group, const struct ca_sets *before, const struct ca_sets *now)
{
	return (before->permitted & ~now->permitted) || (!group->phase && (before->effective & ~now->effective));
}

static __always_inline void on_capset_done(struct ca_task *t, struct task_struct *task)
{
	struct ca_group *group = group_of(t);
	struct ca_sets now;
	__u64 all;

	read_sets(&now, BPF_CORE_READ(task, cred));
	add(&group->capset_calls);
	if (verbose)
		emit(CA_EVENT_CAPSET, t, task, 0, 0, t->syscall, t->abi, 0, &now);
	__sync_fetch_and_or(&group->requested.permitted, asked_for(t->before.permitted, now.permitted));
	__sync_fetch_and_or(&group->requested.inheritable, asked_for(t->before.inheritable, now.inheritable));
	/* to take back all that root has, after a change of user took it out of the effective set, chooses
	 * nothing either */
	all = sets_bits(&BPF_CORE_READ(task, cred)->cap_bset);
	if (now.effective != all)
		__sync_fetch_and_or(&group->requested.effective, asked_for(t->before.effective, now.effective));
	if (!(t->flags & CA_TASK_FIRST) || !is_drop(group, &t->before, &now) ||
	    group->phase >= CA_DROPS)
		return;
	if (verbose && !group->phase)
		emit(CA_EVENT_DROP, t, task, 0, 0, t->syscall, t->abi, 0, 0);
	begin_serving(group, bpf_jiffies64(), t->syscall, t->abi);
	group->phase++;
}

/*
 * A child comes by here before its first instruction (6.1, arch/x86/entry/entry_64.S, ret_from_fork;
 * kernel/entry/common.c, syscall_exit_to_user_mode()), and what is sent to it here it gets before that, too.
 */
static __always_inline void kill_doomed(struct task_struct *task)
{
	if (is_doomed(task))
		bpf_send_signal(SIGKILL);
}

/* Counts how a call with checks in it ended. */
static __always_inline void conclude_pending(struct ca_task *t, struct task_struct *task, long result)
{
	struct ca_sets denied = {};

	count_outcome(t, result);
	denied.effective = t->denied | t->lsm_refused;
	if (denied.effective)
		note_refused(&t->refused, denied.effective, result, t->syscall, t->abi);
	if (verbose && denied.effective)
		emit(CA_EVENT_SYSCALL, t, task, 0, 0, t->syscall, t->abi, result, &denied);
	if ((t->flags & CA_TASK_CAPSET) && result == 0)
		on_capset_done(t, task);
}

static __always_inline void forget_pending(struct ca_task *t)
{
	t->flags &= ~(CA_TASK_CAPSET | CA_TASK_FOLLOWED);
	t->granted = 0;
	t->denied = 0;
	t->lsm_refused = 0;
}

/*
 * A followed call has ended. The registers have the result already
 * (arch/x86/entry/syscall_64.c, do_syscall_64(); arch/arm64/kernel/syscall.c, invoke_syscall()), and no signal's
 * handler has been set up: kernel/signal.c, get_signal(), begins with task work. Who dies runs it, too, though
 * the call never ended (kernel/exit.c, do_exit()). Another call than was followed, or none, can only be if
 * the work was handed over late.
 */
static __always_inline void end_followed(struct ca_task *t, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long result = SYSCALL_RESULT(regs);
	__s32 number;
	__u8 abi;

	if (task->flags & PF_EXITING)
		return;
	number = syscall_in(regs, task, t, &abi);
	if (abi == CA_ABI_COMPAT)
		result = (__s32)result;
	if (preemptible)
		note_unseen_exec(t, task, result);
	if (number != t->syscall && !is_exec(number, abi)) {
		add(&state.lost_outcomes);
		return;
	}
	if (result >= 0)
		note_map(t, regs);
	conclude_pending(t, task, result);
}

static int on_return(struct bpf_map *map, void *key, void *value)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);

	if (!t)
		return 0;
	end_followed(t, task);
	forget_pending(t);
	return 0;
}

/* include/linux/err.h, IS_ERR_VALUE(): the address of a mapping of an Arm program can look negative. */
static __always_inline bool has_failed(long result)
{
	return (__u64)result >= (__u64)-4095;
}

static __always_inline int on_syscall_done(struct pt_regs *regs, long result, bool is_twin)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = own_task(task, 0);
	__s32 number;
	__u8 abi;

	if (t && (t->flags & CA_TASK_RECORDING))
		kill_doomed(task);
	if (preemptible && t)
		note_unseen_exec(t, task, result);
	if (t && (t->flags & CA_TASK_RECORDING)) {
		take_stacks_due(t);
		number = syscall_in(regs, task, t, &abi);
		note_call(t, number, abi, result, SYSCALL_ARG1(regs));
		count_after_refused(t, number, abi);
		note_wait(t, number, abi);
		if (result == -EPERM)
			note_refused_exec(t->group, number, abi);
		if (result >= 0)
			on_success(t, regs, number, abi, result, is_twin);
		if (!has_failed(result))
			note_code(t, regs, number, abi);
	}
	if (!t || !(t->granted | t->denied | t->lsm_refused | (t->flags & CA_TASK_CAPSET)))
		return 0;
	conclude_pending(t, task, result);
	forget_pending(t);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	return on_syscall_done(regs, result, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit_twin, struct pt_regs *regs, long result)
{
	return on_syscall_done(regs, result, true);
}
