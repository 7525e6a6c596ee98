package tracer

/*
#include <errno.h>
#include <linux/types.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "../bpf/cap_audit.h"

static int program_misses(int fd, unsigned long long *misses)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &size);

	*misses = info.recursion_misses;
	return err;
}

// Asks for a program that no kernel takes: it attaches to nothing. The errno
// tells whether the type was looked at, or refused out of hand.
static int fexit_errno(void)
{
	struct bpf_insn exit0[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FEXIT,
		.insns = (unsigned long)exit0,
		.insn_cnt = 2,
		.license = (unsigned long)"GPL",
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}
*/
import "C"

import (
	"bytes"
	"fmt"
	"syscall"
	"unsafe"
)

// The kernel half's types, as cgo reads them from the header both halves share.
type (
	kernelState    C.struct_ca_state
	kernelTask     C.struct_ca_task
	kernelCheck    C.struct_ca_check
	kernelRow      C.struct_ca_row
	kernelSiteKey  C.struct_ca_site_key
	kernelSite     C.struct_ca_site
	kernelChain    C.struct_ca_chain
	kernelChains   C.struct_ca_chains
	kernelOutcome  C.struct_ca_outcome
	kernelUnasked  C.struct_ca_unasked
	kernelProgram  C.struct_ca_program
	kernelSyscalls C.struct_ca_syscalls
	kernelTotal    C.struct_ca_total
	kernelEvent    C.struct_ca_event
	kernelAdopted  C.struct_ca_adopted
	kernelLiving   C.struct_ca_living
)

const (
	taskArmed   = C.CA_TASK_ARMED
	taskRoot    = C.CA_TASK_ROOT
	maxPrograms = C.CA_PROGRAMS
	maxSyscalls = C.CA_SYSCALLS
	maxPath     = C.CA_PATH
	maxCaps     = C.CA_CAPS

	abiNative = C.CA_ABI_NATIVE
	abiCompat = C.CA_ABI_COMPAT
	abiX32    = C.CA_ABI_X32
	abis      = C.CA_ABIS

	x32Bit = C.CA_X32_BIT

	credOverridden = C.CA_CRED_OVERRIDDEN
	credForeign    = C.CA_CRED_FOREIGN
	credOwner      = C.CA_CRED_OWNER
	credNested     = C.CA_CRED_NESTED

	chainWrong = C.CA_CHAIN_WRONG

	unaskedConcluded = C.CA_CONCLUDED
	unaskedReadsMM   = C.CA_READS_MM

	anybody = C.CA_ANYBODY

	eventCheck   = C.CA_EVENT_CHECK
	eventCapset  = C.CA_EVENT_CAPSET
	eventDrop    = C.CA_EVENT_DROP
	eventSyscall = C.CA_EVENT_SYSCALL
)

// decode copies a map's bytes into its type. The sizes can differ only if the
// embedded object and this binary were built from different headers.
func decode[T any](raw []byte) (T, error) {
	var v T
	if len(raw) != int(unsafe.Sizeof(v)) {
		return v, fmt.Errorf("kernel record of %d bytes where %T has %d: the embedded BPF object is from "+
			"another build, run make clean",
			len(raw), v, unsafe.Sizeof(v))
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), len(raw)), raw)
	return v, nil
}

func markedTask(flags uint32) kernelTask { return kernelTask{flags: C.__u32(flags)} }

func programMisses(fd int) (uint64, error) {
	var misses C.ulonglong
	if res, err := C.program_misses(C.int(fd), &misses); res != 0 {
		return 0, fmt.Errorf("read a BPF program's statistics: %w", err)
	}
	return uint64(misses), nil
}

// fexitRefused tells whether the kernel refuses fexit programs as such: a
// quick question that spares loading everything in vain.
func fexitRefused() bool { return syscall.Errno(C.fexit_errno()) == syscall.EPERM }

func cString(chars []C.char) string {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(chars))), len(chars))
	if end := bytes.IndexByte(raw, 0); end >= 0 {
		raw = raw[:end]
	}
	return string(raw)
}
