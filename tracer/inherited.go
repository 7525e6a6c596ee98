package tracer

/*
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static unsigned long long ignored_at_start;
static const char *environ_start, *environ_end;
static int stdout_closed;

// Runs before Go's runtime, which installs its handlers over dispositions
// inherited as "ignore" for all signals but SIGHUP and SIGINT.
__attribute__((constructor)) static void remember(int argc, char **argv)
{
	struct sigaction sa;

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

	for (int sig = 1; sig < 64; sig++)
		if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			ignored_at_start |= 1ULL << sig;
}

static int stdout_was_closed(void) { return stdout_closed; }
static unsigned long long ignored_signals(void) { return ignored_at_start; }
static const char *environ_at_start(void) { return environ_start; }
static long environ_length(void) { return environ_end - environ_start; }
*/
import "C"

import (
	"strings"
	"syscall"
)

// IgnoredAtStart reports whether this process was started with a signal
// ignored, as nohup(1) and shells do for programs in the background.
func IgnoredAtStart(sig syscall.Signal) bool { return ignoredSignals()>>sig&1 != 0 }

// StdoutWasClosed reports whether this process was started without a standard
// output: what is written there goes nowhere, and no error says so.
func StdoutWasClosed() bool { return C.stdout_was_closed() != 0 }

// ignoredSignals is the set of signals, bit n for signal n, that this process
// was started with ignored. The target must ignore them as well.
func ignoredSignals() uint64 { return uint64(C.ignored_signals()) }

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
