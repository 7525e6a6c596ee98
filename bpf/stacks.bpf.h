/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a program a check came from: its registers and the top of its stack, of
 * the first checks of a kind that came different ways. User space unwinds them, since programs are
 * built without frame pointers. It needs to know what code lay where: a process that is short has
 * ended before anybody can look into /proc, so the mappings are handed over, too.
 */

/* kernel/bpf/task_iter.c: from 6.7 on. Before, user space looks into /proc. */
struct bpf_iter_task_vma {
	__u64 opaque[1];
} __attribute__((aligned(8)));
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, __u64 address) __ksym __weak;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym __weak;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym __weak;

int is_exec(__s32 number, __u32 abi);

enum {
	WALKED_MAPPINGS = 8192,	/* looked at for code, data included */
	PRINT_WORDS = 64,	/* of the stack, for a fingerprint: callers a few frames up are among them */
	PRINT_BLOCK = 8,
};

/* Keeps the registers, by the numbers that DWARF gives them for each architecture. */
static __always_inline void keep_registers(__u64 *to, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	to[0] = regs->ax;
	to[1] = regs->dx;
	to[2] = regs->cx;
	to[3] = regs->bx;
	to[4] = regs->si;
	to[5] = regs->di;
	to[6] = regs->bp;
	to[7] = regs->sp;
	to[8] = regs->r8;
	to[9] = regs->r9;
	to[10] = regs->r10;
	to[11] = regs->r11;
	to[12] = regs->r12;
	to[13] = regs->r13;
	to[14] = regs->r14;
	to[15] = regs->r15;
	to[16] = regs->ip;
#elif defined(__TARGET_ARCH_arm64)
	for (int i = 0; i < 31; i++)
		to[i] = regs->regs[i];
	to[31] = regs->sp;
	to[32] = regs->pc;
#endif
}

/*
 * The path of a mapped file: of overlayfs the one that was opened, not the layer's. Behind other files there is
 * no path.
 */
static __always_inline __u64 path_of_mapped(struct file *file)
{
	__u64 user = (__u64)file + bpf_core_field_offset(struct backing_file, user_path);

	if (bpf_core_field_exists(struct backing_file, user_path) &&
	    is_path(word_at(user + bpf_core_field_offset(struct path, mnt)),
		    word_at(user + bpf_core_field_offset(struct path, dentry))))
		return user;
	return (__u64)file + bpf_core_field_offset(struct file, f_path);
}

/* Where a mapped file is. What is in no directory has its own name alone, as in /proc/PID/maps. */
static __always_inline void name_file(struct ca_names *path, struct file *file)
{
	__u64 at = path_of_mapped(file);
	__u64 dentry = word_at(at + bpf_core_field_offset(struct path, dentry));

	read_names(path, dentry, word_at(at + bpf_core_field_offset(struct path, mnt)));
	if (path->end == CA_NAMES_NOWHERE && !path->size)
		add_name(path, dentry);
}

static __always_inline bool tell_code(struct vm_area_struct *vma, __u32 list)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct ca_mapping *m = bpf_ringbuf_reserve(&stacks, sizeof(*m), 0);

	if (!m)
		return false;
	m->what = CA_STACK_MAPPING;
	m->list = list;
	m->start = BPF_CORE_READ(vma, vm_start);
	m->end = BPF_CORE_READ(vma, vm_end);
	m->pages = BPF_CORE_READ(vma, vm_pgoff);
	m->file.inode = 0;
	m->file.device = 0;
	m->file.generation = 0;
	m->path.size = 0;
	m->path.end = CA_NAMES_NOWHERE;
	if (file) {
		identify(&m->file, BPF_CORE_READ(file, f_inode));
		name_file(&m->path, file);
	}
	bpf_ringbuf_submit(m, 0);
	add(&state.stack_records);
	return true;
}

/*
 * Tells of a mapping if it is of code. Says whether to go on. Global, as those that follow are: see argument(). How many
 * were looked at is counted in memory: in a register it would be another state for the verifier each time.
 */
