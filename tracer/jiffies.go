package tracer

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// jiffy is how long the kernel half's unit of time takes: kernel/time/posix-timers.c,
// posix_get_coarse_res(), has it (6.1 to 7.3). Jiffies do not count while the machine
// is suspended.
func jiffy() (time.Duration, error) {
	var res unix.Timespec
	err := unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &res)
	return time.Duration(res.Nano()), os.NewSyscallError("clock_getres", err)
}
