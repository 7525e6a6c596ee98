/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files each program mapped code of: libraries that it loads by name are in no file of its own. What exec maps, the
 * program and its dynamic linker, is not told here.
 *
 * They are seen when mmap(2) ends. Where no system call's end is (`sampled`), loaders are known by how they map a
 * library's data: private, writable, and in a place that they kept free beside its code. The kernel asks for CAP_SYS_ADMIN
 * in that case (mm/vma.c, accountable_mapping(), 6.18 and 7.3), to see whether the last memory may be had.
 */

static __always_inline bool is_mmap(__s32 number, __u32 abi)
{
	return abi == CA_ABI_COMPAT ? number == NR_MMAP2_COMPAT : (number & ~CA_X32_BIT) == NR_MMAP;
}

/* mmap(2) of i386 with all its arguments in memory, number 90, is left out: no C library has used it since mmap2. */
static __always_inline bool maps_code(__s32 number, __u32 abi)
{
	if (abi == CA_ABI_COMPAT)
		return number == NR_MMAP2_COMPAT || number == NR_MPROTECT_COMPAT || number == NR_PKEY_MPROTECT_COMPAT;
	number &= ~CA_X32_BIT;
	return number == NR_MMAP || number == NR_MPROTECT || number == NR_PKEY_MPROTECT;
}

/* Global, so that the verifier looks at it once: see argument(). */
__noinline int keep_code(__u32 program, __u64 file_address)
{
	struct file *file = (struct file *)file_address;
	struct ca_code_key key = { .program = program };
	struct ca_code *code;

	identify(&key.file, BPF_CORE_READ(file, f_inode));
	if (!key.file.inode || bpf_map_lookup_elem(&code_files, &key))
		return 0;
	if (bpf_map_update_elem(&code_files, &key, &no_code, BPF_NOEXIST)) {
		if (!bpf_map_lookup_elem(&code_files, &key)) /* else another CPU was first */
			add(&state.lost_code);
		return 0;
	}
	code = bpf_map_lookup_elem(&code_files, &key);
	if (!code)
		return 0;
	name_file(&code->path, file);
	code->named = 1;
	return 0;
}

static long keep_code_of(struct task_struct *task, struct vm_area_struct *vma, void *program)
{
	__u64 file = (__u64)BPF_CORE_READ(vma, vm_file);

	return file ? keep_code(*(__u32 *)program, file) : 0;
}

/* What lay there already was made executable. The helper came with 5.17, and does not wait for who changes mappings. */
__noinline int note_protected(__u32 program, __u64 address)
{
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_find_vma) ||
	    bpf_find_vma(bpf_get_current_task_btf(), address, keep_code_of, &program, 0) == -EBUSY)
		add(&state.lost_code);
	return 0;
}

/*
 * A call of mmap(2) that ends, or is about to map. Its descriptor is looked up now: who lets another thread put another
 * file there meanwhile is not a loader.
 */
__noinline int note_mapped(__u32 program, __u32 flags, __u32 compat)
{
	struct file *file;

	if ((argument(3, compat) & (MAP_ANONYMOUS | flags)) != flags)
		return 0;
	file = own_file(argument(4, compat));
	return file ? keep_code(program, (__u64)file) : 0;
}

/* A call of maps_code() that makes code executable has succeeded. */
__noinline int note_executable(__u32 program, __s32 number, __u32 abi)
{
	__u32 compat = abi == CA_ABI_COMPAT;

	if (is_mmap(number, abi))
		return note_mapped(program, 0, compat);
	return note_protected(program, argument(0, compat));
}

/* Every system call that succeeds comes by here. */
static __always_inline void note_code(const struct ca_task *t, struct pt_regs *regs, __s32 number, __u32 abi)
{
	if (code_wanted && maps_code(number, abi) && (argument_of(regs, 2, abi == CA_ABI_COMPAT) & PROT_EXEC))
		note_executable(t->program, number, abi);
}

/* Every check comes by here. Most mappings are of memory alone. */
static __always_inline void note_loaded(const struct ca_task *t, const struct ca_check *check)
{
	struct pt_regs *regs = (struct pt_regs *)t->anchors.registers;

	if (!code_wanted || !sampled || check->capability != CAP_SYS_ADMIN || !is_mmap(check->syscall, check->abi))
		return;
	if (check->abi == CA_ABI_COMPAT || !(READ_ARGUMENT(4, regs) & MAP_ANONYMOUS))
		note_mapped(t->program, MAP_FIXED, check->abi == CA_ABI_COMPAT);
}
