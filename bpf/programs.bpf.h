/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs of the tree, by index. */

static __always_inline void describe(struct ca_program *program, const struct ca_program_key *key, __u32 parent,
				     struct task_struct *running)
{
	program->parent = parent;
	program->group = key->group;
	program->file = key->file;
	if (running) {
		program->pid = pid_seen_by_auditor(running);
		bpf_probe_read_kernel_str(program->path, CA_COMM, &running->comm);
		program->ran = 1;
	} else {
		__builtin_memcpy(program->path, key->path, sizeof(program->path));
	}
}

/* A row for a program that has not been seen; 0 if there is no room. It is not found before all of it is there. */
static __always_inline __u32 new_program(struct ca_program_key *key, __u32 parent, struct task_struct *running)
{
	__u32 index = __sync_fetch_and_add(&state.programs, 1) + 1, *first;
	struct ca_program *program;

	if (index >= CA_PROGRAMS || bpf_map_update_elem(&programs, &index, &no_program, BPF_NOEXIST))
		return 0;
	program = bpf_map_lookup_elem(&programs, &index);
	if (!program)
		return 0;
	describe(program, key, parent, running);
	if (bpf_map_update_elem(&program_index, key, &index, BPF_NOEXIST) == 0)
		return index;
	bpf_map_delete_elem(&programs, &index);
	first = bpf_map_lookup_elem(&program_index, key); /* another CPU's */
	return first ? *first : 0;
}

/* Index of a program, a new one when it has not been seen. */
static __noinline __u32 index_of(struct ca_program_key *key, __u32 parent, struct task_struct *running)
{
	__u32 *known = bpf_map_lookup_elem(&program_index, key), index;

	if (known)
		return *known;
	index = new_program(key, parent, running);
	if (!index) {
		add(&state.lost_programs);
		bpf_map_update_elem(&programs, &index, &no_program, BPF_NOEXIST);
	}
	return index;
}

static __always_inline void add_process(__u32 index)
{
	struct ca_program *program = bpf_map_lookup_elem(&programs, &index);

	if (program)
		add(&program->processes);
}

static __always_inline void identify(struct ca_file *file, struct inode *inode)
{
	file->inode = BPF_CORE_READ(inode, i_ino);
	file->device = BPF_CORE_READ(inode, i_sb, s_dev);
	file->generation = BPF_CORE_READ(inode, i_generation);
}

/* The mode of the file that the kernel looks at for privileges (fs/exec.c, bprm_creds_from_file()). */
static __always_inline void note_mode(__u32 index, struct inode *inode)
{
	struct ca_program *program = bpf_map_lookup_elem(&programs, &index);
	__u32 mode = BPF_CORE_READ(inode, i_mode);

	if (!program || !index)
		return;
	if (program->mode)
		program->mode |= mode & (S_ISUID | S_ISGID | S_IXGRP);
	else
		program->mode = mode;
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

/* A program that executes itself by /proc/self/exe, as busybox does, is no other one. */
static __always_inline void name_itself(struct ca_program_key *key, __u32 before)
{
	const struct ca_program *row = bpf_map_lookup_elem(&programs, &before);
	const char itself[] = "/proc/self/exe";

	for (__u32 i = 0; i < sizeof(itself); i++)
		if (key->path[i] != itself[i])
			return;
	if (!row || row->group != key->group || row->file.inode != key->file.inode ||
	    row->file.device != key->file.device || row->file.generation != key->file.generation)
		return;
	if (row->ran)
		__builtin_memset(key->path, 0, sizeof(key->path)); /* its own key: see program_of_running() */
	else
		__builtin_memcpy(key->path, row->path, sizeof(key->path));
}

/* Index of the program that a task executes. */
static __noinline __u32 program_of(struct linux_binprm *bprm, const struct ca_task *t)
{
	struct inode *inode = BPF_CORE_READ(bprm, file, f_inode);
	struct ca_program_key key = {};
	__u32 index;

	bpf_probe_read_kernel_str(key.path, sizeof(key.path), BPF_CORE_READ(bprm, filename));
	identify(&key.file, inode);
	key.group = t->group;
	name_itself(&key, t->program);
	index = index_of(&key, t->program, 0);
	note_mode(index, inode);
	add_process(index);
	return index;
}
