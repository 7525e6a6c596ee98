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

	"github.com/cap-audit/cap-audit/objects"
)

// The kernel half's types, as cgo reads them from the header both halves share.
type (
	kernelState     C.struct_ca_state
	kernelGroup     C.struct_ca_group
	kernelGroupKey  C.struct_ca_group_key
	kernelTask      C.struct_ca_task
	kernelCheck     C.struct_ca_check
	kernelRow       C.struct_ca_row
	kernelSiteKey   C.struct_ca_site_key
	kernelSite      C.struct_ca_site
	kernelChain     C.struct_ca_chain
	kernelObject    C.struct_ca_object
	kernelObjectKey C.struct_ca_object_key
	kernelLook      C.struct_ca_look
	kernelNames     C.struct_ca_names
	kernelChains    C.struct_ca_chains
	kernelOutcome   C.struct_ca_outcome
	kernelUnasked   C.struct_ca_unasked
	kernelProgram   C.struct_ca_program
	kernelKey       C.struct_ca_program_key
	kernelSyscalls  C.struct_ca_syscalls
	kernelCodeKey   C.struct_ca_code_key
	kernelCode      C.struct_ca_code
	kernelFile      C.struct_ca_file
	kernelTotal     C.struct_ca_total
	kernelEvent     C.struct_ca_event
	kernelAdopted   C.struct_ca_adopted
	kernelLiving    C.struct_ca_living
	kernelEnd       C.struct_ca_end
	kernelMapping   C.struct_ca_mapping
	kernelStack     C.struct_ca_stack
)

const (
	taskArmed    = C.CA_TASK_ARMED
	taskRoot     = C.CA_TASK_ROOT
	taskEntering = C.CA_TASK_ENTERING
	maxPrograms  = C.CA_PROGRAMS
	maxSyscalls  = C.CA_SYSCALLS
	maxPath      = C.CA_PATH
	maxCaps      = C.CA_CAPS
	maxKinds     = C.CA_KINDS
	maxGroups    = C.CA_GROUPS

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

	keptObjects    = C.CA_OBJECTS
	chainBuckets   = C.CA_CHAIN_BUCKETS
	deepestEach    = C.CA_EACH_DEPTH
	argumentBits   = C.CA_ARGUMENT_BITS
	argumentsKnown = C.CA_ARGUMENTS_KNOWN

	hasArguments = C.CA_HAS_ARGUMENTS
	hasFile      = C.CA_HAS_FILE
	hasWalk      = C.CA_HAS_WALK
	hasBase      = C.CA_HAS_BASE
	hasSocket    = C.CA_HAS_SOCKET
	hasAddress   = C.CA_HAS_ADDRESS
	hasRequest   = C.CA_HAS_REQUEST
	hasProcess   = C.CA_HAS_PROCESS
	hasStruct    = C.CA_HAS_STRUCT
	hasSelf      = C.CA_HAS_SELF
	hasFound     = C.CA_HAS_FOUND

	namesMore = C.CA_NAMES_MORE
	namesRoot = C.CA_NAMES_ROOT

	unaskedConcluded = C.CA_CONCLUDED
	unaskedReadsMM   = C.CA_READS_MM

	anybody = C.CA_ANYBODY

	mostCode = C.CA_CODE

	stackMapping = C.CA_STACK_MAPPING
	mostMappings = C.CA_MAPPINGS

	eventCheck   = C.CA_EVENT_CHECK
	eventCapset  = C.CA_EVENT_CAPSET
	eventDrop    = C.CA_EVENT_DROP
	eventSyscall = C.CA_EVENT_SYSCALL
)

// argumentNumbers are the kernel half's of what an argument can be.
var argumentNumbers = map[objects.Argument]uint32{
	objects.IsUnused: C.CA_ARGUMENT_UNUSED, objects.IsNumber: C.CA_ARGUMENT_NUMBER,
	objects.IsPath: C.CA_ARGUMENT_PATH, objects.IsDirectory: C.CA_ARGUMENT_DIRECTORY,
	objects.IsFile: C.CA_ARGUMENT_FILE, objects.IsWord: C.CA_ARGUMENT_WORD,
	objects.IsAddress: C.CA_ARGUMENT_ADDRESS, objects.IsMessage: C.CA_ARGUMENT_MESSAGE,
	objects.IsRequest: C.CA_ARGUMENT_REQUEST, objects.IsProcess: C.CA_ARGUMENT_PROCESS,
	objects.IsPidfd: C.CA_ARGUMENT_PIDFD, objects.IsStruct: C.CA_ARGUMENT_STRUCT,
	objects.IsEntry: C.CA_ARGUMENT_ENTRY, objects.IsPeek: C.CA_ARGUMENT_PEEK,
}

// decode copies a map's bytes into its type. The sizes can differ only if the
// embedded object and this binary were built from different headers.
func decode[T any](raw []byte) (T, error) {
	var v T
	if err := fits[T](len(raw)); err != nil {
		return v, err
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), len(raw)), raw)
	return v, nil
}

// fits says what is wrong where the kernel half's type is not as long as ours.
func fits[T any](size int) error {
	var v T
	if size == int(unsafe.Sizeof(v)) {
		return nil
	}
	return fmt.Errorf("kernel record of %d bytes where %T has %d: the embedded BPF object is from "+
		"another build, run make clean", size, v, unsafe.Sizeof(v))
}

// lookUpBatch reads entries of an array, from that after a key on, and says how many those were. libbpfgo's
// GetValueBatch makes room for them anew each time.
func lookUpBatch[K, V any](fd int, after, last *K, keys []K, values []V) (int, error) {
	n := C.__u32(min(len(keys), len(values)))
	res, err := C.bpf_map_lookup_batch(C.int(fd), unsafe.Pointer(after), unsafe.Pointer(last),
		unsafe.Pointer(unsafe.SliceData(keys)), unsafe.Pointer(unsafe.SliceData(values)), &n, nil)
	if res != 0 && (err != syscall.ENOENT || n == 0) { // with some it was the end
		return 0, err
	}
	return int(n), nil
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
