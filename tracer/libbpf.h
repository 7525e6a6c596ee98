/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>

/* Has libbpf look in that BTF for kernel functions; NULL for the kernel's own. */
void look_in(const void *btf, size_t size);
