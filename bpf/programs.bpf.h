/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs of the tree, by index. */

/* Index of a program, a new one when it has not been seen. */
static __noinline __u32 index_of(struct program_path *key, __u32 parent, struct task_struct *running)
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

/* Which file it is that the kernel looks at for privileges (fs/exec.c, bprm_creds_from_file()). */
static __always_inline void note_file(__u32 index, struct linux_binprm *bprm)
{
	struct ca_program *program = bpf_map_lookup_elem(&programs, &index);
	struct inode *inode = BPF_CORE_READ(bprm, file, f_inode);
	__u32 mode = BPF_CORE_READ(inode, i_mode);

	if (!program || !index)
		return;
	if (program->mode) { /* of a relative path there can be more files than one */
		program->mode |= mode & (S_ISUID | S_ISGID | S_IXGRP);
		return;
	}
	program->inode = BPF_CORE_READ(inode, i_ino);
	program->mode = mode;
}

/* A path that the key may not have all of is told apart by its file: behind the NUL, where nobody reads on. */
static __always_inline void end_with_file(struct program_path *key, struct linux_binprm *bprm)
{
	__u64 inode = BPF_CORE_READ(bprm, file, f_inode, i_ino);

	key->path[CA_PATH - sizeof(inode) - 1] = 0;
	__builtin_memcpy(key->path + CA_PATH - sizeof(inode), &inode, sizeof(inode));
}

/*
 * For whom a program runs. Of one that is executed the new credentials count: fs/exec.c, begin_new_exec(),
 * commits them before exec_binprm() tells of it (6.1 to 7.3).
 */
static __always_inline void note_user(__u32 index, struct task_struct *task)
{
	struct ca_program *program = bpf_map_lookup_elem(&programs, &index);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u32 uid = BPF_CORE_READ(cred, uid.val), first;

	if (!program || !uid || (__u64)BPF_CORE_READ(cred, user_ns) != state.user_ns)
		return;
	first = __sync_val_compare_and_swap(&program->users[0], 0, uid);
	if (first && first != uid)
		__sync_val_compare_and_swap(&program->users[1], 0, uid);
}

/* Index of the program being executed. */
static __always_inline __u32 program_of(struct linux_binprm *bprm, __u32 parent)
{
	struct program_path key = {};
	__u32 index;

	if (bpf_probe_read_kernel_str(key.path, sizeof(key.path), BPF_CORE_READ(bprm, filename)) == CA_PATH)
		end_with_file(&key, bprm);
	index = index_of(&key, parent, 0);
	note_file(index, bprm);
	add_process(index);
	return index;
}
