package tracer

import (
	"runtime"
	"sync"

	"github.com/elastic/go-seccomp-bpf/arch"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// syscallTables are the numbers' names by ABI, and what the ABI is called.
var syscallTables = sync.OnceValue(func() map[uint8]syscallTable {
	switch runtime.GOARCH {
	case "amd64":
		return map[uint8]syscallTable{
			abiNative: {"", arch.X86_64.SyscallNumbers},
			abiCompat: {"i386", arch.I386.SyscallNumbers},
			abiX32:    {"x32", arch.X32.SyscallNumbers},
		}
	case "arm64":
		return map[uint8]syscallTable{
			abiNative: {"", objects.ARM64()},
			abiCompat: {"arm", arch.ARM.SyscallNumbers},
		}
	}
	return nil
})

type syscallTable struct {
	abi   string
	names map[int]string
}

func syscallOf(number int32, abi uint8) audit.Syscall {
	s := audit.Syscall{Number: int(number), Name: "unknown"}
	if number < 0 {
		return s
	}
	table := syscallTables()[abi]
	s.ABI = table.abi
	if abi == abiX32 {
		number &^= x32Bit
	}
	if name, ok := table.names[int(number)]; ok {
		s.Name = name
	}
	return s
}
