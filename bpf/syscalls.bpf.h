/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which system calls each program made. They are noted when they end, by the
 * program that is called then anyway. So what never ends is not noted: exit,
 * exit_group, and a call in which the task was killed. Nor is rt_sigreturn: it
 * leaves no number behind (arch/x86/kernel/signal_64.c, arch/arm64/kernel/signal.c),
 * nor what the vDSO does without the kernel. A filter for a program has to permit
 * these in any case.
 */

/* Global: see argument(). */
__noinline int is_exec(__s32 number, __u32 abi)
{
	switch (number) {
	case NR_EXECVE:
	case NR_EXECVEAT:
		return abi == CA_ABI_NATIVE;
	case NR_EXECVE_COMPAT:
	case NR_EXECVEAT_COMPAT:
		return abi == CA_ABI_COMPAT;
	}
	return 0;
}

/*
 * Whether namespaces were asked for, which filters look at, too. clone3() has its
 * flags in memory: struct clone_args begins with them. So the caller is asked, while it
 * is still in the call: in a new thread the memory may have become something else.
 * Other tables than the native one are left out.
 */
static __noinline int asks_for_namespaces(__s32 number, __u64 first)
{
	__u64 flags = first;

	if (number == NR_CLONE3 && bpf_probe_read_user(&flags, sizeof(flags), (const void *)first))
		return 0;
	return !!(flags & CLONE_NEW_NAMESPACES);
}

/* What is noted of a system call: nothing; that it was made; all that there is. */
enum { NOTED_NOT, NOTED_MADE, NOTED_ALL };

/* What a filter answers, too. */
static __always_inline bool is_refusal(long result)
{
	return result == -EPERM || result == -ENOSYS;
}

/*
 * Says what is noted by now of such a call. Global, so that the verifier looks at it once: see
 * argument(). first is the call's first argument.
 */
__noinline int note_syscall(__u32 program, __s32 number, __u32 abi, long result, __u64 first)
{
	__u32 index = abi * CA_PROGRAMS + program, n = number & ~CA_X32_BIT;
	struct ca_syscalls *row;

	if (n >= CA_SYSCALLS) /* none, or arm's own, which begin at 0xf0000 */
		return NOTED_NOT;
	if (result == 0 && is_exec(number, abi)) /* see note_exec() */
		return NOTED_NOT;
	row = bpf_map_lookup_elem(&syscalls, &index);
	if (!row) {
		bpf_map_update_elem(&syscalls, &index, &no_syscalls, BPF_NOEXIST);
		row = bpf_map_lookup_elem(&syscalls, &index);
		if (!row) {
			add(&state.lost_programs);
			return NOTED_NOT;
		}
	}
	set_bit(&row->made[n / 64], 1ULL << (n & 63));
	if (is_refusal(result))
		return NOTED_MADE;
	set_bit(&row->answered[n / 64], 1ULL << (n & 63));
	if (abi != CA_ABI_NATIVE || (number != NR_CLONE && number != NR_CLONE3))
		return NOTED_ALL;
	if (!row->namespaces && result > 0)
		row->namespaces = asks_for_namespaces(number, first);
	return row->namespaces ? NOTED_ALL : NOTED_MADE;
}

/* Every system call comes by here: the task remembers what is noted, which takes no map. */
static __always_inline void note_call(struct ca_task *t, __s32 number, __u32 abi, long result, __u64 first)
{
	__u32 n = number;
	__u64 bit = 1ULL << (n & 63);
	int noted;

	if (abi != CA_ABI_NATIVE || n >= CA_SYSCALLS) {
		note_syscall(t->program, number, abi, result, first);
		return;
	}
	if ((t->settled[n / 64] & bit) || (is_refusal(result) && (t->made[n / 64] & bit)))
		return;
	noted = note_syscall(t->program, number, abi, result, first);
	if (noted != NOTED_NOT)
		t->made[n / 64] |= bit;
	if (noted == NOTED_ALL)
		t->settled[n / 64] |= bit;
}

/* CA_TASK_COMPAT of a task that runs a program of 32 bits, which its registers say from exec on: see called_exec(). */
static __always_inline __u32 compat_flag(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	/* without a branch, which would be two states for the verifier */
	return (~((struct pt_regs *)bpf_task_pt_regs(task))->cs & CS_NATIVE) * (CA_TASK_COMPAT / CS_NATIVE);
#else
	return 0;
#endif
}

/*
 * The call to exec that has just succeeded. On x86-64 its number is by then execve's, in the table of the new program
 * (arch/x86/kernel/process_64.c, set_personality_64bit() and set_personality_ia32()): the table was that of the program
 * before, and execveat(2) named a file by descriptor (fs/exec.c, alloc_bprm(), 6.1 to 7.3).
 */
static __always_inline __s32 called_exec(const struct ca_task *t, struct task_struct *task, struct linux_binprm *bprm,
					 __u8 *abi)
{
#if defined(__TARGET_ARCH_x86)
	bool by_descriptor = BPF_CORE_READ(bprm, fdpath);

	*abi = t->flags & CA_TASK_COMPAT ? CA_ABI_COMPAT : CA_ABI_NATIVE;
	if (*abi == CA_ABI_COMPAT)
		return by_descriptor ? NR_EXECVEAT_COMPAT : NR_EXECVE_COMPAT;
	return by_descriptor ? NR_EXECVEAT : NR_EXECVE;
#else
	return current_syscall(task, t, abi);
#endif
}

/*
 * A call to exec that succeeds begins as one program and ends as another: it is
 * noted for the first, before the task gets the second.
 */
static __always_inline void note_exec(struct ca_task *t, struct task_struct *task, struct linux_binprm *bprm)
{
	__u8 abi;
	__s32 number = called_exec(t, task, bprm, &abi);

	if (t->flags & CA_TASK_RECORDING)
		note_syscall(t->program, number, abi, 1 /* not known yet: any answer */, 0);
}
