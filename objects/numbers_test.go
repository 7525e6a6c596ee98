package objects

import (
	"maps"
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
)

// Both machines have one name for a call. From 403 on are those that only 32-bit machines have.
func TestARM64(t *testing.T) {
	others := slices.Collect(maps.Values(arch.X86_64.SyscallNumbers))
	for number, name := range ARM64() {
		if number < 403 && name != "arch_specific_syscall" && !slices.Contains(others, name) {
			t.Errorf("%d is called %s on arm64 alone", number, name)
		}
	}
}
