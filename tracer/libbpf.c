/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of libbpf that are called here first. Where they are not, all is as
 * it is without them, and takes longer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "libbpf.h"

static const void *outline;
static size_t outline_size;

void look_in(const void *btf, size_t size)
{
	outline = btf;
	outline_size = size;
}

/*
 * libbpf reads all of the kernel's BTF, and up to 1.5 keeps two copies of it
 * meanwhile, to find a few functions by their names. A shared libbpf calls this
 * because the program's symbols come first, a static one because the linker wraps it.
 */
#ifdef STATIC_LIBBPF
struct btf *__real_btf__load_vmlinux_btf(void);
#define btf__load_vmlinux_btf __wrap_btf__load_vmlinux_btf
#define bpf_btf_get_next_id __wrap_bpf_btf_get_next_id
#else
static struct btf *__real_btf__load_vmlinux_btf(void)
{
	struct btf *(*real)(void) = (struct btf * (*)(void)) dlsym(RTLD_NEXT, "btf__load_vmlinux_btf");

	if (real)
		return real();
	errno = ENOSYS;
	return NULL;
}
#endif

struct btf *btf__load_vmlinux_btf(void)
{
	return outline ? btf__new(outline, outline_size) : __real_btf__load_vmlinux_btf();
}

/*
 * libbpf reads the BTF of one module after the other for a function that the kernel itself
 * has not: an older one lacks some. No module has any that is looked for here.
 */
int bpf_btf_get_next_id(__u32 start, __u32 *next)
{
	errno = ENOENT;
	return -ENOENT;
}

/* libbpfgo formats each line, of which there are thousands, before it asks whether anybody wants it. */
static libbpf_print_fn_t print_warning;

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && print_warning ? print_warning(level, format, args) : 0;
}

libbpf_print_fn_t __real_libbpf_set_print(libbpf_print_fn_t fn);

libbpf_print_fn_t __wrap_libbpf_set_print(libbpf_print_fn_t fn)
{
	libbpf_print_fn_t before = print_warning;

	print_warning = fn;
	__real_libbpf_set_print(print);
	return before;
}
