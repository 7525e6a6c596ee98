// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes three capability checks through the 32-bit system call entry, whose
 * numbers mean other calls than the 64-bit one's. Built twice: as an i386
 * program, and as an x86-64 program that uses int $0x80 all the same; and for
 * arm64 kernels as an Arm program. It has no C library, so that no 32-bit one
 * need be installed.
 */
/* the same on i386 and Arm */
#define NR_EXIT 1
#define NR_CHROOT 61 /* wait4 on x86-64, getdents64 on arm64 */

static long int80(long number, long argument)
{
#ifdef __arm__
	register long r7 __asm__("r7") = number;
	register long result __asm__("r0") = argument;

	__asm__ volatile("svc #0" : "+r"(result) : "r"(r7) : "memory");
#else
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
#endif
	return result;
}

void _start(void)
{
	static const char root[] = "/";
	int failed = 0;

	/* linked at a fixed low address: the pointer fits 32 bits */
	for (int i = 0; i < 3; i++)
		failed |= int80(NR_CHROOT, (long)root) != 0;
	int80(NR_EXIT, failed);
	for (;;)
		;
}
