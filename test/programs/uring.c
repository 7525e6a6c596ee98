/*
 * uring FILE [N]: open FILE for writing by io_uring, in one of its worker threads, N times.
 *
 * The worker is a thread of the process that the kernel makes, not clone(2), and it is inside no system
 * call when it asks for the capability. FILE should be of mode 0 and of another user's, or root's: then it
 * asks for DAC_OVERRIDE, once each time. Setting up a ring asks for IPC_LOCK, to know whether to account for its
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

/* What kernel and program share. */
struct rings {
	int fd;
	char *sq, *cq;
	struct io_uring_params params;
	struct io_uring_sqe *entry;
};

static void set_up(struct rings *r)
{
	const struct io_uring_params *p = &r->params;

	r->fd = syscall(SYS_io_uring_setup, 1, &r->params);
	if (r->fd < 0)	/* ENOSYS without it, EPERM by kernel.io_uring_disabled or seccomp */
		fail(errno == ENOSYS || errno == EPERM ? 77 : 2, "io_uring_setup");
	r->sq = map(r->fd, p->sq_off.array + p->sq_entries * sizeof(unsigned int), IORING_OFF_SQ_RING);
	r->cq = map(r->fd, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r->entry = map(r->fd, p->sq_entries * sizeof(*r->entry), IORING_OFF_SQES);
}

/* Returns a descriptor, or a negative errno. */
static int open_once(struct rings *r, const char *path)
{
	unsigned int *tail = (unsigned int *)(r->sq + r->params.sq_off.tail);
	unsigned int *done = (unsigned int *)(r->cq + r->params.cq_off.head), at = *done;
	const struct io_uring_cqe *results = (struct io_uring_cqe *)(r->cq + r->params.cq_off.cqes);
	int result;

	/* IOSQE_ASYNC: straight to a worker. Without it the caller's own thread would try first. */
	memset(r->entry, 0, sizeof(*r->entry));
	r->entry->opcode = IORING_OP_OPENAT;
	r->entry->flags = IOSQE_ASYNC;
	r->entry->fd = AT_FDCWD;
	r->entry->addr = (unsigned long)path;
	r->entry->open_flags = O_WRONLY | O_CLOEXEC;
	((unsigned int *)(r->sq + r->params.sq_off.array))[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);

	while (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		if (errno != EINTR)
			fail(2, "io_uring_enter");
	if (__atomic_load_n((unsigned int *)(r->cq + r->params.cq_off.tail), __ATOMIC_ACQUIRE) == at)
		fail(2, "no completion");
	result = results[at & (r->params.cq_entries - 1)].res;
	__atomic_store_n(done, at + 1, __ATOMIC_RELEASE);
	return result;
}

int main(int argc, char **argv)
{
	long number = argc == 3 ? atol(argv[2]) : 1;
	struct rings rings = { 0 };

	if (argc < 2 || argc > 3 || number <= 0) {
		fputs("usage: uring FILE [N]\n", stderr);
		return 2;
	}
	set_up(&rings);
	for (long i = 0; i < number; i++) {
		int fd = open_once(&rings, argv[1]);

		errno = -fd;
		if (fd == -EINVAL)
			fail(77, "openat");	/* before Linux 5.6 */
		if (fd < 0 && fd != -EACCES && fd != -EPERM)
			fail(2, argv[1]);
		if (fd < 0) {
			printf("%s\n", strerrorname_np(errno));
			return 1;
		}
		close(fd);
	}
	return 0;
}
