package scratch

import "syscall"

// Executable writes programs that are to be executed next. A process that another
// test forks meanwhile would have the file open until it executes something, and what
// somebody may write to is not executed (ETXTBSY; fs/exec.c, do_open_execat()).
func Executable(write func() error) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return write()
}
