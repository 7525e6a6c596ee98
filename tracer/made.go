package tracer

import "github.com/cap-audit/cap-audit/audit"

// made are the system calls of one table that a program made.
func made(row kernelSyscalls, abi uint8) (list []audit.Made) {
	for n := range int32(maxSyscalls) {
		if row.made[n/64]>>(n%64)&1 == 0 {
			continue
		}
		number := n
		if abi == abiX32 {
			number |= x32Bit
		}
		list = append(list, audit.Made{Syscall: syscallOf(number, abi),
			Refused: row.answered[n/64]>>(n%64)&1 == 0})
	}
	return list
}
