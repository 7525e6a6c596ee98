/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of native system calls, as tables in read-only data: to look at one takes as long for many calls as for few, and is
 * one path for the verifier, where a switch is one for each.
 */

/* What a number adds to a word of such a set. */
#define NUMBERED(word, number) ((__u32)(number) / 64 == (word) ? 1ULL << ((number) & 63) : 0)

/* A set, of a macro that makes each word of it. */
#define NUMBERS(of) { of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7), of(8) }

_Static_assert(CA_SYSCALLS / 64 == 9, "a set has a word for every 64 system calls");

static __always_inline bool is_among(const __u64 *numbers, __u32 number)
{
	__u32 word = number / 64;

	barrier_var(word); /* or the compiler checks one register and uses another: the verifier wants the same */
	return word < CA_SYSCALLS / 64 && (numbers[word] >> (number & 63) & 1);
}
