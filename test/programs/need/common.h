/* need: what all modes share. */
#ifndef NEED_COMMON_H
#define NEED_COMMON_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* The third user: owns what --prepare makes, runs its helper process, and is never the one audited. */
#define THIRD 4242

/* Made by --prepare where binding to any port is free to all. */
#define FREE_PORTS "free-ports"

enum { ALLOWED = 0, REFUSED = 1, BROKEN = 2, UNSUPPORTED = 77 };

static __attribute__((noreturn, format(printf, 2, 3))) void quit(int status, const char *format, ...)
{
	va_list args;

	fputs("need: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

/* A step that asks for no capability and must work. */
static long must(long ret, const char *what)
{
	if (ret < 0)
		quit(BROKEN, "%s: %s", what, strerror(errno));
	return ret;
}

static long round;	/* 0, 1, … COUNT - 1: which one this is */

/* What every mode returns: 0 when the capability was granted, else -errno. `past` is the errno of a later
 * objection. */
static int verdict(long ret, int past)
{
	return ret >= 0 || errno == past ? 0 : -errno;
}

/* A path that --prepare made. */
static const char *prepared(const char *name)
{
	static char path[PATH_MAX];
	const char *dir = getenv("NEED_DIR");

	if (!dir)
		quit(UNSUPPORTED, "set NEED_DIR to a directory made by need --prepare");
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, F_OK) < 0)
		quit(UNSUPPORTED, "%s: %s; run need --prepare", path, strerror(errno));
	return path;
}

/* An own regular file that has no name and needs no directory: nothing to clean up, and no directory is
 * asked. */
static int own_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = must(memfd_create("need", MFD_CLOEXEC), "memfd_create");
	return fd;
}

static void set_limit(int resource, rlim_t max)
{
	struct rlimit none = { 0, max };

	must(setrlimit(resource, &none), "setrlimit");
}

#endif
