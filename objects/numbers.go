package objects

import (
	"maps"
	"sync"

	"github.com/elastic/go-seccomp-bpf/arch"
)

// ARM64 has the names of arm64's system calls by their numbers. The kernel (scripts/syscall.tbl) and what
// reads filters call one newfstatat, as on other machines, for which the module arch has a name of its own.
var ARM64 = sync.OnceValue(func() map[int]string {
	names := maps.Clone(arch.AARCH64.SyscallNumbers)
	names[79] = "newfstatat"
	return names
})