__noinline int tell_mapping(struct ca_task *t, __u64 address, __u32 list)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)address;

	if (!t || ++t->walked > WALKED_MAPPINGS || t->listed >= CA_MAPPINGS)
		return 0;
	if (!(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return 1;
	if (!tell_code(vma, list)) {
		t->listed = 0; /* /proc may have all of them */
		return 0;
	}
	t->listed++;
	return 1;
}

/*
 * Tells where the process's code lies: 0 if the kernel cannot, or has no room for all. While the process itself changes its mappings,
 * as in mmap(), they are locked and the iterator sees none; nor does it in setrlimit(), which is under the lock that
 * guards task->mm (kernel/sys.c, do_prlimit(); seen on 6.18), nor with interrupts off: kernel/bpf/task_iter.c,
 * bpf_iter_task_vma_new(), since 6.12.91, 6.18.33 and 7.0.10.
 */
__noinline int tell_mappings(__u32 list)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ca_task *t = task_of(task);
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	__u64 address = 0;

	if (!t || !bpf_ksym_exists(bpf_iter_task_vma_new))
		return 0;
	t->walked = 0;
	t->listed = 0;
	bpf_iter_task_vma_new(&it, task, 0);
	while ((vma = bpf_iter_task_vma_next(&it))) {
		bpf_probe_read_kernel(&address, sizeof(address), &vma); /* a number, see anchor() */
		if (!tell_mapping(t, address, list))
			break;
	}
	bpf_iter_task_vma_destroy(&it);
	return t->listed;
}

/*
 * The mappings are locked for writing, as in fork(2), which asks for each of those that count: dup_mmap(), mm/mmap.c. Told
 * from there, on 6.18, the program's own code was missing, and the list was kept for the checks that came later.
 */
static __always_inline bool is_changing_mappings(struct task_struct *task)
{
	const long writer = 1; /* RWSEM_WRITER_LOCKED, kernel/locking/rwsem.c; PREEMPT_RT has another lock */

	return bpf_core_field_exists(struct rw_semaphore, count) &&
	       BPF_CORE_READ(task, mm, mmap_lock.count.counter) & writer;
}

/*
 * The list that has the process's mappings as they are; 0 where they cannot be told: then t->mappings is of those that it
 * had, if they were told since the exec.
 */
static __always_inline __u32 mappings_of(struct ca_task *t, struct task_struct *task)
{
	__u32 list;
	__u64 now = ((__u64)exec_id_of(task) << 48) ^ ((__u64)BPF_CORE_READ(task, mm, map_count) << 32) ^
		    BPF_CORE_READ(task, mm, exec_vm);

	if (t->mappings && t->mapped == now)
		return t->mappings;
	if ((t->mapped ^ now) >> 48)
		t->mappings = 0;
	if (is_changing_mappings(task))
		return 0;
	list = __sync_fetch_and_add(&state.mapping_lists, 1) + 1;
	if (!tell_mappings(list))
		return 0;
	t->mappings = list;
	t->mapped = now;
	return list;
}

/* Words of a stack. */
struct block {
	__u64 words[PRINT_BLOCK];
};

/* What the words make of a fingerprint that are addresses of the program's own code. */
__noinline __u64 print_of(const struct block *block, __u64 start, __u64 size)
{
	__u64 print = 0;

	if (!block)
		return 0;
	for (int i = 0; i < PRINT_BLOCK; i++) {
		__u64 in = block->words[i] - start;

		/* all bits of the mask where in < size: a fork for each word is work for the verifier */
		print += (block->words[i] * 0x9e3779b97f4a7c15) & ((__s64)((in - size) & ~in) >> 63);
	}
	return print;
}

/* Two ways to a check differ in the return addresses on the stack. */
__noinline int is_new_stack(struct ca_look *look)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 sp = ((struct pt_regs *)bpf_task_pt_regs(task))->sp & ~7ULL;
	__u64 start = BPF_CORE_READ(task, mm, start_code), size = BPF_CORE_READ(task, mm, end_code) - start;
	struct block block;
	__u64 print = 0;

	if (!look)
		return 0;
	for (int i = 0; i < PRINT_WORDS; i += PRINT_BLOCK) {
		if (bpf_probe_read_user(&block, sizeof(block), (void *)(sp + 8 * i)))
			break;
		print += print_of(&block, start, size);
	}
	print |= 1;
	for (int i = 0; i < CA_STACKS; i++) {
		if (look->stacks[i] == print)
			return 0;
		if (!look->stacks[i] && !__sync_val_compare_and_swap(&look->stacks[i], 0, print))
			return 1;
	}
	return 0;
}

