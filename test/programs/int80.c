// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes three capability checks through the 32-bit system call entry, whose
 * numbers mean other calls than the 64-bit one's. Built twice: as an i386
 * program, and as an x86-64 program that uses int $0x80 all the same. It has no
 * C library, so that no 32-bit one need be installed.
 */
#define I386_EXIT 1
#define I386_CHROOT 61 /* wait4 on x86-64 */

static long int80(long number, long argument)
{
	long result;

	/* the kernel does not keep r8 to r11 over this entry; i386 has none */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(argument)
			 : "memory"
#ifdef __x86_64__
			   , "r8", "r9", "r10", "r11"
#endif
	);
	return result;
}

void _start(void)
{
	static const char root[] = "/";
	int failed = 0;

	/* linked at a fixed low address: the pointer fits 32 bits */
	for (int i = 0; i < 3; i++)
		failed |= int80(I386_CHROOT, (long)root) != 0;
	int80(I386_EXIT, failed);
	for (;;)
		;
}
