package tracer

import "github.com/cap-audit/cap-audit/audit"

// made are the system calls that a program made, in the order of the tables.
func (k *kernel) made(program uint32) (list []audit.Made, namespaces bool, err error) {
	m, err := k.module.GetMap("syscalls")
	if err != nil {
		return nil, false, err
	}
	for abi := range uint8(abis) {
		row, err := lookUp[kernelSyscalls](m, uint32(abi)*maxPrograms+program)
		if err != nil {
			return nil, false, err
		}
		namespaces = namespaces || row.namespaces != 0
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
	}
	return list, namespaces, nil
}