/* Whether a stack is so small: of a process's first thread, since it began no more than that lies upon it. */
static __always_inline bool has_few_pages(struct task_struct *task, __u64 base)
{
	return BPF_CORE_READ(task, mm, start_stack) - base < CA_STACK_PAGES_FEW * CA_PAGE;
}

/* Hands a stack over, of which so many pages have room. */
static __always_inline void hand_over(struct ca_stack *s, struct task_struct *task, __u32 kind, __u32 list,
				      __u32 before, __u64 base, __u32 pages)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	if (!s) {
		add(&state.lost_stacks);
		return;
	}
	s->what = CA_STACK_TAKEN;
	s->list = list;
	s->kind = kind;
	s->pid = pid_seen_by_auditor(task);
	s->born = BPF_CORE_READ(task, group_leader, start_boottime);
	s->base = base;
	s->pages = 0;
	s->list_before = before;
	__builtin_memset(s->registers, 0, sizeof(s->registers));
	keep_registers(s->registers, regs);
	/* page by page: in a large frame there can be some that were never written, and are not there */
	for (__u32 i = 0; i < pages; i++) {
		if (!bpf_probe_read_user(s->memory + i * CA_PAGE, CA_PAGE, (void *)(base + i * CA_PAGE)))
			s->pages |= 1U << i;
	}
	bpf_ringbuf_submit(s, 0);
	add(&state.stack_records);
}

__noinline int take_stack(__u32 kind)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct ca_look *look = bpf_map_lookup_elem(&looks, &kind);
	struct ca_task *t = task_of(task);
	__u64 base = regs->sp & ~(__u64)(CA_PAGE - 1);
	__u32 list;

	if (!t || (t->flags & CA_TASK_IO_WORKER) || !is_new_stack(look))
		return 0;
	list = mappings_of(t, task);
	if (has_few_pages(task, base))
		hand_over(bpf_ringbuf_reserve(&stacks, sizeof(struct ca_stack) -
					      (CA_STACK_PAGES - CA_STACK_PAGES_FEW) * CA_PAGE, 0),
			  task, kind, list, t->mappings, base, CA_STACK_PAGES_FEW);
	else
		hand_over(bpf_ringbuf_reserve(&stacks, sizeof(struct ca_stack), 0), task, kind, list, t->mappings,
			  base, CA_STACK_PAGES);
	return 0;
}

/*
 * Puts a stack off until the system call under way ends, and says whether that can be: the kretprobes of arm64 are
 * breakpoints, with interrupts off (seen on 6.12.117 and 7.3). The program waits meanwhile, and its stack stays as it is,
 * but for exec.
 */
static __always_inline bool put_stack_off(struct ca_task *t, const struct ca_check *check, __u32 kind)
{
	if (!stacks_at_end || check->syscall < 0 || is_exec(check->syscall, check->abi))
		return false;
	for (int i = 0; i < CA_STACKS_DUE; i++) {
		if (!t->stacks_due[i])
			t->stacks_due[i] = kind;
		if (t->stacks_due[i] == kind)
			return true;
	}
	return false;
}

/* Every system call comes by here. */
static __always_inline void take_stacks_due(struct ca_task *t)
{
	if (!stacks_at_end)
		return;
	for (int i = 0; i < CA_STACKS_DUE && t->stacks_due[i]; i++) {
		take_stack(t->stacks_due[i]);
		t->stacks_due[i] = 0;
	}
}

/* Of a call that has no end, as exit(2). Who is killed in any other comes by its end first. */
static __always_inline void lose_stacks_due(const struct ca_task *t)
{
	for (int i = 0; i < CA_STACKS_DUE && t->stacks_due[i]; i++)
		add(&state.lost_stacks);
}

/* Whether the nth check of a kind is looked at for a stack that has not been seen. */
static __always_inline bool wants_stack(const struct ca_look *look, __u64 nth)
{
	return takes_stacks && nth <= CA_STACK_LOOKS && !look->stacks[CA_STACKS - 1];
}
