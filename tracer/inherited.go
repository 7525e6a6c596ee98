package tracer

/*
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *environ_start, *environ_end;
static int closed_at_start;

// With file capabilities the C library opens /dev/full and /dev/null in the place of
// what is closed (glibc, csu/check_fds.c): with a flag that nobody else takes for
// them, and that stays (6.18, fs/open.c, do_dentry_open()).
static int filled_in(int fd)
{
	struct stat st;

	return getauxval(AT_SECURE) && (fcntl(fd, F_GETFL) & O_NOFOLLOW) && fstat(fd, &st) == 0 &&
	       S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, fd == STDIN_FILENO ? 7 : 3);
}

// Runs before Go's runtime.
__attribute__((constructor)) static void remember(int argc, char **argv)
{
	// The kernel lays out the strings of the arguments, of the environment and
	// the path executed one after another (fs/exec.c, since 2.6.23). With file
	// capabilities the C library has taken dangerous variables out of environ
	// by now, and /proc/self/environ is not ours to read.
	if (argc > 0) {
		environ_start = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
		environ_end = (const char *)getauxval(AT_EXECFN);
	}

	// Go's runtime opens /dev/null in the place of what is closed
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 || filled_in(fd))
			closed_at_start |= 1 << fd;
}

static int closed_files(void) { return closed_at_start; }
static const char *environ_at_start(void) { return environ_start; }
static long environ_length(void) { return environ_end - environ_start; }
*/
import "C"

import (
	"strings"
	"syscall"

	"github.com/cap-audit/cap-audit/early"
)

// IgnoredAtStart reports whether this process was started with a signal
// ignored, as nohup(1) and shells do for programs in the background.
func IgnoredAtStart(sig syscall.Signal) bool { return early.Ignored()>>sig&1 != 0 }

// StdoutWasClosed reports whether this process was started without a standard
// output: what is written there goes nowhere, and no error says so.
func StdoutWasClosed() bool { return closedAtStart(1) }

// closedAtStart reports whether one of the standard files was not open.
func closedAtStart(fd int) bool { return C.closed_files()>>fd&1 != 0 }

// Environ is the environment as it was handed to this process: in
// its order, with duplicates and entries without "=", all of which
// os.Environ mends.
func Environ() []string {
	length := C.environ_length()
	if C.environ_at_start() == nil || length < 0 || length > maxEnviron {
		return syscall.Environ()
	}
	raw := C.GoStringN(C.environ_at_start(), C.int(length))
	if raw == "" {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(raw, "\x00"), "\x00")
}

// maxEnviron bounds the environment in bytes: execve takes at most a quarter
// of the stack's limit, and 6 MiB (fs/exec.c, bprm_set_stack_limit, 4.13).
const maxEnviron = 6 << 20
