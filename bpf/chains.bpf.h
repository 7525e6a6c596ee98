/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asked: the call chain above a check.
 *
 * To walk it takes two microseconds, several times the rest. But a program's
 * context lies on the kernel's stack, at the same distance from the return
 * address of cap_capable() each time, and how large a function's frame is
 * follows from the address that it is to return to: that is what unwind tables
 * say. So where a chain's addresses lie is learned when it is walked, and if the
 * same addresses lie there again it is, by induction, the same chain.
 *
 * CONFIG_RANDOMIZE_KSTACK_OFFSET moves by chance what is above one function
 * near the top (do_syscall_64(), on arm64 invoke_syscall()). What is above that
 * stays where it is below the registers of the user.
 */

/*
 * walk(), the program that called it and what runs programs are on the stack, too, but not under a kprobe. On arm64 walk()
 * is there twice: the helper gives the unwinder where it returns to, and its own frame, which says so again
 * (arch/arm64/include/asm/perf_event.h, perf_arch_fetch_caller_regs(); seen on 6.12 and 7.3).
 */
#if defined(__TARGET_ARCH_arm64)
enum { SKIP_OURSELVES = 4 };
#else
enum { SKIP_OURSELVES = 3 };
#endif

enum {
	STACK_WORDS = 1024,	/* searched for addresses, upwards: half of a stack */
	/* until a chain's addresses were found where they had been; offsets by chance are alike now and then */
	CHAIN_WALKS = 16,
	CHAIN_PROVES = 1024,	/* one of so many that are known is walked all the same */
};

/* On arm64 a return address on the stack can be signed, in the bits that no address has. */
static __always_inline bool same_address(__u64 word, __u64 address)
{
#if defined(__TARGET_ARCH_arm64)
	return !((word ^ address) << 16);
#else
	return word == address;
#endif
}

/*
 * By way of memory: the verifier is to see numbers, not pointers that it knows limits of. Where the registers are
 * follows from where the task's stack is: the helper is asked once a task.
 */
static __always_inline void anchor(struct ca_task *t, void *ctx, struct task_struct *task)
{
	t->anchors.context = (__u64)ctx;
	if (!t->anchors.registers)
		t->anchors.registers = (__u64)bpf_task_pt_regs(task);
	barrier();
}

/* The number of the system call in the registers of a task that is anchored. */
static __always_inline __s32 anchored_number(const struct ca_task *t)
{
	struct pt_regs *regs = (struct pt_regs *)t->anchors.registers;

	return READ_NUMBER(regs, SYSCALL_NR_MEMBER);
}

/* a check, taken as two numbers */
typedef __u64 __attribute__((may_alias)) check_word;

static __always_inline struct ca_chains *bucket_at(__u32 index)
{
	return bpf_map_lookup_elem(&chains, &index);
}

_Static_assert(sizeof(struct ca_check) == 2 * sizeof(check_word), "a check is two words");

static __always_inline __u32 bucket_of(const struct ca_check *check)
{
	const check_word *words = (const check_word *)check;
	__u64 hash = (words[0] * 0x9e3779b97f4a7c15 ^ words[1]) * 0xc2b2ae3d27d4eb4f;

	return hash >> 48 & (chain_buckets - 1);
}

/* A chain by its number, from 1: the ways of the first bucket come first. */
static __always_inline struct ca_chain *chain_of(__u32 number)
{
	struct ca_chains *bucket = number ? bucket_at((number - 1) / CA_CHAIN_WAYS) : 0;

	if (!bucket)
		return 0;
	barrier_var(bucket); /* or the compiler adds before it has compared, which the verifier does not take */
	return &bucket->chains[(number - 1) % CA_CHAIN_WAYS];
}

static __always_inline bool same_check(const struct ca_check *a, const struct ca_check *b)
{
	const check_word *left = (const check_word *)a, *right = (const check_word *)b;

	return left[0] == right[0] && left[1] == right[1];
}

/*
 * Whether a chain is known, of such a check, and its addresses lie where they lay, each without a branch: see differ().
 * Global, as those that follow are: see argument(). How far the comparison came would be ten states for what comes after
 * it, and the call is not dear beside it.
 */
