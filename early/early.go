// Package early is about the first moments of the process. It needs next to nothing,
// so that Go initialises it before nearly everything else.
package early

/*
#cgo LDFLAGS: -Wl,--wrap=sigaction
#include <signal.h>
#include <string.h>
#include "stub.h"

static unsigned long long ignored_at_start;
static int is_stub;

// Runs before Go's runtime, which installs its handlers over dispositions
// inherited as "ignore" for all signals but SIGHUP and SIGINT.
__attribute__((constructor)) static void remember_ignored(int argc, char **argv)
{
	struct sigaction sa;

	is_stub = argc == 2 && strcmp(argv[0], CAP_AUDIT_STUB) == 0;
	for (int sig = 1; sig < 64; sig++) {
		if (sigaction(sig, NULL, &sa) || sa.sa_handler != SIG_IGN)
			continue;
		ignored_at_start |= 1ULL << sig;
		if (!is_stub && (sig == SIGINT || sig == SIGQUIT || sig == SIGTERM))
			signal(sig, SIG_DFL); // see Requests
	}
}

static int started_as_stub(void) { return is_stub; }
static unsigned long long ignored_signals(void) { return ignored_at_start; }

int __real_sigaction(int sig, const struct sigaction *act, struct sigaction *old);

// The handlers of Go's runtime that are not in place yet: by them SIGQUIT dumps
// goroutines until somebody takes it, and what the caller had ignored ends the
// program. The linker has the runtime call this (runtime/cgo/gcc_sigaction.c).
static struct sigaction put_off[SIGTERM + 1];
static int in_place;

int __wrap_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	if (!in_place && act && act->sa_handler != SIG_IGN &&
	    (sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM)) {
		put_off[sig] = *act;
		act = NULL;
	}
	return __real_sigaction(sig, act, old);
}

static void put_in_place(void)
{
	in_place = 1;
	for (int sig = 1; sig <= SIGTERM; sig++)
		if (put_off[sig].sa_handler && !(is_stub && ignored_at_start >> sig & 1))
			__real_sigaction(sig, &put_off[sig], NULL);
}
*/
import "C"

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"
)

// StubName is argv[0] of the stub: this binary, re-executed, on its way to become
// the target. No path or option can be mistaken for it.
const StubName = C.CAP_AUDIT_STUB

// IsStub tells whether this process is one.
var IsStub = C.started_as_stub() != 0

// Ignored is the set of signals, bit n for signal n, that this process was started
// with ignored. The target must ignore them as well.
func Ignored() uint64 { return uint64(C.ignored_signals()) }

// Requests are the signals that ask for an end, as far as they are for us. All are
// that ask the auditor, although shells have SIGINT and SIGQUIT ignored by what they
// start in the background; but who uses nohup means it. The stub is for the target.
func Requests() []os.Signal {
	var list []os.Signal
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP} {
		if Ignored()>>sig&1 == 0 || !IsStub && sig != syscall.SIGHUP {
			list = append(list, sig)
		}
	}
	return list
}

var taken = make(chan os.Signal, 1)

// Until somebody else takes them, they end the process, quietly: nothing is there yet
// that could be left behind.
func init() {
	signal.Notify(taken, Requests()...)
	C.put_in_place()
	go func() { Die((<-taken).(syscall.Signal)) }()
}

// HandOver ends that. The signals have been taken before.
func HandOver() { signal.Stop(taken) }

// Die ends this process by a signal, and without a word.
func Die(sig syscall.Signal) {
	SetDefault(sig)
	syscall.Kill(syscall.Getpid(), sig)
	select {}
}

// SetDefault has a signal do what it does in a program that knows nothing of it.
// Go's runtime would keep its handler.
func SetDefault(sig syscall.Signal) {
	var byDefault [4]uint64 // struct sigaction of the kernel, with SIG_DFL and nothing else
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&byDefault)), 0, 8,
		0, 0)
}
