// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes three capability checks through the 32-bit system call entry, whose
 * numbers mean other calls than the 64-bit one's, and goes on as the program
 * "next", if that is in the working directory. Built twice: as an i386
 * program, and as an x86-64 program that uses int $0x80 all the same; and for
 * arm64 kernels as an Arm program. It has no C library, so that no 32-bit one
 * need be installed.
 */
/* the same on i386 and Arm */
#define NR_EXIT 1
#define NR_EXECVE 11 /* munmap on x86-64, llistxattr on arm64 */
#define NR_CHROOT 61 /* wait4 on x86-64, getdents64 on arm64 */

static long int80(long number, long argument, long second)
{
#ifdef __arm__
	register long r7 __asm__("r7") = number;
	register long result __asm__("r0") = argument;
	register long r1 __asm__("r1") = second;
	register long r2 __asm__("r2") = 0;

	__asm__ volatile("svc #0" : "+r"(result) : "r"(r7), "r"(r1), "r"(r2) : "memory");
#else
	long result;

	/* the kernel does not keep r8 to r11 over this entry; i386 has none */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(argument), "c"(second), "d"(0L)
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
	/* linked at a fixed low address: the pointers fit 32 bits, and what a longer one has beyond is a null pointer */
	static const char root[] = "/", next[] = "next";
	static const char *const arguments[] = {next, 0};
	int failed = 0;

	for (int i = 0; i < 3; i++)
		failed |= int80(NR_CHROOT, (long)root, 0) != 0;
	int80(NR_EXECVE, (long)next, (long)arguments); /* comes back if there is none */
	int80(NR_EXIT, failed, 0);
	for (;;)
		;
}