__noinline int is_there(const struct ca_chain *chain, const struct ca_check *check, __u64 context, __u64 registers)
{
	__u32 type = an_integer, from_top, depth;

	if (!chain || !check)
		return 0;
	from_top = chain->from_top;
	depth = chain->depth;
	if (chain->state != CA_CHAIN_KNOWN || !same_check(&chain->check, check))
		return 0;
	for (__u32 i = 0; i < CA_FRAMES && i < depth; i++) {
		__u64 up = context + 8 * chain->up[i], down = registers - 8 * chain->down[i];
		__u64 mask = -(__u64)(from_top >> i & 1);
		__u64 address;

		barrier_var(mask);
		address = up ^ ((up ^ down) & mask);
		if (!same_address(read_word(address, type), chain->frames[i]))
			return 0;
	}
	return 1;
}

/* The number of the known chain by which a check came; 0 for none. */
__noinline __u32 recognize(struct ca_check *check, __u64 context, __u64 registers)
{
	struct ca_chains *bucket;
	__u32 index;

	if (!check)
		return 0;
	index = bucket_of(check);
	bucket = bucket_at(index);
	if (!bucket)
		return 0;
	for (int way = 0; way < CA_CHAIN_WAYS; way++) {
		const struct ca_chain *chain = &bucket->chains[way];

		if (!chain->stack)
			return 0;
		if (same_check(&chain->check, check) && is_there(chain, check, context, registers))
			return index * CA_CHAIN_WAYS + way + 1;
	}
	return 0;
}

/* A call chain as it was walked, from the innermost function outwards, and the kind of its call site. */
struct walked {
	__u64 frames[CA_FRAMES];
	__u32 depth;
	__u32 kind;
	__u64 hook;	/* see hook_of() */
};

/*
 * A kretprobe puts its own address in the place of the one that the function returns to. security_capable() has one,
 * too: its caller's address is not on the stack, and which that is follows from where its caller called. Before the
 * registers that are the context, arch_rethook_trampoline() (arch/x86/kernel/rethook.c, 6.1 to 7.3) pushes its address;
 * on arm64 it is in x30 among them, by which the function has returned (seen on 6.1, 6.12 and 7.3). 0 where there is none.
 */
static __always_inline __u64 hook_of(__u64 context, __u64 skip)
{
	if (skip)
		return 0;
#if defined(__TARGET_ARCH_arm64)
	return word_at((__u64)&((struct pt_regs *)context)->regs[30]);
#else
	return word_at(context + bpf_core_type_size(struct pt_regs));
#endif
}

/* The words of the stack, looked through for a chain's addresses. */
struct search {
	struct ca_chain *chain;
	struct ca_anchors at;
	__u64 hook;
};

/*
 * Compares one word with all addresses that are still to be found. To carry from word to word how many were found would be
 * a fork in the verifier's way at each.
 */
static long look_at_word(__u64 index, void *data)
{
	struct search *search = data;
	struct ca_chain *chain = search->chain;
	__u64 address = search->at.context + 8 * ++index, word;
	bool hooked;

	if (address >= search->at.registers)
		return 1;
	word = word_at(address);
	/* the first one is the hook of the function that the check is made by */
	hooked = search->hook && same_address(word, search->hook) && 8 * index > bpf_core_type_size(struct pt_regs);
	for (int i = CA_FRAMES - 1; i >= 0; i--) {
		if ((hooked || same_address(word, chain->frames[i])) && !chain->found[i] &&
		    (!i || chain->found[i - 1])) {
			chain->found[i] = index;
			chain->frames[i] = word;
		}
	}
	return 0;
}

/* 1 unless the two are the same, without a branch: the verifier would follow each of its ways to the end. */
static __always_inline __u32 differ(__u16 a, __u16 b)
{
	return ((__u32)(a ^ b) + 0xffff) >> 16;
}

