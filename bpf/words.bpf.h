/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's memory, read by instructions where that can be: a helper takes ten times as long. */

/* kernel/bpf/verifier.c, 6.2: from then on any address can be read by an instruction, which reads 0 where there is nothing */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;
/*
 * The type that a word is read as: the ID of struct timespec64 in the kernel's own BTF, which is not what libbpf relocates
 * by; 0 where it is not known, or the kernel has no such function and a helper has to read.
 */
const volatile __u32 an_integer = 0;

static __always_inline __u64 read_word(__u64 address, __u32 type)
{
	__u64 word;

	if (__builtin_expect(type != 0, 1))
		return ((struct timespec64 *)bpf_rdonly_cast((void *)address, type))->tv_sec;
	return bpf_probe_read_kernel(&word, sizeof(word), (void *)address) ? 0 : word;
}

static __always_inline __u64 word_at(__u64 address)
{
	return read_word(address, an_integer);
}

/* A pointer in a structure of the kernel, and a number of four bytes. */
#define READ_POINTER(object, member) ((typeof((object)->member))word_at((__u64)&(object)->member))
#define READ_NUMBER(object, member) ((__u32)word_at((__u64)&(object)->member))
