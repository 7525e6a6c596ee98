package tracer

/*
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const char *environ_start, *environ_end;
static int stdout_closed;

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
	stdout_closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;
}

static int stdout_was_closed(void) { return stdout_closed; }
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
func StdoutWasClosed() bool { return C.stdout_was_closed() != 0 }

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
