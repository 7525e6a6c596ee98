// Package early is about the first moments of the process. It needs next to nothing,
// so that Go initialises it before nearly everything else.
package early

/*
#cgo LDFLAGS: -Wl,--wrap=sigaction
#include "early.h"
*/
import "C"

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"unsafe"
)

// StubName is argv[0] of the stub: this binary, re-executed, on its way to become
// the target. No path or option can be mistaken for it.
const StubName = C.CAP_AUDIT_STUB

// AnalystName is argv[0] of the analyst: this binary, re-executed to read a program's code.
const AnalystName = C.CAP_AUDIT_ANALYST

// IsStub tells whether this process is one, IsAnalyst whether it is that.
var (
	IsStub    = C.started_as_stub() != 0
	IsAnalyst = C.started_as_analyst() != 0
)

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

// RoomFor says why there cannot be that many more threads, in this process and in
// the stub.
func RoomFor(threads int) error {
	const more = 512 << 20 // address space that Go's runtime grows by
	if C.room_for(C.int(threads)+C.RUNTIME_THREADS, more) == 0 {
		return errors.New(C.NO_ROOM)
	}
	return nil
}

// LetCodeGo has this process hold none of the code that it has used so far. To be called between two of its
// parts: most of what the first needed, and 64 KiB around each of its pages (mm/memory.c, do_fault_around(),
// 6.18), the second does not need. What it needs comes back by page faults.
func LetCodeGo() { C.let_code_go() }

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