/* Says whether the addresses lie where they lay before, and keeps where they lie now. Bit n of each number is frame n's. */
static __always_inline __u32 compare(struct ca_chain *chain, __u64 distance)
{
	__u32 frames = (1U << (chain->depth & 31)) - 1, from_top = chain->from_top, found = 0, moved = 0;
	bool first = !chain->walks++;

	for (__u32 i = 0; i < CA_FRAMES; i++) {
		__u16 up = chain->found[i], down = distance - up;

		found |= differ(up, 0) << i;
		from_top |= differ(up, chain->up[i]) << i;
		moved |= differ(down, chain->down[i]) << i;
		chain->up[i] = up;
		chain->down[i] = down;
		/* or clang 19 has the values of all frames on the stack at once: 352 bytes, of 512 for a chain of calls */
		barrier();
	}
	if ((frames & ~found) || chain->walks >= CHAIN_WALKS)
		return CA_CHAIN_LEFT; /* on another stack, too far up, or elsewhere each time */
	if (first || (frames & from_top & moved))
		return CA_CHAIN_SEEN;
	chain->from_top = from_top;
	return CA_CHAIN_KNOWN;
}

/* Learns where the addresses lie of the chain that is there. */
__noinline int learn_there(__u64 bucket, __u64 way, struct walked *walked, __u64 context, __u64 registers)
{
	struct search search = { .at = { context, registers }, .hook = walked ? walked->hook : 0 };
	struct ca_chains *there = bucket_at(bucket);
	struct ca_chain *chain;
	__u32 was;

	/* the helper came with 5.17; before, all is walked */
	if (!there || !walked ||
	    !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	chain = &there->chains[way % CA_CHAIN_WAYS];
	was = chain->state;
	if ((was != CA_CHAIN_SEEN && was != CA_CHAIN_KNOWN) ||
	    __sync_val_compare_and_swap(&chain->state, was, CA_CHAIN_LEARNING) != was)
		return 0;
	chain->depth = walked->depth;
	__builtin_memcpy(chain->frames, walked->frames, sizeof(chain->frames));
	__builtin_memset(chain->found, 0, sizeof(chain->found));
	search.chain = chain;
	bpf_loop(STACK_WORDS, look_at_word, &search, 0);
	__sync_lock_test_and_set(&chain->state, compare(chain, (registers - context) / 8));
	return 0;
}

/* Whether a way of a bucket is of a chain that was just walked, or gets it now. */
__noinline int is_place(struct ca_chain *chain, const struct ca_check *check, __u64 stack, __u32 kind)
{
	if (!chain || !check)
		return 0;
	if (!chain->stack && !__sync_val_compare_and_swap(&chain->stack, 0, stack)) {
		chain->kind = kind;
		chain->check = *check;
		return 1;
	}
	return chain->stack == stack && same_check(&chain->check, check);
}

/* Learns such a chain, if there is room for it. */
__noinline int learn(struct ca_check *check, __u64 stack, struct walked *walked, __u64 context, __u64 registers)
{
	struct ca_chains *bucket;
	__u32 index;

	if (!check || !walked)
		return 0;
	index = bucket_of(check);
	bucket = bucket_at(index);
	if (!bucket)
		return 0;
	for (int way = 0; way < CA_CHAIN_WAYS; way++)
		if (is_place(&bucket->chains[way], check, stack, walked->kind))
			return learn_there(index, way, walked, context, registers);
	return 0;
}

static __always_inline bool look(void *ctx, __u64 skip, struct walked *walked, __u64 *hash)
{
	long size = bpf_get_stack(ctx, walked->frames, sizeof(walked->frames), skip & 0xff);

	if (size < 0)
		return false;
	walked->depth = size / sizeof(walked->frames[0]);
	*hash = 0xcbf29ce484222325;
	for (int i = 0; i < CA_FRAMES; i++)
		*hash = (*hash ^ walked->frames[i]) * 0x100000001b3;
	return true;
}

/* The row of a call site; 0 if there is no room for it. */
static __always_inline struct ca_site *site_at(const struct ca_site_key *key, struct walked *walked)
{
	struct ca_site *site = bpf_map_lookup_elem(&sites, key);
	__u32 kind;

	if (site && site->kind)
		return site;
	kind = new_kind(key->check.group);
	if (!kind)
		return 0;
	if (!site) {
		bpf_map_update_elem(&sites, key, &no_site, BPF_NOEXIST);
		site = bpf_map_lookup_elem(&sites, key);
		if (!site)
			return 0;
		/* names now, while the functions are surely there: user space need not read kallsyms */
		for (int i = 0; i < CA_FRAMES; i++) {
			if (walked->frames[i])
				bpf_snprintf(site->frames[i], CA_SYMBOL, "%ps", &walked->frames[i],
					     sizeof(walked->frames[i]));
		}
	}
	__sync_val_compare_and_swap(&site->kind, 0, kind); /* another CPU may have been first */
	return site;
}

/* Of a site that cannot be kept, what is known of the check is its row: t->last_kind stays. */
static __noinline int walk(void *ctx, struct ca_task *t, struct ca_check *check, __u64 skip)
{
	struct ca_site_key key = {};
	struct walked walked = {};
	struct ca_site *site;

	if (!check)
		return 0;
	t->last_chain = 0;
	t->last_nth = 0;
	t->last_stack = 0;
	if (!look(ctx, skip, &walked, &key.stack)) {
		add(&state.lost_sites);
		return 0;
	}
	key.check = *check;
	site = site_at(&key, &walked);
	if (!site) {
		add(&state.lost_sites);
		return 0;
	}
	t->last_nth = __sync_fetch_and_add(&site->samples, 1) + 1;
	walked.kind = site->kind;
	walked.hook = hook_of(t->anchors.context, skip);
	t->last_kind = site->kind;
	t->last_stack = key.stack;
	learn(check, key.stack, &walked, t->anchors.context, t->anchors.registers);
	return 0;
}

/* Walks what was known, to see that it was. */
static __noinline int prove(void *ctx, struct ca_chain *chain, __u64 skip)
{
	struct walked walked = {};
	__u64 hash;

	if (!look(ctx, skip, &walked, &hash) || hash == chain->stack)
		return 0;
	chain->state = CA_CHAIN_WRONG;
	add(&state.lost_sites);
	return 0;
}

/* Counts a check if its chain is known, and says whether it is. */
static __always_inline bool recall(void *ctx, struct ca_task *t, struct ca_check *check, __u64 skip)
{
	struct ca_chain *chain = chain_of(t->last_chain);
	__u64 nth;

	/* most often it is the one that the last check came by: then nothing is searched */
	if (!chain || !is_there(chain, check, t->anchors.context, t->anchors.registers)) {
		t->last_chain = recognize(check, t->anchors.context, t->anchors.registers);
		chain = chain_of(t->last_chain);
	}
	if (!chain)
		return false;
	t->last_kind = chain->kind;
	nth = __sync_fetch_and_add(&chain->count, 1) + 1;
	t->last_nth = nth + chain->walks; /* of which the call site has those before */
	note_last_time(&chain->last, t->now);
	if (nth % CHAIN_PROVES == 0)
		prove(ctx, chain, skip);
	return true;
}

/* Takes back what the last check was counted as. */
static __always_inline void take_back(const struct ca_task *t, const struct ca_check *check)
{
	struct ca_object_key asked = { .kind = t->last_kind, .hash = t->last_object };
	struct ca_object *object = asked.hash ? bpf_map_lookup_elem(&objects, &asked) : 0;
	struct ca_site_key key = {};
	struct ca_chain *chain = chain_of(t->last_chain);
	struct ca_site *site;
	struct ca_row *row;
	__u64 *kinds = t->last_noted ? kinds_of(t->program, t->last_kind) : 0;

	if (object)
		__sync_fetch_and_add(&object->checks, -1);

	/* a thread of the program that is granted the same at this very moment is not noted for it */
	if (kinds) {
		__sync_fetch_and_and(kinds, ~(1ULL << (t->last_kind & 63)));
		__sync_fetch_and_add(&state.taken_back, 1);
	}
	if (chain) {
		__sync_fetch_and_add(&chain->count, -1);
		return;
	}
	row = bpf_map_lookup_elem(&checks, check);
	if (row)
		__sync_fetch_and_add(&row->count, -1);
	key.check = *check;
	key.stack = t->last_stack;
	site = bpf_map_lookup_elem(&sites, &key);
	if (site)
		__sync_fetch_and_add(&site->samples, -1);
}
