/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#include "early.h"

// What a packer such as upx has unpacked is in no file, from where it would come back. Of a file that is not mapped
// shared and writable this does nothing: madvise(2).
static int is_of_file(void *begin, size_t size)
{
	return madvise(begin, size, MADV_REMOVE) < 0 && errno == EACCES;
}

// A debugger's breakpoints in it go, too: they are in private copies of its pages. Relocations are not: what has
// any is writable when it is mapped.
static int let_go(struct dl_phdr_info *object, size_t unused, void *unused_too)
{
	ElfW(Addr) page = sysconf(_SC_PAGESIZE);

	for (int n = 0; n < object->dlpi_phnum; n++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[n];
		ElfW(Addr) begin = object->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;
		void *there = (void *)(begin & -page);
		size_t size = end - (ElfW(Addr))there;

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && is_of_file(there, size))
			madvise(there, size, MADV_DONTNEED);
	}
	return 0;
}

void let_code_go(void) { dl_iterate_phdr(let_go, NULL); }
