package tracer

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/btf"
	"github.com/cap-audit/cap-audit/hint"
)

// callEndPrograms see the end of every system call of every process. Sampled, none of
// them is loaded.
var callEndPrograms = []string{"on_sys_exit", "on_sys_exit" + twin}

// taskWork are the names of what bpf/returns.bpf.h calls, by kernel: 6.18 has the
// one, 7.3 the other.
var taskWork = []string{"bpf_task_work_schedule_resume", "bpf_task_work_schedule_resume_impl"}

// CanSample is nil where how system calls end can be seen for a sample of them,
// without a look at the others.
func CanSample() error {
	var u unix.Utsname
	err := unix.Uname(&u)
	if err == nil && strings.Contains(unix.ByteSliceToString(u.Version[:]), "PREEMPT_RT") {
		return errors.New("a kernel with PREEMPT_RT hands task work over too late")
	}
	there, err := btf.KernelHas(taskWork...)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", btf.File, err)
	case !there:
		return hint.Add(fmt.Errorf("the kernel (%s) has no %s", kernelRelease(), taskWork[0]),
			"Linux 6.18 has it")
	}
	return nil
}
