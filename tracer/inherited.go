package tracer

/*
#include <signal.h>

static unsigned long long ignored_at_start;

// Runs before Go's runtime, which installs its handlers over dispositions
// inherited as "ignore" for all signals but SIGHUP and SIGINT.
__attribute__((constructor)) static void remember_ignored_signals(void)
{
	struct sigaction sa;

	for (int sig = 1; sig < 64; sig++)
		if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			ignored_at_start |= 1ULL << sig;
}

static unsigned long long ignored_signals(void) { return ignored_at_start; }
*/
import "C"

import (
	"os"
	"strings"
	"syscall"
)

// ignoredSignals is the set of signals, bit n for signal n, that this process
// was started with ignored. The target must ignore them as well.
func ignoredSignals() uint64 { return uint64(C.ignored_signals()) }

// inheritedEnviron is the environment as it was handed to this process: in
// its order, with duplicates and entries without "=", all of which
// os.Environ mends.
func inheritedEnviron() []string {
	raw, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		return syscall.Environ()
	}
	if len(raw) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
}
