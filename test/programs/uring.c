/*
 * uring FILE: open FILE for writing by io_uring, in one of its worker threads.
 *
 * The worker is a thread of the process that the kernel makes, not clone(2), and it is inside no system
 * call when it asks for the capability. FILE should be of mode 0 and of another user's, or root's: then it
 * asks for DAC_OVERRIDE, once. Setting up a ring asks for IPC_LOCK, to know whether to account for its
 * memory; a refusal changes nothing.
 *
 * Exit status: 0 opened, 1 refused (the errno is printed), 77 no io_uring here, 2 anything else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fail(int status, const char *what)
{
	fprintf(stderr, "uring: %s: %s\n", what, strerror(errno));
	exit(status);
}

static void *map(int ring, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);

	if (at == MAP_FAILED)
		fail(2, "mmap");
	return at;
}

int main(int argc, char **argv)
{
	struct io_uring_params params = { 0 };
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;
	unsigned int *sq_tail, *sq_array, *cq_head;
	char *sq, *cq;
	int ring;

	if (argc != 2) {
		fputs("usage: uring FILE\n", stderr);
		return 2;
	}
	ring = syscall(SYS_io_uring_setup, 1, &params);
	if (ring < 0)	/* ENOSYS without it, EPERM by kernel.io_uring_disabled or seccomp */
		fail(errno == ENOSYS || errno == EPERM ? 77 : 2, "io_uring_setup");

	sq = map(ring, params.sq_off.array + params.sq_entries * sizeof(*sq_array), IORING_OFF_SQ_RING);
	cq = map(ring, params.cq_off.cqes + params.cq_entries * sizeof(*done), IORING_OFF_CQ_RING);
	entry = map(ring, params.sq_entries * sizeof(*entry), IORING_OFF_SQES);
	sq_tail = (unsigned int *)(sq + params.sq_off.tail);
	sq_array = (unsigned int *)(sq + params.sq_off.array);
	cq_head = (unsigned int *)(cq + params.cq_off.head);

	/* IOSQE_ASYNC: straight to a worker. Without it the caller's own thread would try first. */
	entry->opcode = IORING_OP_OPENAT;
	entry->flags = IOSQE_ASYNC;
	entry->fd = AT_FDCWD;
	entry->addr = (unsigned long)argv[1];
	entry->open_flags = O_WRONLY | O_CLOEXEC;
	sq_array[0] = 0;
	__atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);

	while (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		if (errno != EINTR)
			fail(2, "io_uring_enter");
	done = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	if (__atomic_load_n((unsigned int *)(cq + params.cq_off.tail), __ATOMIC_ACQUIRE) == *cq_head)
		fail(2, "no completion");

	errno = -done->res;
	if (done->res == -EINVAL)
		fail(77, "openat");	/* before Linux 5.6 */
	if (done->res < 0 && done->res != -EACCES && done->res != -EPERM)
		fail(2, argv[1]);
	if (done->res < 0) {
		printf("%s\n", strerrorname_np(errno));
		return 1;
	}
	return 0;
}
