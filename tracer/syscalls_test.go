package tracer

import (
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cap-audit/cap-audit/audit"
)

func TestSyscallOf(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("want amd64, for its numbers; this is", runtime.GOARCH)
	}
	const noABI = 200 // of a kernel half from another build
	for name, c := range map[string]struct {
		number int32
		abi    uint8
		want   audit.Syscall
	}{
		"the first":            {0, abiNative, audit.Syscall{Number: 0, Name: "read"}},
		"a usual one":          {257, abiNative, audit.Syscall{Number: 257, Name: "openat"}},
		"after the gap":        {424, abiNative, audit.Syscall{Number: 424, Name: "pidfd_send_signal"}},
		"in the gap":           {400, abiNative, audit.Syscall{Number: 400, Name: "unknown"}},
		"beyond the table":     {1 << 20, abiNative, audit.Syscall{Number: 1 << 20, Name: "unknown"}},
		"none":                 {-1, abiNative, audit.Syscall{Number: -1, Name: "unknown"}},
		"none, in another ABI": {-1, abiCompat, audit.Syscall{Number: -1, Name: "unknown"}},
		"the least number":     {-1 << 31, abiNative, audit.Syscall{Number: -1 << 31, Name: "unknown"}},
		"the first of i386": {0, abiCompat,
			audit.Syscall{Number: 0, ABI: "i386", Name: "restart_syscall"}},
		"chown32 of i386":     {212, abiCompat, audit.Syscall{Number: 212, ABI: "i386", Name: "chown32"}},
		"beyond i386's table": {9999, abiCompat, audit.Syscall{Number: 9999, ABI: "i386", Name: "unknown"}},
		"x32 shares numbers": {x32Bit | 257, abiX32, audit.Syscall{Number: x32Bit | 257, ABI: "x32",
			Name: "openat"}},
		"x32 has some its own": {x32Bit | 520, abiX32,
			audit.Syscall{Number: x32Bit | 520, ABI: "x32", Name: "execve"}},
		"x32 beyond the table": {x32Bit | 9999, abiX32,
			audit.Syscall{Number: x32Bit | 9999, ABI: "x32", Name: "unknown"}},
		"an ABI nobody knows":   {257, noABI, audit.Syscall{Number: 257, Name: "unknown"}},
		"no call of an unknown": {-1, noABI, audit.Syscall{Number: -1, Name: "unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, syscallOf(c.number, c.abi)); diff != "" {
				t.Errorf("syscall (-want +got):\n%s", diff)
			}
		})
	}
}
